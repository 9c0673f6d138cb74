import type { Arena } from "./arena.ts";
import { HEAP_RECORD } from "./core-layout.ts";
import { HeapPages } from "./heap-pages.ts";
import type { ProcessRecords } from "./process-records.ts";
import { DEFAULT_MMAP_THRESHOLD_MAX } from "./settings.ts";

/** HEAP_MAX_SIZE: 64 MiB */
export const HEAP_MAX = 2 * DEFAULT_MMAP_THRESHOLD_MAX;

/** by number, as core/heap.ts stores it */
const KINDS = ["break", "arena", "fallback"] as const;

/** Words of an entry in the table of a heap's stretches: its topmost record, and the granule where it began. */
const STRETCH_WORDS = 2;

/**
 * Address space for chunks, as the core keeps it (core/heap.ts): the break area of the main arena, a 64 MiB heap of another
 * arena (heap_info, ptmalloc2.md §2.4), or a region mapped because the break did not move (§3.8.1). A process has one object
 * for each.
 */
export class Heap {
  /** in the core's memory */
  readonly address: number;
  /** index in Ptmalloc.heaps; reused after the heap is unmapped */
  readonly id: number;
  /** number in order of creation; never reused */
  readonly serial: number;
  readonly kind: (typeof KINDS)[number];
  readonly arena: Arena;
  /** resident planes by page, see resident.ts */
  readonly pages: HeapPages;
  readonly #m: ProcessRecords;

  constructor(m: ProcessRecords, address: number) {
    this.#m = m;
    this.address = address;
    this.id = this.#word(HEAP_RECORD.id);
    this.serial = this.#word(HEAP_RECORD.serial);
    this.kind = KINDS[this.#word(HEAP_RECORD.kind)]!;
    this.arena = m.arenaAt(this.#word(HEAP_RECORD.arena))!;
    this.pages = new HeapPages(m.core, address);
  }

  /** false once it is unmapped, and perhaps its record reused */
  get isMapped(): boolean {
    const { u8 } = this.#m.core.attached;
    return (
      u8[this.address + HEAP_RECORD.isMapped] !== 0 &&
      this.#word(HEAP_RECORD.serial) === this.serial
    );
  }

  /**
   * Address of the heap's start in granules, modulo 4 GiB. An alignment above a page (§5.3) and THP units (§10.6) depend on it. The
   * kernel chooses it; the caller sets it as soon as it is known. 0 until then: heaps of other arenas lie at multiples
   * of 64 MiB.
   */
  get start(): number {
    return this.#word(HEAP_RECORD.start);
  }

  set start(granule: number) {
    this.#m.core.attached.i32[this.address / 4 + HEAP_RECORD.start] = granule;
  }

  /** address of the start in the log, with which the core compares the log's pointers; NaN: unknown */
  set base(address: number) {
    this.#m.core.attached.f64[this.address / 8 + HEAP_RECORD.base] = address;
  }

  /** bytes in use from the heap's start; for the break area the break itself */
  get size(): number {
    return this.#m.core.attached.f64[this.address / 8 + HEAP_RECORD.size]!;
  }

  /** bytes ever made read/write; calloc may skip clearing beyond them (§5.2) */
  get mprotectSize(): number {
    return this.#m.core.attached.f64[this.address / 8 + HEAP_RECORD.mprotectSize]!;
  }

  /** page of the first known chunk if the initial break is unknown (core/extent.ts); else 0 */
  get firstPage(): number {
    return this.#word(HEAP_RECORD.firstPage);
  }

  /** topmost records of the stretches of chunks: top or fenceposts. Newest stretch last. */
  get ends(): number[] {
    const table = this.#word(HEAP_RECORD.stretches) >>> 2;
    const { i32 } = this.#m.core.attached;
    return Array.from(
      { length: this.#word(HEAP_RECORD.stretchCount) },
      (_, i) => i32[table + i * STRETCH_WORDS]!,
    );
  }

  /** The topmost record of the newest stretch; 0: no stretch. */
  get end(): number {
    return this.ends.at(-1) ?? 0;
  }

  #word(field: number): number {
    return this.#m.core.attached.i32[this.address / 4 + field]!;
  }
}
