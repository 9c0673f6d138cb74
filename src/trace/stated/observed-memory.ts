import type { Moment } from "../moment.ts";

/** A file with what was measured of a process, as far as its kind states it. Sizes are bytes. */
export interface ObservedFile {
  /** as given */
  readonly source: string;
  readonly content: ObservedContent;
}

export type ObservedContent = ObservedAreas | ObservedTotal | ObservedCounts | ObservedJvm;

/** What was measured at one moment. */
export interface ObservedAt {
  readonly moment: Moment;
  /** the moment as typed */
  readonly asked: string;
  readonly files: readonly ObservedFile[];
}

/** The resident memory of each mapping. */
export interface ObservedAreas {
  readonly kind: "smaps" | "pmap";
  /** by address */
  readonly areas: readonly MemoryArea[];
}

/** A mapping of the process, as the kernel lists it: neighbours of the same kind may be one. */
export interface MemoryArea {
  readonly from: number;
  /** exclusive */
  readonly to: number;
  /** such as rw-p */
  readonly permissions: string;
  /** path of a file, or what the kernel calls it; empty for anonymous memory */
  readonly name: string;
  readonly rssBytes: number;
  /** mapped with MAP_NORESERVE, as the heaps of arenas are up to glibc 2.36, and blocks and stacks are not; null: not stated */
  readonly isUnreserved: boolean | null;
}

/** The resident memory of the whole process. */
export interface ObservedTotal {
  readonly kind: "smaps_rollup";
  readonly rssBytes: number;
}

/** What glibc counts. None of it says what is resident. */
export interface ObservedCounts {
  readonly kind: "malloc_info" | "malloc_stats" | "mallinfo";
  /** in the order of the file; null: sums only */
  readonly arenas: readonly CountedArena[] | null;
  /** of all arenas: obtained from the kernel and not returned */
  readonly systemBytes: number;
  /** of these, chunks in the program's hands or in a tcache */
  readonly inUseBytes: number;
  /** blocks with a mapping each; null: not stated */
  readonly mappedBytes: number | null;
}

export interface CountedArena {
  /** as the file numbers it: 0 is the main arena, 1 the latest of the others */
  readonly nr: number;
  readonly systemBytes: number;
  readonly inUseBytes: number;
}

/** What a JVM reserved and committed, by its own account (Native Memory Tracking). Committed memory need not be resident. */
export interface ObservedJvm {
  readonly kind: "native_memory";
  readonly committedBytes: number;
  /** in the file's order */
  readonly categories: readonly JvmCategory[];
}

export interface JvmCategory {
  readonly name: string;
  readonly committedBytes: number;
  /** part of it obtained by malloc */
  readonly mallocBytes: number;
}
