import { beforeEach, describe, expect, it } from "vitest";
import { PointerJudge } from "../../../src/replay/pointers/pointer-judge.ts";
import type { Calls } from "../../support/model-calls.ts";
import { type Process, process } from "../../support/model-driver.ts";

const BREAK = 0x5555_5555_9000;
const HEAP = 0x7fff_f000_0000;
/** the first block of glibc 2.36 in the break area, and in another arena's first heap */
const FIRST = 0x2a0;
const FIRST_IN_ARENA = 0xb70;

let p: Process;
let judge: PointerJudge;

beforeEach(() => {
  p = process("2.36");
  judge = new PointerJudge();
  judge.addresses.state.whole = true;
});

/** Judges the block named, event number `event` in line `event` + 10. */
function judged(name: string, pointer: number, event = 1, calls: Calls = p): boolean {
  return judge.judge(p.m, calls.chunkOf(name), pointer, event, event + 10);
}

describe("a pointer that the model foresees", () => {
  it("is compared, and matched", () => {
    p.malloc(100, "a");
    expect(judged("a", BREAK + FIRST)).toBe(true);
    expect([judge.compared, judge.matched, judge.mismatches]).toEqual([1, 1, 0]);
    expect([judge.missed, judge.state.firstDivergence]).toEqual([[], null]);
  });
});

describe("a mismatch", () => {
  it("is remembered with the pointer that the model foresaw", () => {
    p.malloc(100, "a");
    p.malloc(100, "b");
    judged("a", BREAK + FIRST);
    expect(judged("b", BREAK + 0x1010, 5)).toBe(false);
    expect([judge.compared, judge.matched, judge.mismatches]).toEqual([2, 1, 1]);
    expect(judge.missed).toEqual([{ event: 5, modelled: BREAK + FIRST + 112 }]);
  });

  it("is remembered 32 times at most until the list is emptied", () => {
    p.malloc(100, "a");
    judged("a", BREAK + FIRST);
    for (let event = 2; event < 50; event++) {
      judged("a", BREAK + 0x1010, event);
    }
    expect(judge.mismatches).toBe(48);
    expect(judge.missed.map(({ event }) => event)).toEqual(
      Array.from({ length: 32 }, (_, i) => 2 + i),
    );
    judge.missed.length = 0;
    judged("a", BREAK + 0x1010, 50);
    expect(judge.missed.map(({ event }) => event)).toEqual([50]);
  });
});

describe("the first mismatch", () => {
  const divergence = (name: string, pointer: number, calls: Calls = p) => {
    judged(name, pointer, 7, calls);
    const { event, line, expected, modelled } = judge.state.firstDivergence!;
    expect([event, line]).toEqual([7, 17]);
    return [expected, modelled];
  };

  beforeEach(() => {
    p.malloc(100, "first");
    judged("first", BREAK + FIRST);
    p.malloc(100, "a");
  });

  it("has both places, in the terms of the model", () => {
    expect(divergence("a", BREAK + 0x1010)).toEqual(["main heap + 0x1010", "main heap + 0x310"]);
  });

  it("names the heaps of other arenas by their number", () => {
    const t = p.thread();
    t.malloc(100, "b");
    judged("b", HEAP + FIRST_IN_ARENA, 1, t);
    t.malloc(100, "c");
    expect(divergence("c", HEAP + 0x1230, t)).toEqual([
      "arena 1, heap 1 + 0x1230",
      "arena 1, heap 1 + 0xbe0",
    ]);
  });

  it("says where a pointer outside all known heaps may be", () => {
    expect(divergence("a", HEAP + 0x1230)[0]).toBe("0x7ffff0001230, unknown heap");
    judge.state.firstDivergence = null;
    expect(divergence("a", HEAP + 0x1010)[0]).toBe("0x7ffff0001010, mapped or unknown heap");
  });

  it("says if the model has mapped the block, or not served it", () => {
    p.malloc(200_000, "mapped");
    expect(divergence("mapped", BREAK + 0x1010)[1]).toBe("mapped, page offset 0x10");
    judge.state.firstDivergence = null;
    judge.judge(p.m, 0, BREAK + 0x1010, 8, 18);
    expect(judge.state.firstDivergence).toMatchObject({ event: 8, modelled: "NULL" });
    expect(judge.missed.at(-1)).toEqual({ event: 8, modelled: Number.NaN });
  });

  it("stays the first", () => {
    judged("a", BREAK + 0x1010, 7);
    judged("a", BREAK + 0x2010, 8);
    expect(judge.state.firstDivergence?.event).toBe(7);
  });
});

describe("a copy", () => {
  it("has the counts, the mismatches and the places of the original, and goes on alone", () => {
    p.malloc(100, "a");
    judged("a", BREAK + FIRST);
    judged("a", BREAK + 0x1010, 2);
    const copy = new PointerJudge();
    copy.missed.push({ event: 99, modelled: 0 });
    copy.copy(judge);
    expect(copy.state).toEqual(judge.state);
    expect(copy.missed).toEqual(judge.missed);
    expect(copy.judge(p.m, p.chunkOf("a"), BREAK + FIRST, 3, 3)).toBe(true);
    copy.missed.length = 0;
    expect([judge.compared, judge.missed.length]).toEqual([2, 1]);
  });
});
