/** What a real process did, and its heap at the end. */

/**
 * Every call the process made, including libc's own, in true order. Parallel columns of length `count`.
 *
 * calloc's `align` is its element size; threadStart's and threadExit's is the other thread (creator, joiner). An exit
 * is recorded where the thread's tcache is flushed and its arena is released. A mallopt or malloc_trim has its result in
 * `pointerOut`; sbrk the old break.
 */
export interface RealEvents {
  readonly count: number;
  /** one of `RealOp` */
  readonly op: Uint8Array;
  readonly thread: Uint8Array;
  readonly size: Float64Array;
  readonly align: Float64Array;
  readonly pointerIn: Float64Array;
  readonly pointerOut: Float64Array;
  /** program break after the call */
  readonly brk: Float64Array;
  /** size word of the returned chunk with its flags: `& 2` mmapped, `& 4` in a non-main arena; 0 without a chunk */
  readonly chunkWord: Float64Array;
  /** index of the step that made the call */
  readonly step: Uint32Array;
}

export interface Region {
  readonly base: number;
  readonly bytes: number;
  /** indices of the resident pages, from `base`, ascending; the shared zero page does not count */
  readonly residentPages: Uint32Array;
}

export interface ArenaHeap extends Region {
  /** address of the malloc_state; its heap is the arena's first */
  readonly arena: number;
  /** base of the arena's previous heap; 0 for the first */
  readonly prev: number;
  readonly size: number;
  readonly mprotectSize: number;
}

/** mallinfo2() at the end; plain mallinfo(), 32-bit, before 2.33. */
export interface Mallinfo {
  readonly arena: number;
  readonly ordblks: number;
  readonly smblks: number;
  readonly hblks: number;
  readonly hblkhd: number;
  readonly usmblks: number;
  readonly fsmblks: number;
  readonly uordblks: number;
  readonly fordblks: number;
  readonly keepcost: number;
}

export interface RealRun {
  /** "finished", or what killed the process (for example an abort of glibc) in which step; then only `events` is valid */
  readonly outcome: "finished" | { readonly died: string; readonly step: number };
  readonly glibc: string;
  /** as glibc counts them for the arena limit */
  readonly onlineCpus: number;
  readonly events: RealEvents;
  /** program break before the first call; page-aligned unless left as found */
  readonly startBreak: number;
  readonly endBreak: number;
  readonly mallinfo: Mallinfo;
  /** from startBreak to endBreak */
  readonly main: Region;
  /** every heap of a non-main arena, by ascending address */
  readonly heaps: readonly ArenaHeap[];
  /** the mappings of live mmapped chunks, in no particular order */
  readonly mapped: readonly Region[];
  /** false without the privilege to read page frames: pages that were only read then count as resident */
  readonly residencyExact: boolean;
}

export type Place =
  | { readonly kind: "null" }
  /** offset of the pointer from the start break */
  | { readonly kind: "main"; readonly offset: number }
  /** offset of the pointer from its heap's base */
  | { readonly kind: "heap"; readonly heap: number; readonly offset: number }
  /** offset of the pointer in its page */
  | { readonly kind: "mmapped"; readonly offset: number };

const HEAP_BYTES = 64 * 1024 * 1024;

/** The place of the block that event `index` returned; "null" for a call that returned none. */
export function placeOf(run: RealRun, index: number): Place {
  const pointer = run.events.pointerOut[index]!;
  const word = run.events.chunkWord[index]!;
  if (word === 0) {
    return { kind: "null" };
  }
  if ((word & 2) !== 0) {
    return { kind: "mmapped", offset: pointer % 4096 };
  }
  if ((word & 4) === 0) {
    return { kind: "main", offset: pointer - run.startBreak };
  }
  const offset = pointer % HEAP_BYTES;
  return { kind: "heap", heap: pointer - offset, offset };
}
