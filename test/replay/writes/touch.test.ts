import { describe, expect, it } from "vitest";
import { RATIOS } from "../../../src/ptmalloc/resident.ts";
import {
  copyTouch,
  Touch,
  TouchBatch,
  type TouchPolicy,
} from "../../../src/replay/writes/touch.ts";
import { TOUCH_FACTS } from "../../../src/replay/writes/touch-facts.ts";
import { Action, ActionBatch } from "../../../src/trace/actions.ts";
import { EventBatch } from "../../../src/trace/event.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

interface Call {
  readonly action: number;
  readonly size: number;
  readonly caller?: number;
  readonly tid?: number;
  readonly oldSize?: number;
}

const malloc = (size: number, caller = 7): Call => ({ action: Action.malloc, size, caller });
const calloc = (size: number, caller = 7): Call => ({ action: Action.calloc, size, caller });
const realloc = (oldSize: number, size: number): Call => ({
  action: Action.realloc,
  size,
  oldSize,
});

/** The bytes written after each call, [from, to); all calls are of one block. */
function written(policy: TouchPolicy, ...calls: Call[]): [number, number][] {
  const out = filled(policy, calls);
  return calls.map((call, i) => (out.whole[i] === 1 ? allNew(call) : [out.from[i]!, out.to[i]!]));
}

/** The same for the last call, for each part of large blocks that may be written. */
function writtenAtRatios(policy: TouchPolicy, ...calls: Call[]): [number, number][] {
  const out = filled(policy, calls);
  const last = calls.length - 1;
  if (out.whole[last] === 1) {
    return RATIOS.map(() => allNew(calls[last]!));
  }
  return RATIOS.map((q) => [out.ratioFrom[last]!, Math.max(out.full[last]!, out.large[last]! * q)]);
}

/** What a row means that is marked as whole. */
function allNew({ size, oldSize = 0 }: Call): [number, number] {
  return [oldSize, size];
}

function filled(policy: TouchPolicy, calls: readonly Call[]): TouchBatch {
  return touchBy(new Touch(policy), calls);
}

/** Gives calls, all of block 3, to a touch policy. */
function touchBy(touch: Touch, calls: readonly Call[]): TouchBatch {
  const batch = new EventBatch();
  const actions = new ActionBatch();
  const out = new TouchBatch();
  batch.length = calls.length;
  calls.forEach(({ action, size, caller = 0, tid = 1, oldSize = 0 }, i) => {
    batch.size[i] = size;
    batch.caller[i] = caller;
    batch.tid[i] = tid;
    actions.action[i] = action;
    actions.block[i] = 3;
    actions.oldSize[i] = oldSize;
  });
  touch.fill(batch, actions, out);
  return out;
}

const POLICIES: readonly TouchPolicy[] = ["facts", { fitted: null }];

describe("the facts about libraries", () => {
  const bySize = TOUCH_FACTS.flatMap(
    ({ requests, callerAskedFor, after, writtenBytes, isExact }) =>
      "powersOfTwoFrom" in requests || callerAskedFor.length + after.length > 0
        ? []
        : requests.map((size: number) => [size, writtenBytes, isExact] as const),
  );
  const last = (...calls: Call[]) => written("facts", ...calls).at(-1);
  const whole = (size: number) => [0, size];

  it("have a source, and say no more than the whole block", () => {
    expect(bySize.length).toBeGreaterThan(2);
    for (const { source, what, requests, writtenBytes } of TOUCH_FACTS) {
      expect(source).toMatch(/\.(cc|cpp|c|h|hpp)\b/);
      expect(what).not.toBe("");
      const least =
        "powersOfTwoFrom" in requests ? requests.powersOfTwoFrom : Math.min(...requests);
      expect(writtenBytes).toBeLessThanOrEqual(least);
    }
  });

  it.each(bySize)("malloc(%d): %d bytes, exactly: %s", (size, bytes, isExact) => {
    for (const policy of POLICIES) {
      expect(written(policy, malloc(size))).toEqual([[0, bytes]]);
    }
    expect(written({ ratio: 0.5 }, malloc(size))).toEqual([[0, bytes]]);
    expect(writtenAtRatios("facts", malloc(size))).toEqual(
      RATIOS.map((q) => [0, isExact ? bytes : q * size]),
    );
    expect(written("all", malloc(size))).toEqual([[0, size]]);
    expect(written("none", malloc(size))).toEqual([[0, 0]]);
  });

  it.each(bySize)("do not hold for other calls, nor for blocks that grow: %d", (size, bytes) => {
    expect(written("facts", calloc(size))).toEqual([[0, size]]);
    expect(written("facts", malloc(size + 16))).toEqual([[0, size + 16]]);
    expect(written("facts", malloc(size), realloc(size, 2 * size))[1]).toEqual([bytes, 2 * size]);
  });

  it("are none for the round sizes of unknown programs: these blocks are written whole", () => {
    for (const size of [16 * KIB, 32 * KIB, 64 * KIB, MIB]) {
      expect(last(malloc(size))).toEqual(whole(size));
      expect(last(malloc(size), malloc(size))).toEqual(whole(size));
    }
  });

  it("hold for the whole of a block, too: no ratio scales the chunks of HotSpot's Arena", () => {
    const arena = [232, 1000].map((size) => malloc(size));
    expect(last(...arena, malloc(32744))).toEqual(whole(32744));
    expect(writtenAtRatios("facts", ...arena, malloc(32744))).toEqual(
      RATIOS.map(() => whole(32744)),
    );
    expect(writtenAtRatios("facts", malloc(32744))).toEqual(RATIOS.map((q) => [0, q * 32744]));
  });

  it("depend on the calls before, of the same caller or thread", () => {
    expect(last(malloc(7160), malloc(32 * KIB))).toEqual([0, 16 * KIB]);
    expect(writtenAtRatios("facts", malloc(7160), malloc(32 * KIB))).toEqual(
      RATIOS.map((q) => [0, q * 32 * KIB]),
    );
    expect(last(malloc(768), calloc(256 * KIB))).toEqual([0, 4 * KIB]);
    expect(last({ ...malloc(768), tid: 2 }, calloc(256 * KIB))).toEqual(whole(256 * KIB));
  });

  it("are the same for a copy of the policy, which goes on alone", () => {
    const [touch, copy] = [new Touch("facts"), new Touch("facts")];
    touchBy(touch, [malloc(768)]);
    copy.copy(touch);
    touchBy(touch, [malloc(8)]);
    expect(touchBy(copy, [calloc(256 * KIB)]).to[0]).toBe(4 * KIB);
    expect(touchBy(touch, [calloc(256 * KIB)]).to[0]).toBe(256 * KIB);
  });
});

describe("a part of large blocks", () => {
  const atRatios = (...calls: Call[]) => writtenAtRatios("facts", ...calls);

  it("is a prefix of each block from 4 KiB on, and the whole of smaller ones", () => {
    expect(atRatios(malloc(16512))).toEqual(RATIOS.map((q) => [0, q * 16512]));
    expect(atRatios(malloc(4 * KIB))).toEqual(RATIOS.map((q) => [0, q * 4 * KIB]));
    expect(atRatios(malloc(4 * KIB - 1))).toEqual(RATIOS.map(() => [0, 4 * KIB - 1]));
    expect(atRatios(calloc(MIB))).toEqual(RATIOS.map((q) => [0, q * MIB]));
  });

  it("a block that the program grows was full", () => {
    const grown = atRatios(malloc(100 * KIB), realloc(100 * KIB, 200 * KIB));
    expect(grown).toEqual(RATIOS.map((q) => [0, Math.max(100 * KIB, q * 200 * KIB)]));
    const again = [malloc(100 * KIB), realloc(100 * KIB, 200 * KIB), realloc(200 * KIB, 300 * KIB)];
    expect(atRatios(...again)[0]).toEqual([100 * KIB, 200 * KIB]);
    const shrunk = atRatios(malloc(200 * KIB), realloc(200 * KIB, 100 * KIB));
    expect(shrunk).toEqual(RATIOS.map(() => [0, 100 * KIB]));
  });

  it("equals what the policy of that ratio writes", () => {
    const calls = [malloc(100 * KIB), realloc(100 * KIB, 300 * KIB)];
    RATIOS.forEach((ratio, i) => {
      const [, to] = written({ ratio }, ...calls).at(-1)!;
      expect(to).toBe(atRatios(...calls)[i]![1]);
    });
  });

  it("is the same where RSS samples in the log may be fitted", () => {
    const calls = [malloc(20 * KIB), realloc(20 * KIB, 200 * KIB)];
    expect(writtenAtRatios({ fitted: null }, ...calls)).toEqual(atRatios(...calls));
  });
});

describe("a part of large blocks, where a measured RSS is given", () => {
  const atRatios = (...calls: Call[]) => writtenAtRatios({ fitted: MIB }, ...calls);

  it("is a prefix of each block from 4 KiB on, and the whole of smaller ones", () => {
    for (const call of [malloc(4 * KIB), malloc(20 * KIB), calloc(MIB)]) {
      expect(atRatios(call)).toEqual(RATIOS.map((q) => [0, q * call.size]));
    }
    expect(atRatios(malloc(4 * KIB - 1))).toEqual(RATIOS.map(() => [0, 4 * KIB - 1]));
  });

  it("is the same of a block that the program has resized", () => {
    const grown = atRatios(malloc(100 * KIB), realloc(100 * KIB, 200 * KIB));
    expect(grown).toEqual(RATIOS.map((q) => [0, q * 200 * KIB]));
    expect(atRatios(malloc(8 * KIB), realloc(8 * KIB, 64 * KIB))).toEqual(
      RATIOS.map((q) => [0, q * 64 * KIB]),
    );
    expect(atRatios(malloc(64 * KIB), realloc(64 * KIB, 2 * KIB))).toEqual(
      RATIOS.map(() => [0, 2 * KIB]),
    );
  });
});

describe("a ratio that is given", () => {
  const half = (...calls: Call[]) => written({ ratio: 0.5 }, ...calls).at(-1);

  it("is of each block above 32 KiB; smaller ones are written whole", () => {
    expect(half(malloc(32 * KIB))).toEqual([0, 32 * KIB]);
    expect(half(malloc(32 * KIB + 8))).toEqual([0, 16 * KIB + 4]);
  });

  it("leaves a block full that the program grows", () => {
    const grown = [malloc(100 * KIB), realloc(100 * KIB, 150 * KIB)];
    expect(half(...grown)).toEqual([50 * KIB, 100 * KIB]);
    expect(half(...grown, realloc(150 * KIB, 400 * KIB))).toEqual([100 * KIB, 200 * KIB]);
    expect(half(malloc(200 * KIB), realloc(200 * KIB, 100 * KIB))).toEqual([100 * KIB, 100 * KIB]);
  });
});

describe("what a fit takes a live block to have written", () => {
  const ratioOf = (fitted: number | null, ratio: number, ...calls: Call[]): number => {
    const touch = new Touch({ fitted });
    touchBy(touch, calls);
    return touch.writtenAtRatio(3, calls.at(-1)!.size, ratio);
  };

  it.each([null, MIB])(
    "is the ratio of it, unless a library is known to write less (%s)",
    (fitted) => {
      expect(ratioOf(fitted, 0.75, malloc(64 * KIB))).toBe(48 * KIB);
      expect(ratioOf(fitted, 0.75, malloc(32 * KIB + 48))).toBe(24 * KIB + 36);
      expect(ratioOf(fitted, 0.75, malloc(72704))).toBe(0);
      expect(ratioOf(fitted, 0.75, malloc(72704 - 8))).toBe(0.75 * (72704 - 8));
    },
  );

  it("is at least what the program has grown it from, unless a measured RSS is given", () => {
    const grown = [malloc(64 * KIB), realloc(64 * KIB, 80 * KIB)];
    expect(ratioOf(null, 0.75, ...grown)).toBe(64 * KIB);
    expect(ratioOf(MIB, 0.75, ...grown)).toBe(60 * KIB);
  });
});

describe("a block that was small and whole", () => {
  it("is written as far as it was when it is resized: it is known by its size alone", () => {
    for (const policy of POLICIES) {
      const grown = written(policy, malloc(100), realloc(100, 8000)).at(-1);
      expect(grown).toEqual([100, 8000]);
      const shrunk = written(policy, malloc(100), realloc(100, 40)).at(-1);
      expect(shrunk).toEqual([40, 40]);
      expect(writtenAtRatios(policy, malloc(100), realloc(100, 8000))[0]).toEqual([100, 100]);
    }
  });

  it("takes the place of a large one, whose numbers are stale", () => {
    const touch = new Touch("facts");
    touchBy(touch, [malloc(100_000), malloc(64)]);
    expect(touch.writtenOf(3, 64)).toBe(64);
    expect(touch.writtenAtRatio(3, 64, 0)).toBe(64);
    touchBy(touch, [malloc(100_000)]);
    expect(touch.writtenOf(3, 100_000)).toBe(100_000);
    expect(touch.writtenAtRatio(3, 100_000, 0.5)).toBe(50_000);
  });
});

describe("the mark of a block that is written whole under every assumption", () => {
  const marks = (policy: TouchPolicy, ...calls: Call[]) =>
    Array.from(filled(policy, calls).whole.subarray(0, calls.length));
  const resized = (size: number, oldSize: number): Call => ({
    action: Action.realloc,
    size,
    oldSize,
  });

  it("is set for a small block, and for the new part of one", () => {
    expect(marks("facts", malloc(100), resized(3000, 100), resized(50, 3000))).toEqual([1, 1, 0]);
  });

  it("is set in rows of other events, of which nothing is read", () => {
    const free: Call = { action: Action.free, size: 0, oldSize: 100_000 };
    const none: Call = { action: Action.none, size: 100_000 };
    expect(marks("none", malloc(100_000), free, none)).toEqual([0, 1, 1]);
  });

  it("is not set for a large block, nor where the policy writes less", () => {
    expect(marks("facts", malloc(100_000))).toEqual([0]);
    expect(marks("none", malloc(100))).toEqual([0]);
  });

  it("lets a copy of a batch take over only the other rows", () => {
    const calls = [malloc(100), malloc(100_000), malloc(16)];
    const original = filled("facts", calls);
    const copy = new TouchBatch();
    copyTouch(copy, original, calls.length);
    expect(copy.whole.subarray(0, 3)).toEqual(original.whole.subarray(0, 3));
    expect([copy.to[1], copy.large[1], copy.ratioFrom[1]]).toEqual([100_000, 100_000, 0]);
  });
});
