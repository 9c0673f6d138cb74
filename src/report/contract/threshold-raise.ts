/**
 * How the recorded run's frees raised glibc's dynamic thresholds (ptmalloc2.md §4.6): the free of a mapped block raises
 * mmap_threshold to its size and trim_threshold to twice that. Then such blocks lie in heaps, and more stays free at their
 * tops. Units as in report.ts.
 */
export interface ThresholdRaise {
  /** frees that raised them */
  readonly raises: number;
  /** before the first of them, and at the end */
  readonly mmapThreshold: { readonly fromBytes: number; readonly toBytes: number };
  readonly trimThreshold: { readonly fromBytes: number; readonly toBytes: number };
  /** the last of them */
  readonly free: {
    readonly line: number;
    readonly tid: number;
    readonly caller: string | null;
    readonly time: number | null;
  };
  /** the block that it freed; null if the log lacks this free */
  readonly size: number | null;
  /**
   * at the end: resident bytes that would go back if the thresholds were as before, and live blocks of that size had
   * mappings of their own; found on a copy of the model. What such blocks left among others when they were freed is not in it
   */
  readonly retainedBytes: number;
  /** live blocks in heaps that would have had mappings of their own, and the bytes of their chunks */
  readonly largeBlocks: number;
  readonly largeBlockBytes: number;
  /**
   * besides, resident bytes in free chunks that are as large: such blocks left them when they were freed, or small ones
   * merged into them
   */
  readonly largeFreeBytes: number;
}
