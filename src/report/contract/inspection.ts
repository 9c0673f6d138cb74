/**
 * The recorded run's heap at one moment, as `mallog inspect` shows it. A plain value: `--json` prints it unchanged. Its keys
 * are a published contract: fields are only added. Sizes are bytes, times are seconds since the first event of the log.
 */

import type { Fidelity, Grade, HeapMap } from "./report.ts";
import type { FreeBytes } from "./scenario.ts";

export const INSPECTION_SCHEMA = "mallog.inspection/1";

export interface Inspection {
  readonly schema: typeof INSPECTION_SCHEMA;
  readonly tool: { readonly name: "mallog"; readonly version: string };
  /** false if reading was interrupted */
  readonly complete: boolean;
  readonly moment: InspectedMoment;
  readonly model: {
    readonly glibc: string;
    /** settings of the recorded process, by name */
    readonly settings: Readonly<Record<string, string>>;
    /** of the whole log's pointers */
    readonly fidelity: Fidelity;
  };
  /** how far the log supports the model's figures */
  readonly grade: Grade | null;
  readonly heap: HeapState;
}

/** What was found of a moment; `missing` says in one clause why nothing was, and `option` which other option than --at asked for it. */
export type InspectionOutcome =
  | { readonly inspection: Inspection }
  | {
      readonly missing: string;
      readonly option?: { readonly name: string; readonly value: string };
    };

/** After a call, and what the program writes to its block, and before the next call. */
export interface InspectedMoment {
  /** as typed */
  readonly asked: string;
  /** calls and marks of the log up to the moment */
  readonly events: number;
  /** line of the last of them; null: unknown, as at the peak and at the end */
  readonly line: number | null;
  /** of the last of them; null if the log has no times */
  readonly time: number | null;
  /** the marks with the label asked for; null: none was */
  readonly marks: {
    readonly label: string;
    readonly count: number;
    readonly lines: readonly number[];
  } | null;
}

export interface HeapState {
  /**
   * whole: addresses are those of the process; cut: their low 32 bits, as the hook logged no more. Where the log does not
   * show where a heap lies, its addresses are null.
   */
  readonly addresses: "whole" | "cut";
  /** resident memory of heaps and mapped blocks, as the touch policy says */
  readonly rssBytes: number;
  /** the same if the program wrote none of its blocks, and if it wrote all of them */
  readonly rssRange: { readonly noneBytes: number; readonly allBytes: number };
  /** obtained from the kernel and not returned */
  readonly systemBytes: number;
  /** chunks that the program holds, mapped ones included */
  readonly inUseBytes: number;
  /** of the chunks in use, those allocated outside the log */
  readonly unloggedBytes: number;
  readonly parameters: MallocParameters;
  /** arenas of the process, shown or not */
  readonly arenaCount: number;
  /** by id, all or the one that was asked for */
  readonly arenas: readonly ArenaState[];
  /** threads that have called and not ended */
  readonly threads: readonly ThreadState[];
  readonly mapped: {
    readonly blocks: number;
    readonly bytes: number;
    /** the same as glibc counts it (mp_.mmapped_mem, mallinfo's hblkhd), which some versions' realloc gets wrong */
    readonly countedBytes: number;
    /** largest first */
    readonly chunks: readonly MappedChunk[];
  };
  /** of the arenas shown: what malloc_trim(0) would return now, in the order of its calls; null: not asked for (--trim) */
  readonly trim: readonly TrimmedRange[] | null;
}

/** malloc_par, global_max_fast, and the limits of tcaches. */
export interface MallocParameters {
  readonly mmapThreshold: number;
  readonly trimThreshold: number;
  readonly topPad: number;
  readonly mmapMax: number;
  /** the thresholds are adapted when mapped blocks are freed */
  readonly isDynamic: boolean;
  /** 0: not set, so that the CPUs give the limit */
  readonly arenaMax: number;
  readonly arenaTest: number;
  /** chunks in a bin of a tcache; largest chunk there; both 0 without tcaches */
  readonly tcacheCount: number;
  readonly tcacheMaxBytes: number;
  /** largest chunk of the fastbins */
  readonly maxFast: number;
}

/** A place in a heap. */
export interface Place {
  /** number of the heap in its arena, oldest first */
  readonly heap: number;
  /** bytes from the heap's start */
  readonly offset: number;
  /** null if the log does not show where the heap lies */
  readonly address: string | null;
}

/** A chunk begins at its header, 16 bytes below the block that the program gets. */
export interface ChunkState extends Place {
  readonly bytes: number;
}

export interface ArenaState {
  /** 0 is the main arena; the others in order of creation */
  readonly id: number;
  readonly main: boolean;
  /** of its malloc_state; null for the main arena, which is in libc's data, or if unknown */
  readonly address: string | null;
  readonly systemBytes: number;
  readonly maxSystemBytes: number;
  readonly rssBytes: number;
  readonly inUseBytes: number;
  readonly free: FreeBytes;
  /** tids of the threads attached to it */
  readonly attached: readonly number[];
  /** null while the arena has none */
  readonly top: ChunkState | null;
  /** oldest first */
  readonly heaps: readonly ArenaHeap[];
  /** the fastbins and bins that are not empty */
  readonly bins: readonly BinState[];
}

export interface ArenaHeap {
  /** break: below the program break; arena: a heap of 64 MiB; fallback: mapped because the break did not move */
  readonly kind: "break" | "arena" | "fallback";
  /** where it begins; if the log begins later than the process, its first known page */
  readonly address: string | null;
  readonly bytes: number;
  readonly rssBytes: number;
  /** all chunks by address; null: not asked for (--chunks) */
  readonly chunks: readonly HeapChunk[] | null;
  /** bytes from `address` to the first page of the map */
  readonly mapOffset: number;
  readonly map: HeapMap;
}

export interface HeapChunk extends ChunkState {
  readonly state:
    | "in use"
    | "tcache struct"
    | "unlogged"
    | "tcache"
    | "fastbin"
    | "free"
    | "top"
    | "fencepost";
  /** of a chunk in use, the bytes that the program asked for; null otherwise */
  readonly requestedBytes: number | null;
  /** of a tcache struct, and of a chunk in a tcache: the thread; null otherwise */
  readonly tid: number | null;
}

export interface BinState {
  readonly kind: "tcache" | "fastbin" | "unsorted" | "smallbin" | "largebin";
  /** of a tcache's entries, of fastbinsY, or of the arena's bins: 1 is the unsorted one */
  readonly index: number;
  /** sizes of its smallest and largest chunk */
  readonly leastBytes: number;
  readonly mostBytes: number;
  readonly chunks: number;
  readonly bytes: number;
  /** from the list's head, along fd or next; as many as --top says */
  readonly first: readonly BinnedChunk[];
}

/** The heap may be of another arena: a thread caches what it frees, wherever that lies. */
export interface BinnedChunk extends ChunkState {
  readonly arena: number;
}

export interface ThreadState {
  readonly tid: number;
  readonly name: string | null;
  /** id of its arena; null while it has none */
  readonly arena: number | null;
  /** its tcache_perthread_struct; null: it has none, or the thread is older than the log */
  readonly tcacheStruct: BinnedChunk | null;
  readonly cachedChunks: number;
  readonly cachedBytes: number;
  readonly bins: readonly BinState[];
}

export interface MappedChunk {
  /** of the chunk; null if the log does not show it */
  readonly address: string | null;
  /** of the whole mapping */
  readonly bytes: number;
  readonly rssBytes: number;
  readonly requestedBytes: number;
}

export interface TrimmedRange extends Place {
  readonly arena: number;
  /** brk lowers the program break to the address, madvise drops the pages of the range */
  readonly call: "madvise" | "brk";
  readonly bytes: number;
  /** of these, resident */
  readonly residentBytes: number;
}
