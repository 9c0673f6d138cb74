import type { Arena } from "./arena.ts";
import { PAGE, pageUp } from "./chunks.ts";
import { copyScalars } from "./copy-scalars.ts";
import { DEFAULT_MMAP_THRESHOLD_MAX } from "./settings.ts";

/** HEAP_MAX_SIZE: 64 MiB */
export const HEAP_MAX = 2 * DEFAULT_MMAP_THRESHOLD_MAX;
/** HEAP_MIN_SIZE */
export const HEAP_MIN = 32768;

/**
 * A stretch of address space that chunks lie in: the break area of the main arena, a 64 MiB heap of another arena
 * (heap_info, ptmalloc2.md §2.4), or a region mapped because the break would not move (§3.8.1).
 */
export class Heap {
  /** index among the model's heaps; reused after the heap is unmapped */
  readonly id: number;
  /** number of the heap in order of creation; never reused */
  readonly serial: number;
  readonly kind: "break" | "arena" | "fallback";
  readonly arena: Arena;
  /** the arena's previous heap */
  readonly prev: Heap | null;
  // Both begin as doubles, which they soon are: V8 would compile anew all that knows heaps.
  /** bytes in use from the heap's start; for the break area the break itself */
  size = Number.NaN;
  /** bytes ever made read/write; calloc may skip clearing beyond them (§5.2) */
  mprotectSize = Number.NaN;
  /** topmost records of the heap's stretches of chunks: the top, or fences. The newest stretch is last. */
  ends: number[] = [];
  /** resident planes of each page, see resident.ts; grows on demand */
  pages: Uint8Array;
  /** page of the first chunk known of, where nobody knows where the break began (extent.ts); else 0 */
  firstPage = 0;
  /** a record that was once in a page, by page: see find-chunk.ts */
  readonly hints = new Map<number, number>();
  /** a record that was once the lowest; 0: not known */
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
    this.pages = new Uint8Array(Math.max(16, Math.ceil(size / PAGE)));
  }

  /** A copy that belongs to a copied process. */
  clone(arena: Arena, prev: Heap | null): Heap {
    const copy = new Heap(this.id, this.serial, this.kind, arena, prev, 0);
    copyScalars<Heap>(this, copy);
    copy.ends = [...this.ends];
    copy.pages = this.pages.slice();
    return copy;
  }

  /** The record at the upper end of the newest stretch. */
  get end(): number {
    return this.ends[this.ends.length - 1] ?? 0;
  }

  set end(chunk: number) {
    this.ends[this.ends.length - 1] = chunk;
  }
}

/** new_heap's rounding (§6.3): bytes of a heap for `size` bytes and `pad`; 0 when it cannot hold them. */
export function heapSizeFor(size: number, pad: number): number {
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
  return pageUp(bytes);
}
