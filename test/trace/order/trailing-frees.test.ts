import { describe, expect, it } from "vitest";
import { TrailingFrees } from "../../../src/trace/order/trailing-frees.ts";

const STRERROR = 0x7f00_0000_1000;
const STRSIGNAL = 0x7f00_0000_2000;
const DTV = 0x7f00_0000_3000;
const SLOTS = 15;
const VECTOR = 16 * (SLOTS + 2);

/** Frees in a row, each with its caller: null for free(NULL), else the bytes of the block. Events count from 0. */
function after(frees: readonly (readonly [bytes: number | null, caller: number])[]): TrailingFrees {
  const trailing = new TrailingFrees();
  for (const [event, [bytes, caller]] of frees.entries()) {
    if (bytes === null) {
      trailing.addNull(event, caller);
    } else {
      trailing.addBlock(event, bytes, caller);
    }
  }
  return trailing;
}

const NULLS = [
  [null, STRERROR],
  [null, STRSIGNAL],
] as const;
const vector = [
  ...Array.from({ length: SLOTS }, () => [null, DTV] as const),
  [VECTOR, DTV] as const,
];

it("no free shows no clean-up", () => {
  expect(new TrailingFrees().cleanUp()).toBeNull();
});

it("the last free(NULL) calls are the clean-up, with their callers from the latest on", () => {
  expect(after(NULLS).cleanUp()).toEqual({
    nulls: 2,
    last: 1,
    sites: [STRSIGNAL, STRERROR],
    late: [],
  });
});

it("equal callers in a row count once", () => {
  const frees = [[null, STRSIGNAL] as const, ...NULLS, [null, STRSIGNAL] as const];
  expect(after(frees).cleanUp()?.sites).toEqual([STRSIGNAL, STRERROR, STRSIGNAL]);
});

it("blocks before the first free(NULL) are left out; a block after the last one ends the clean-up", () => {
  const block = [100, STRERROR] as const;
  const before = after([block, block, ...NULLS]);
  expect(before.cleanUp()).toMatchObject({ nulls: 2, last: 3 });
  expect(after([...NULLS, block]).cleanUp()).toBeNull();
  expect(after([block]).cleanUp()).toBeNull();
});

describe("after the clean-up", () => {
  it("a thread may free thread vectors", () => {
    expect(after([...NULLS, ...vector, ...vector]).cleanUp()).toEqual({
      nulls: 2,
      last: 1,
      sites: [STRSIGNAL, STRERROR],
      late: [17, 33],
    });
  });

  it("the block of a slot is freed with its vector", () => {
    const slots = vector.map((free, n) => (n === 3 ? ([48, DTV] as const) : free));
    expect(after([...NULLS, ...slots]).cleanUp()).toMatchObject({ last: 1, late: [5, 17] });
  });

  it("a block of a vector's size with too few frees above is no vector", () => {
    expect(after([...NULLS, [VECTOR, DTV]]).cleanUp()).toBeNull();
    // Nor do the vector's own slots end a thread.
    expect(after(vector).cleanUp()).toBeNull();
  });
});

it("of very many frees the latest are kept", () => {
  const many = Array.from({ length: 2000 }, () => [null, DTV] as const);
  const cleanUp = after([...many, ...NULLS]).cleanUp();
  expect(cleanUp).toMatchObject({ last: 2001, sites: [STRSIGNAL, STRERROR, DTV] });
  expect(cleanUp?.nulls).toBeLessThanOrEqual(512);
});

describe("the clean-up at known call sites", () => {
  const SITES = [STRSIGNAL, STRERROR];
  const message = [
    [80, 0x7f00_0000_4000],
    [40, 0x7f00_0000_4010],
  ] as const;

  it("is found among other frees; blocks of a new thread are not late", () => {
    const frees = after([[null, DTV], ...NULLS, [null, 0x401000], [100, 0x401010]]);
    expect(frees.cleanUpAt(SITES)).toEqual({ nulls: 2, last: 2, sites: SITES, late: [] });
    expect(after([...NULLS].reverse()).cleanUpAt(SITES)).toBeNull();
    expect(after([]).cleanUpAt(SITES)).toBeNull();
  });

  it("goes on with the frees of dlerror's message and its record", () => {
    expect(after([...NULLS, ...message]).cleanUpAt(SITES)).toMatchObject({ last: 3, late: [] });
    const noText = after([...NULLS, [null, message[0][1]], message[1]]);
    expect(noText.cleanUpAt(SITES)).toMatchObject({ last: 3, late: [] });
    const andVector = after([...NULLS, ...message, ...vector]);
    expect(andVector.cleanUpAt(SITES)).toMatchObject({ last: 3, late: [3 + vector.length] });
  });

  it("ends before the blocks of a thread vector, which share a call site", () => {
    const slots = Array.from({ length: SLOTS }, (_, n) => [n < 2 ? 100 : null, DTV] as const);
    const frees = after([...NULLS, ...slots, [VECTOR, DTV + 16]]);
    expect(frees.cleanUpAt(SITES)).toMatchObject({ last: 1, late: [2, 3, 2 + SLOTS] });
  });
});
