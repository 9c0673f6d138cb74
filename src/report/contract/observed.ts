/** What was measured of the process, beside what the model has at the same moment. Sizes are bytes. */

export interface ObservedMoment {
  /** as typed; END: the log's end */
  readonly asked: string;
  /** line of the last event up to the moment; null: unknown, as at the peak and at the end */
  readonly line: number | null;
  /** seconds since the first event of the log; null if the log has no times */
  readonly time: number | null;
  /** in a clause, why the model has no figures of the moment; null: it has */
  readonly missing: string | null;
  readonly files: readonly ObservedFileSummary[];
  /** from smaps, pmap or smaps_rollup; null: none of them was given */
  readonly resident: ObservedResident | null;
  /** what glibc counts, from malloc_info, malloc_stats or mallinfo */
  readonly counted: readonly ObservedCount[];
  /** what a JVM counts; null: not given */
  readonly jvm: ObservedJvmSummary | null;
}

export interface ObservedFileSummary {
  readonly source: string;
  readonly kind:
    | "smaps"
    | "pmap"
    | "smaps_rollup"
    | "malloc_info"
    | "malloc_stats"
    | "mallinfo"
    | "native_memory";
}

export interface Compared {
  /** where the file only bounds it, the value within the bounds that is closest to the model's */
  readonly measuredBytes: number;
  /** bounds; both are `measuredBytes` where the file states it */
  readonly leastBytes: number;
  readonly mostBytes: number;
  /** null: the model has no figures of the moment */
  readonly modelledBytes: number | null;
  /** the same without what a log with `# hole` lines states only later of the blocks that were live then */
  readonly modelledLeastBytes: number | null;
  /** (modelled − measured) / measured; null if either is missing, or 0 was measured */
  readonly error: number | null;
}

export interface ObservedResident {
  readonly source: string;
  /** of the whole process */
  readonly processBytes: number;
  /** of malloc; null: the file has no more than the sum over the process */
  readonly malloc: ObservedMalloc | null;
  /** the process without malloc's memory: what --base-rss is by default, unless `sameHeap` is false; null: unknown */
  readonly rest: ObservedRest | null;
}

export interface ObservedMalloc {
  /** the three parts together */
  readonly all: Compared;
  /** the main arena's heap: what the kernel calls [heap] */
  readonly heap: Compared;
  /**
   * the log's main heap lies in the file's, so that both are of one process; null: unknown, as one of them does not show
   * where the heap lies, or others of the log's addresses are in the file
   */
  readonly sameHeap: boolean | null;
  /** the heaps of the other arenas */
  readonly arenas: Compared;
  /** blocks with a mapping each */
  readonly mapped: Compared;
  /** mappings that are heaps of arenas by their shape, and the model's heaps, of which so many begin at the same address */
  readonly arenaHeaps: {
    readonly measured: number;
    readonly modelled: number | null;
    readonly sameAddress: number;
  };
  /** the model's mapped blocks, of which so many lie in a mapping of the file */
  readonly blocks: { readonly modelled: number | null; readonly located: number };
}

export interface ObservedRest {
  readonly bytes: number;
  /** bounds; both are `bytes` where the file states all parts of malloc */
  readonly leastBytes: number;
  readonly mostBytes: number;
  /** it is the difference from the model's RSS, because the file does not show which memory is malloc's */
  readonly byDifference: boolean;
  /** of it, mappings of files; null: not stated */
  readonly filesBytes: number | null;
  /** of it, the main thread's stack; null: not stated */
  readonly stackBytes: number | null;
}

export interface ObservedCount {
  readonly source: string;
  readonly kind: "malloc_info" | "malloc_stats" | "mallinfo";
  /** of all arenas: obtained from the kernel and not returned */
  readonly system: Compared;
  /** of these, chunks in the program's hands or in a tcache */
  readonly inUse: Compared;
  /** blocks with a mapping each; null: not stated */
  readonly mapped: Compared | null;
  /** by id, as the model numbers them; null: sums only */
  readonly arenas:
    | readonly { readonly id: number; readonly system: Compared; readonly inUse: Compared }[]
    | null;
}

/** Native Memory Tracking. Committed memory need not be resident. */
export interface ObservedJvmSummary {
  readonly source: string;
  readonly committedBytes: number;
  /** of it, obtained by malloc, as far as the categories state it: its own share of malloc's memory */
  readonly mallocBytes: number;
  /** of it, mapped by the JVM itself: at most so much of the rest of the process is its */
  readonly mappedBytes: number;
  /** by committed bytes outside malloc, largest first */
  readonly categories: readonly {
    readonly name: string;
    readonly mappedBytes: number;
    readonly mallocBytes: number;
  }[];
}
