/** The part of the report about one scenario: the same calls under other settings. Units as in report.ts. */

export interface Scenario {
  /** the settings as typed, e.g. "MALLOC_ARENA_MAX=1,malloc_trim=end"; "as recorded" for scenarios[0] */
  readonly name: string;
  /** environment variables and tunables: those of the recorded run, overridden by the scenario's */
  readonly settings: Readonly<Record<string, string>>;
  /** malloc_trim(0) calls of the scenario: "never", "end", or a period such as "30s" */
  readonly trim: string;
  readonly glibc: string;
  readonly rss: RssFigures;
  readonly system: { readonly endBytes: number; readonly peakBytes: number };
  /** live requested bytes at the end */
  readonly requestedBytes: number;
  /** sum of the sizes of the allocated chunks at the end */
  readonly inUseBytes: number;
  readonly free: FreeBytes;
  readonly mmapped: { readonly blocks: number; readonly bytes: number };
  readonly fragmentation: { readonly internal: number; readonly external: number };
  /** resident bytes that malloc_trim calls of the scenario and of the program returned to the kernel */
  readonly trimmedBytes: number;
  /** calls that returned memory in the log, but return NULL in this scenario */
  readonly failedCalls: number;
  readonly systemCalls: SystemCalls;
  /**
   * pages of the kernel that became resident, again after they were returned: page faults, of which one may make several pages
   * resident where huge pages are used
   */
  readonly pageFaults: number;
  readonly arenaCount: number;
  readonly arenas: readonly ArenaSummary[];
  readonly mallinfo2: Mallinfo2;
}

/**
 * Calls with which malloc gets memory from the kernel and returns it. How many mmap and munmap a further arena costs depends
 * on addresses that the kernel chooses: 2 or 3 in all are assumed.
 */
export interface SystemCalls {
  readonly brk: number;
  readonly mmap: number;
  readonly mremap: number;
  readonly munmap: number;
  /** with MADV_DONTNEED */
  readonly madvise: number;
  readonly mprotect: number;
}

/** A what-if without figures: the glibc, which the log shows or states, lacks one of its settings or refuses its value. */
export interface UnavailableScenario {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly glibc: string;
  /** one line, which names the setting */
  readonly reason: string;
}

/** Resident bytes of the heaps and mapped blocks. */
export interface RssFigures {
  readonly endBytes: number;
  readonly peakBytes: number;
  readonly peakTime: number | null;
  /** events of the log up to the peak, the one that reached it included; 0: nothing was ever resident */
  readonly peakEvents: number;
  /** RSS at the end if the program wrote nothing to its blocks, and if it wrote every byte */
  readonly endBytesTouchNone: number;
  readonly endBytesTouchAll: number;
  /** lowest and highest RSS under other plausible assumptions, at the end and at the peak */
  readonly lowBytes: number;
  readonly highBytes: number;
  readonly peakLowBytes: number;
  readonly peakHighBytes: number;
  /** width of the range at the end that each unknown causes alone, in bytes */
  readonly spread: {
    /** what the program wrote of its blocks */
    readonly touchBytes: number;
    /** in which order threads meet that share arenas, and which arena each takes */
    readonly arenasBytes: number;
    /** which threads had ended by the log's end */
    readonly exitsBytes: number;
  };
  /**
   * further replays, in each of which threads drift against one another and other arenas' locks are held: where threads share
   * arenas, the range is that in which nine further runs in ten are expected; 0: the setting has none
   */
  readonly contendedRuns: number;
  /** RSS of each of these replays */
  readonly otherOrders: readonly { readonly endBytes: number; readonly peakBytes: number }[];
}

export interface FreeBytes {
  readonly tcache: number;
  readonly fastbins: number;
  readonly unsorted: number;
  readonly smallbins: number;
  readonly largebins: number;
  readonly top: number;
}

/**
 * Why memory is resident, in bytes: the causes add up to the RSS. Only `unwritten` is negative. Memory that the program
 * holds counts in full as `live`, `mapped` and `overhead`; `unwritten` subtracts the pages of it that are not resident.
 */
export interface Causes {
  /** requested bytes of live blocks in heaps */
  readonly live: number;
  /** requested bytes of live blocks that have a mapping each */
  readonly mapped: number;
  /** headers and rounding of live blocks, tcache structs, and the allocator's own records in heaps */
  readonly overhead: number;
  readonly unwritten: number;
  /** freed chunks in tcaches */
  readonly tcache: number;
  /** freed chunks in fastbins */
  readonly fastbins: number;
  /** whole pages within free chunks: malloc_trim returns them */
  readonly returnable: number;
  /** parts of free chunks that share a page with another chunk: malloc_trim leaves them */
  readonly pinned: number;
  /** the free tops of heaps */
  readonly tops: number;
  /** what arenas other than the main arena keep that hold no live block, besides tcaches and fastbins */
  readonly idleArenas: number;
  /** memory allocated outside the log */
  readonly unlogged: number;
}

export interface ArenaSummary {
  /** 0 is the main arena; the others in order of creation */
  readonly id: number;
  readonly main: boolean;
  readonly heaps: number;
  readonly systemBytes: number;
  readonly rssBytes: number;
  readonly inUseBytes: number;
  /** bytes in tcache, fastbins, bins and top */
  readonly freeBytes: number;
  readonly topBytes: number;
  readonly free: FreeBytes;
  /** free resident bytes that free() cannot return to the kernel: a live chunk lies above them in the same heap */
  readonly pinnedBytes: number;
  /** tids of the threads that used the arena, ascending */
  readonly threads: readonly number[];
  /**
   * resident bytes at the end of each `timeline.eventsPerArenaPoint` events, or of a part of them if that is more; at most
   * 32 points, the last of which may cover fewer events; empty except in the recorded run
   */
  readonly rssTimeline: readonly number[];
  /** the bins that are not empty, at the end; none except in the recorded run */
  readonly bins: readonly BinSummary[];
  /** the contents of each heap page by page, oldest heap first */
  readonly heapMaps: readonly HeapMap[];
}

/** The free chunks of one bin of an arena; of tcaches, those of one size in all threads. */
export interface BinSummary {
  readonly kind: "tcache" | "fastbin" | "unsorted" | "smallbin" | "largebin";
  /** sizes of its smallest and largest chunk, with their headers */
  readonly leastBytes: number;
  readonly mostBytes: number;
  readonly chunks: number;
  readonly bytes: number;
}

/** Pages of a heap (4096 bytes each) by state; the four counts add up to `pages`. */
export interface HeapMap {
  readonly pages: number;
  /** resident, without free bytes */
  readonly fullPages: number;
  /** resident, with some bytes in free chunks */
  readonly partlyFreePages: number;
  /** resident, with all bytes in free chunks */
  readonly freePages: number;
  /** not resident: never written, or returned to the kernel */
  readonly absentPages: number;
  /** bytes of allocated chunks */
  readonly inUseBytes: number;
  /** bytes of free chunks, resident or not */
  readonly freeBytes: number;
  /** the topmost live block: free() returns only memory above it to the kernel; null if there is none */
  readonly topmostBlock: { readonly offsetBytes: number; readonly bytes: number } | null;
  /** a power of two, the same for all heaps of a scenario; a heap's last cell may cover fewer pages */
  readonly pagesPerCell: number;
  /**
   * one digit per cell, from the heap's start, or from its first known chunk if the start is unknown: the resident share
   * of its pages; 0 none, x all, 1-9 in tenths
   */
  readonly resident: string;
  /** likewise the share of its resident bytes in free chunks; 0 if none is resident */
  readonly free: string;
}

/** The result of mallinfo2(3); fields as in malloc.h. */
export interface Mallinfo2 {
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
