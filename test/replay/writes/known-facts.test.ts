import { describe, expect, it } from "vitest";
import { KnownFacts } from "../../../src/replay/writes/known-facts.ts";
import { TOUCH_FACTS } from "../../../src/replay/writes/touch-facts.ts";
import { Action } from "../../../src/trace/actions.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

interface Request {
  readonly action: number;
  readonly size: number;
  readonly caller: number;
  readonly tid: number;
}

const malloc = (size: number, caller = 7, tid = 1): Request => {
  return { action: Action.malloc, size, caller, tid };
};
const calloc = (size: number, caller = 7): Request => ({
  ...malloc(size, caller),
  action: Action.calloc,
});

/** The bytes that are known to be written after each request; null where no fact holds. */
function known(...requests: readonly Request[]): (number | null)[] {
  const facts = new KnownFacts(TOUCH_FACTS);
  return requests.map(({ action, size, caller, tid }) => {
    return facts.of(action, size, caller, tid)?.writtenBytes ?? null;
  });
}

const last = (...requests: readonly Request[]) => known(...requests).at(-1);

describe("facts about libraries", () => {
  it("are none for round sizes alone", () => {
    for (let size = 4 * KIB; size <= 4 * MIB; size *= 2) {
      expect([last(malloc(size)), last(calloc(size))]).toEqual([null, null]);
    }
  });

  it("are none for what is resized", () => {
    const realloc = { ...malloc(72704), action: Action.realloc };
    expect([last(malloc(72704)), last(realloc)]).toEqual([0, null]);
  });

  it("hold for HotSpot's queues once their caller has requested its Arena's three chunks", () => {
    const arena = [232, 1000, 32744].map((size) => malloc(size));
    expect(last(...arena, malloc(MIB))).toBe(1);
    expect(last(...arena, malloc(4 * MIB))).toBe(1);
    expect(last(...arena, malloc(128 * KIB))).toBe(1);
    expect(last(...arena, malloc(MIB + 1))).toBeNull();
    // Its tables of 256 and 512 KiB are written.
    expect(last(...arena, malloc(256 * KIB))).toBeNull();
    expect(last(...arena, malloc(512 * KIB))).toBeNull();
    expect(last(...arena, malloc(MIB, 8))).toBeNull();
    expect(last(...arena, calloc(MIB))).toBeNull();
    expect(last(...arena.slice(1), malloc(MIB))).toBeNull();
    expect(last(...arena.slice(1), malloc(232, 8), malloc(MIB))).toBeNull();
  });

  it("hold for the chunks of HotSpot's Arena, which are full", () => {
    const arena = [232, 1000].map((size) => malloc(size));
    expect(last(...arena, malloc(32744))).toBe(32744);
    expect(last(malloc(232), malloc(32744))).toBeNull();
  });

  it("hold for the two nodes of CPython's tree of arenas, which follow its list of arenas", () => {
    // realloc(NULL, 768) is a malloc.
    const [arenas, middle, leaf] = [malloc(768, 1), calloc(256 * KIB, 2), calloc(128 * KIB, 3)];
    expect(known(arenas, middle, leaf, leaf)).toEqual([null, 4 * KIB, 4 * KIB, null]);
    expect(known(malloc(8), middle, leaf)).toEqual([null, null, null]);
    expect(last(arenas, malloc(8), middle)).toBeNull();
    expect(last(arenas, malloc(256 * KIB, 2))).toBeNull();
  });

  it("look at the requests of the same thread, as far back as the last 32 of all threads", () => {
    const others = (count: number) => Array.from({ length: count }, () => malloc(8, 7, 2));
    expect(last(malloc(768), ...others(31), calloc(256 * KIB))).toBe(4 * KIB);
    expect(last(malloc(768), ...others(32), calloc(256 * KIB))).toBeNull();
    expect(last(malloc(768, 7, 2), calloc(256 * KIB))).toBeNull();
  });

  it("hold for inflate's window, requested near the code that requests inflate's state", () => {
    const state = malloc(7160, 5000);
    expect(last(state, malloc(100, 1), malloc(32 * KIB, 4300))).toBe(16 * KIB);
    expect(last(state, malloc(32 * KIB, 5000 + 4 * KIB))).toBe(16 * KIB);
    expect(last(state, malloc(32 * KIB, 5001 + 4 * KIB))).toBeNull();
    expect(last(state, malloc(32 * KIB - 8, 4300))).toBeNull();
  });

  it.each([5952, 5968])(
    "hold for three of the four blocks behind deflate's state of %d",
    (size) => {
      const blocks = [1, 2, 3, 4, 5].map((caller) => malloc(64 * KIB, caller));
      const half = 32 * KIB;
      expect(known(malloc(size, 9), ...blocks)).toEqual([null, half, half, null, half, null]);
    },
  );

  it("hold for GCC's pools, by the caller's requests", () => {
    expect(last(malloc(4064), malloc(8696), malloc(64 * KIB))).toBe(32 * KIB);
    expect(last(malloc(4064), malloc(64 * KIB))).toBeNull();
    expect(last(malloc(4064), malloc(8696), malloc(64 * KIB, 8))).toBeNull();
  });

  it("are known to a copy, which goes on alone", () => {
    const [facts, copy] = [new KnownFacts(TOUCH_FACTS), new KnownFacts(TOUCH_FACTS)];
    facts.of(Action.malloc, 7160, 7, 1);
    facts.of(Action.malloc, 768, 7, 1);
    copy.copy(facts);
    facts.of(Action.malloc, 8, 7, 1);
    expect(facts.of(Action.calloc, 256 * KIB, 7, 1)).toBeNull();
    expect(copy.of(Action.calloc, 256 * KIB, 7, 1)?.writtenBytes).toBe(4 * KIB);
    expect(copy.of(Action.malloc, 32 * KIB, 7, 1)?.writtenBytes).toBe(16 * KIB);
  });
});
