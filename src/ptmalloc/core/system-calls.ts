import { m } from "./model";

/**
 * Counts the calls with which the allocator gets memory from the kernel and returns it (ptmalloc2.md §3.8, §4.5, §6.3, §7).
 * Those of other code, such as mmap for the stack of a thread, are not among them, nor is madvise(MADV_HUGEPAGE).
 *
 * How many calls reserve a heap depends on the addresses that the kernel chooses. The model assumes what Linux does with free
 * address space below its latest mapping: the first reservation of 128 MiB is not aligned, each later one borders on an
 * earlier heap.
 */

/** sbrk by malloc, which moves the break. The first one asks the kernel for the break, too. */
export function moveBreak(): void {
  m.brkCalls += m.knowsBreak ? 1 : 2;
  m.knowsBreak = true;
}

/** new_heap: reserves 64 MiB at a multiple of 64 MiB, and makes its start accessible. */
export function reserveHeap(serial: i32): void {
  m.mmapCalls++;
  m.mprotectCalls++;
  if (m.heapBelowArea >= 0) {
    m.heapBelowArea = -1;
    return;
  }
  // Twice as much is reserved, and what is below and above the heap is returned.
  if (m.hasReserved) {
    m.munmapCalls++;
    m.heapBelowArea = serial;
  } else {
    m.munmapCalls += 2;
  }
  m.hasReserved = true;
}

/** delete_heap. */
export function unmapHeap(serial: i32): void {
  m.munmapCalls++;
  if (m.heapBelowArea === serial) {
    m.heapBelowArea = -1;
  }
}
