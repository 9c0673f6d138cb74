import { copyScalars } from "./copy-scalars.ts";

/**
 * Counts the calls with which the allocator gets memory from the kernel and returns it (ptmalloc2.md §3.8, §4.5, §6.3, §7).
 * Those of other code, such as mmap for the stack of a thread, are not among them, nor is madvise(MADV_HUGEPAGE).
 *
 * How many calls reserve a heap depends on the addresses that the kernel chooses. The model assumes what Linux does with free
 * address space below its latest mapping: the first reservation of 128 MiB is not aligned, each later one borders on an
 * earlier heap.
 */
export class SystemCalls {
  brk = 0;
  mmap = 0;
  mremap = 0;
  munmap = 0;
  madvise = 0;
  mprotect = 0;
  /** glibc knows the program break: the first sbrk asks the kernel for it */
  knowsBreak = false;
  /** a heap has been reserved */
  hasReserved = false;
  /** serial number of the heap directly below aligned_heap_area; -1: there is no such area */
  heapBelowArea = -1;

  /** sbrk by malloc, which moves the break. */
  moveBreak(): void {
    this.brk += this.knowsBreak ? 1 : 2;
    this.knowsBreak = true;
  }

  /** new_heap: reserves 64 MiB at a multiple of 64 MiB, and makes its start accessible. */
  reserveHeap(serial: number): void {
    this.mmap++;
    this.mprotect++;
    if (this.heapBelowArea >= 0) {
      this.heapBelowArea = -1;
      return;
    }
    // Twice as much is reserved, and what is below and above the heap is returned.
    if (this.hasReserved) {
      this.munmap++;
      this.heapBelowArea = serial;
    } else {
      this.munmap += 2;
    }
    this.hasReserved = true;
  }

  /** delete_heap. */
  unmapHeap(serial: number): void {
    this.munmap++;
    if (this.heapBelowArea === serial) {
      this.heapBelowArea = -1;
    }
  }

  clone(): SystemCalls {
    const copy = new SystemCalls();
    copyScalars<SystemCalls>(this, copy);
    return copy;
  }
}
