import type { Arena } from "./arena.ts";
import { ChunkHints } from "./chunk-hints.ts";
import { roundUp } from "./chunks.ts";
import { copyScalars } from "./copy-scalars.ts";
import { HeapPages } from "./heap-pages.ts";
import { DEFAULT_MMAP_THRESHOLD_MAX } from "./settings.ts";

/** HEAP_MAX_SIZE: 64 MiB */
export const HEAP_MAX = 2 * DEFAULT_MMAP_THRESHOLD_MAX;
/** HEAP_MIN_SIZE */
export const HEAP_MIN = 32768;

/**
 * Address space for chunks: the break area of the main arena, a 64 MiB heap of another arena (heap_info, ptmalloc2.md
 * §2.4), or a region mapped because the break did not move (§3.8.1).
 */
export class Heap {
  /** index in Memory.heaps; reused after the heap is unmapped */
  readonly id: number;
  /** number in order of creation; never reused */
  readonly serial: number;
  readonly kind: "break" | "arena" | "fallback";
  readonly arena: Arena;
  /** the arena's previous heap */
  readonly prev: Heap | null;
  /**
   * Address of the heap's start in granules, modulo 4 GiB. An alignment above a page (§5.3) and THP units (§10.6) depend on it. The
   * kernel chooses it; the caller sets it as soon as it is known. 0 until then: heaps of other arenas lie at multiples
   * of 64 MiB.
   */
  start = 0;
  // NaN first: avoids a Smi-to-double deoptimization.
  /** bytes in use from the heap's start; for the break area the break itself */
  size = Number.NaN;
  /** bytes ever made read/write; calloc may skip clearing beyond them (§5.2) */
  mprotectSize = Number.NaN;
  /** topmost records of the stretches of chunks: top or fenceposts. Newest stretch last. */
  ends: number[] = [];
  /** granule where each stretch began; chunks may have been added below the first one (extent.ts) */
  starts: number[] = [];
  /** resident planes by page, see resident.ts */
  pages = new HeapPages();
  /** page of the first known chunk if the initial break is unknown (extent.ts); else 0 */
  firstPage = 0;
  /** where to search for a chunk */
  readonly hints = new ChunkHints();
  /** a record that was the lowest at some time; 0: unknown */
  lowest = 0;

  constructor(
    id: number,
    serial: number,
    kind: Heap["kind"],
    arena: Arena,
    prev: Heap | null,
    size: number,
  ) {
    this.id = id;
    this.serial = serial;
    this.kind = kind;
    this.arena = arena;
    this.prev = prev;
    this.size = size;
    this.mprotectSize = size;
  }

  /** A copy for a copied process, with its `arena` and `prev`. */
  clone(arena: Arena, prev: Heap | null): Heap {
    const copy = new Heap(this.id, this.serial, this.kind, arena, prev, 0);
    copyScalars<Heap>(this, copy);
    copy.ends = [...this.ends];
    copy.starts = [...this.starts];
    copy.pages = this.pages.clone();
    return copy;
  }

  /** The topmost record of the newest stretch; 0: no stretch. */
  get end(): number {
    return this.ends[this.ends.length - 1] ?? 0;
  }

  set end(chunk: number) {
    this.ends[this.ends.length - 1] = chunk;
  }
}

/**
 * new_heap's rounding (§6.3): bytes of a heap for `size` bytes and `pad`, a multiple of `unit`; 0 if `size` is above
 * HEAP_MAX.
 */
export function heapSizeFor(size: number, pad: number, unit: number): number {
  let bytes: number;
  if (size + pad < HEAP_MIN) {
    bytes = HEAP_MIN;
  } else if (size + pad <= HEAP_MAX) {
    bytes = size + pad;
  } else if (size > HEAP_MAX) {
    return 0;
  } else {
    bytes = HEAP_MAX;
  }
  return roundUp(bytes, unit);
}
