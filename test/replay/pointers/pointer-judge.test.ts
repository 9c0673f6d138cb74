import { beforeEach, describe, expect, it } from "vitest";
import { GRANULE, HEAP, MAPPED, STATE } from "../../../src/ptmalloc/chunks.ts";
import { HEAP_MAX } from "../../../src/ptmalloc/heap.ts";
import { profileOf } from "../../../src/ptmalloc/profile.ts";
import { Ptmalloc } from "../../../src/ptmalloc/ptmalloc.ts";
import { MallocPar } from "../../../src/ptmalloc/settings.ts";
import { anchor } from "../../../src/replay/pointers/anchor.ts";
import { PointerJudge } from "../../../src/replay/pointers/pointer-judge.ts";

/** Where heaps can lie, in a log with whole pointers that began late (ptmalloc2.md §12). */

const MAPPINGS = 0x7f80_0000_0000;

let m: Ptmalloc;
let judge: PointerJudge;

beforeEach(() => {
  const profile = profileOf("2.43");
  if (profile === null) {
    throw new Error("2.43 is modelled");
  }
  m = new Ptmalloc(profile, new MallocPar(profile), 2);
  m.enter(0);
  judge = new PointerJudge();
  judge.addresses.state.whole = true;
});

describe("the break area", () => {
  it("is not where the kernel maps, though a first block lies at the start of a page there", () => {
    const c = m.malloc(1844);
    expect(judge.judge(m, c, MAPPINGS + GRANULE, 1, 1)).toBe(false);
    expect(judge.addresses.knows(m.breakHeap)).toBe(false);
  });

  it("begins with the page of its first block below what the kernel maps", () => {
    const c = m.malloc(1844);
    expect(judge.judge(m, c, 0x5555_5557_0000 + GRANULE, 1, 1)).toBe(true);
    expect(judge.addresses.knows(m.breakHeap)).toBe(true);
  });
});

describe("a block where an arena's own structures would be", () => {
  it("has a mapping of its own, and shows no heap", () => {
    const arenas = m.arenas.length;
    const c = anchor(m, judge.addresses, m.malloc(65), MAPPINGS + 64, 65);
    expect(m.chunks.words[c + STATE]).toBe(MAPPED);
    expect(m.arenas).toHaveLength(arenas);
    expect(judge.addresses.placeOf(m, MAPPINGS + 64, 65).heap).toBe(-1);
  });

  it("is of a heap above them", () => {
    const c = anchor(m, judge.addresses, m.malloc(65), MAPPINGS + 4096 + 64, 65);
    const { heap } = judge.addresses.placeOf(m, MAPPINGS + 4096 + 64, 65);
    expect(heap).toBe(m.chunks.words[c + HEAP]);
    expect(m.heaps[heap]?.size).toBeLessThan(HEAP_MAX);
  });
});
