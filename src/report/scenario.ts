/** A setting's part of the report: what the same calls would have come to under it. Units are those of report.ts. */

export interface Scenario {
  /** the settings as typed, e.g. "MALLOC_ARENA_MAX=1,malloc_trim=end"; "as recorded" for scenarios[0] */
  readonly name: string;
  /** environment variables and tunables in force: those of the recorded run, and the scenario's own over them */
  readonly settings: Readonly<Record<string, string>>;
  /** malloc_trim(0) calls of the scenario: "never", "end", or a period in seconds such as "30s" */
  readonly trim: string;
  readonly glibc: string;
  readonly rss: RssFigures;
  readonly system: { readonly endBytes: number; readonly peakBytes: number };
  /** live requested bytes at the end */
  readonly requestedBytes: number;
  /** sum of the sizes of the chunks in the program's hands at the end */
  readonly inUseBytes: number;
  readonly free: FreeBytes;
  readonly mmapped: { readonly blocks: number; readonly bytes: number };
  readonly fragmentation: { readonly internal: number; readonly external: number };
  /** resident bytes given back by malloc_trim calls of the scenario and of the program, in all */
  readonly trimmedBytes: number;
  /** calls of the log that got memory, but would have got NULL in this scenario */
  readonly failedCalls: number;
  readonly arenaCount: number;
  readonly arenas: readonly ArenaSummary[];
  readonly mallinfo2: Mallinfo2;
}

/** Bytes in resident pages of the heaps and mapped blocks. */
export interface RssFigures {
  readonly endBytes: number;
  readonly peakBytes: number;
  readonly peakTime: number | null;
  /** RSS at the end if the program wrote nothing of its blocks, and if it wrote every byte */
  readonly endBytesTouchNone: number;
  readonly endBytesTouchAll: number;
  /** the least and the most that replays under other sensible assumptions come to, at the end and at their peaks */
  readonly lowBytes: number;
  readonly highBytes: number;
  readonly peakLowBytes: number;
  readonly peakHighBytes: number;
  /** what each of the unknowns alone makes of the range at the end, in bytes */
  readonly spread: {
    /** what the program wrote of its blocks */
    readonly touchBytes: number;
    /** which arena a thread takes where it has to share one */
    readonly arenasBytes: number;
    /** which threads had ended by the log's end */
    readonly exitsBytes: number;
  };
  /** replays where other arenas' locks were held; 0 where no thread had to share an arena */
  readonly contendedRuns: number;
}

export interface FreeBytes {
  readonly tcache: number;
  readonly fastbins: number;
  readonly unsorted: number;
  readonly smallbins: number;
  readonly largebins: number;
  readonly top: number;
}

export interface ArenaSummary {
  /** 0 is the main arena; others in order of creation */
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
  /** free resident bytes that trimming cannot return because a live chunk lies above them in the same heap */
  readonly pinnedBytes: number;
  /** tids of the threads that used the arena, ascending */
  readonly threads: readonly number[];
  /**
   * bytes resident at the end of each run of `timeline.eventsPerArenaPoint` events, or at the end of a part of it if
   * that is more; at most 32 points, the last of which may be short; empty but for the run as recorded
   */
  readonly rssTimeline: readonly number[];
  /** what lies where in each of its heaps, oldest first */
  readonly heapMaps: readonly HeapMap[];
}

/** The pages of a heap (4096 bytes), each in one of four states; they add up to `pages`. */
export interface HeapMap {
  readonly pages: number;
  /** resident, and no byte of them is in a free chunk */
  readonly fullPages: number;
  /** resident, and some of their bytes are in free chunks */
  readonly partlyFreePages: number;
  /** resident, and all of their bytes are in free chunks */
  readonly freePages: number;
  /** not resident: never written, or given back */
  readonly absentPages: number;
  /** bytes of chunks in the program's hands */
  readonly inUseBytes: number;
  /** bytes of free chunks, resident or not */
  readonly freeBytes: number;
  /** the topmost block in the program's hands: free() gives back only what lies above it; null where there is none */
  readonly topmostBlock: { readonly offsetBytes: number; readonly bytes: number } | null;
  /** a power of two, the same for all heaps of a scenario; a heap's last cell may stand for fewer pages */
  readonly pagesPerCell: number;
  /**
   * a digit a cell, from the heap's start, or where that is not known from its first known chunk: the part of its pages
   * that are resident; 0 none, x all, 1-9 in tenths
   */
  readonly resident: string;
  /** likewise the part of its resident bytes that are in free chunks; 0 where none is resident */
  readonly free: string;
}

/** What mallinfo2(3) would have printed; fields as in malloc.h. */
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
