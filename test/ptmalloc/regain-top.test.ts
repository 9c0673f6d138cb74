import { describe, expect, it } from "vitest";
import type { Arena } from "../../src/ptmalloc/arena.ts";
import { census, mallinfo2 } from "../../src/ptmalloc/census.ts";
import { regainTop } from "../../src/ptmalloc/regain-top.ts";
import type { Calls } from "../support/model-calls.ts";
import { type Process, process } from "../support/model-driver.ts";

/** A trim that the process did not make, as its threshold was higher than the model's (ptmalloc2.md §12.8). */
const TRIMMED = { MALLOC_TOP_PAD_: "0", MALLOC_TRIM_THRESHOLD_: "131072" };
const UNTRIMMED = { MALLOC_TOP_PAD_: "0", MALLOC_TRIM_THRESHOLD_: "10000000" };

function pair(): [trimmed: Process, untrimmed: Process] {
  const [trimmed, untrimmed] = [process("2.36", TRIMMED), process("2.36", UNTRIMMED)];
  trimmed.m.trims = [];
  return [trimmed, untrimmed];
}

/** Blocks of 40000 bytes, the upper half of which is freed. */
function fillAndFree(calls: Calls): void {
  const blocks = Array.from({ length: 10 }, () => calls.malloc(40000));
  calls.free(...blocks.slice(5).reverse());
}

function stateOf({ m, brk }: Process, av: Arena) {
  const heap = m.heapOf(av.top);
  return {
    brk,
    size: heap.size,
    mallinfo: mallinfo2(m, census(m)),
    system: av.systemMem,
    calls: m.systemCalls,
  };
}

describe("the top before a trim", () => {
  it("is regained in the main heap, with its pages", () => {
    const [trimmed, untrimmed] = pair();
    for (const p of [trimmed, untrimmed]) {
      fillAndFree(p);
    }
    expect(trimmed.brk).toBeLessThan(untrimmed.brk);
    regainTop(trimmed.m, trimmed.m.mainArena);
    expect(stateOf(trimmed, trimmed.m.mainArena)).toEqual(
      stateOf(untrimmed, untrimmed.m.mainArena),
    );
    expect(trimmed.m.resident).toEqual(untrimmed.m.resident);
    expect(trimmed.m.mainArena.trimmedBytes).toBe(0);
  });

  it("is regained in an arena's heap", () => {
    const [trimmed, untrimmed] = pair();
    const arenas = [trimmed, untrimmed].map((p) => {
      const thread = p.thread();
      fillAndFree(thread);
      return p.m.arenas[1]!;
    });
    const [av, expected] = [arenas[0]!, arenas[1]!];
    expect(av.trimmedBytes).toBeGreaterThan(0);
    regainTop(trimmed.m, av);
    expect(stateOf(trimmed, av)).toEqual(stateOf(untrimmed, expected));
  });

  it("is not regained by what the top has grown by since", () => {
    const [trimmed, untrimmed] = pair();
    for (const p of [trimmed, untrimmed]) {
      fillAndFree(p);
      p.malloc(60000);
    }
    const cut = untrimmed.brk - trimmed.brk;
    expect(trimmed.m.mainArena.trimmedBytes).toBe(cut);
    regainTop(trimmed.m, trimmed.m.mainArena);
    expect(trimmed.brk).toBe(untrimmed.brk);
  });

  it("is gone after malloc_trim, which trims whatever the threshold is", () => {
    const [trimmed] = pair();
    fillAndFree(trimmed);
    trimmed.trim(0);
    expect(trimmed.m.mainArena.trimmedBytes).toBe(0);
  });
});
