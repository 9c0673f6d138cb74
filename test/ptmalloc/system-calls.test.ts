import { expect, it } from "vitest";
import { bitOf, PLANE_ALL, PLANE_NONE } from "../../src/ptmalloc/resident.ts";
import { type Process, process } from "../support/model-driver.ts";

/** Calls that strace does not show of the programs in system-calls.glibc.test.ts, and pages that become resident again. */

function callsOf({ m }: Process): Record<string, number> {
  const { brk, mmap, mremap, munmap, madvise, mprotect } = m.systemCalls;
  return { brk, mmap, mremap, munmap, madvise, mprotect };
}

const NO_CALLS = { brk: 0, mmap: 0, mremap: 0, munmap: 0, madvise: 0, mprotect: 0 };

it("asks for the break once, then moves it: as strace shows of any program", () => {
  const p = process("2.36");
  expect(callsOf(p)).toEqual(NO_CALLS);
  p.malloc(24);
  expect(callsOf(p)).toEqual({ ...NO_CALLS, brk: 2 });
  p.malloc(120_000);
  p.malloc(120_000);
  expect(callsOf(p)).toEqual({ ...NO_CALLS, brk: 3 });
});

it("moves it twice at first if it is within a page (T21), and does not ask for it after an sbrk of the program", () => {
  const p = process("2.36", {}, { initialBreak: 0x100 });
  p.m.foreignSbrk(0);
  p.malloc(24);
  expect(callsOf(p)).toEqual({ ...NO_CALLS, brk: 2 });
});

it("reserves heaps of other arenas as Linux places them: the second at the lower end, the third above it", () => {
  const p = process("2.36");
  p.malloc(24);
  const calls = [1, 2, 3, 4].map(() => {
    p.thread().malloc(24);
    const { mmap, munmap, mprotect } = callsOf(p);
    return [mmap, munmap, mprotect];
  });
  expect(calls).toEqual([
    [1, 2, 1],
    [2, 3, 2],
    [3, 3, 3],
    [4, 4, 4],
  ]);
});

/** Pages that became resident in a plane, again after they were returned. */
function faults({ m }: Process, plane: number): number {
  return m.resident.pagesIn(plane) + m.resident.returned[bitOf(plane)]!;
}

it("counts the pages that become resident again after they were returned", () => {
  const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "65536" }, { touch: "all" });
  p.malloc(24);
  const before = [PLANE_NONE, PLANE_ALL].map((plane) => faults(p, plane));
  for (let i = 0; i < 5; i++) {
    p.free(p.malloc(200_000));
  }
  const after = [PLANE_NONE, PLANE_ALL].map((plane) => faults(p, plane));
  // A block of 200,000 bytes has 49 pages, of which malloc writes the first.
  expect(after.map((count, i) => count - before[i]!)).toEqual([5, 245]);
});

it("counts what malloc_trim drops, and a shorter block", () => {
  const p = process("2.36", {}, { touch: "all" });
  const [block, , longer] = [p.malloc(100_000), p.malloc(24), p.malloc(409_600 - 32, "mapped")];
  expect(longer).toMatch("mmapped");
  const before = faults(p, PLANE_ALL);
  p.free(block);
  p.trim(0);
  p.malloc(100_000);
  p.realloc("mapped", 204_800 - 32);
  p.realloc("mapped", 409_600 - 32);
  // 23 whole pages of the free chunk, of which trimming spares none; half of 100 pages.
  expect(faults(p, PLANE_ALL) - before).toBe(23 + 50);
});
