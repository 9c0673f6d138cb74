import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { mallocTrim } from "./trim.ts";

/** A call with which malloc_trim returns memory to the kernel (ptmalloc2.md §7). */
export interface TrimRange {
  /** brk lowers the program break by the range, madvise(MADV_DONTNEED) drops its pages */
  readonly call: "madvise" | "brk";
  /** a heap of the process that was asked about */
  readonly heap: Heap;
  /** bytes from the heap's start */
  readonly offset: number;
  readonly bytes: number;
  /** of these, bytes that are resident in the plane */
  readonly residentBytes: number;
}

/** What malloc_trim(pad) would return, in the order of its calls. The process does not change: a copy makes the call. */
export function trimRanges(m: Ptmalloc, pad: number, plane: number): TrimRange[] {
  const ranges: TrimRange[] = [];
  const copy = m.clone();
  const before = copy.brk;
  mallocTrim(copy, pad, ({ id }, from, to) => {
    ranges.push({
      call: "madvise",
      heap: m.heaps[id]!,
      offset: from * m.pageBytes,
      bytes: (to - from) * m.pageBytes,
      residentBytes: residentPages(copy.heaps[id]!, plane, from, to) * m.pageBytes,
    });
  });
  if (copy.brk < before) {
    const { breakHeap } = m;
    const from = Math.ceil(copy.brk / m.pageBytes);
    const to = Math.ceil(before / m.pageBytes);
    ranges.push({
      call: "brk",
      heap: breakHeap,
      offset: copy.brk,
      bytes: before - copy.brk,
      residentBytes: residentPages(breakHeap, plane, from, to) * m.pageBytes,
    });
  }
  return ranges;
}

function residentPages({ pages }: Heap, plane: number, from: number, to: number): number {
  let resident = 0;
  pages.eachRun(from, to, (start, end, planes) => {
    resident += planes & plane ? end - start : 0;
  });
  return resident;
}
