import type { Arena } from "../../ptmalloc/arena.ts";
import { residentPages, walkHeap } from "../../ptmalloc/census.ts";
import {
  ADDR,
  CACHED,
  FAST,
  FREE,
  GRANULE,
  IN_USE,
  MAPPED,
  SIZE,
  SMALLEST_PAGE,
  STATE,
  TOP,
  UNLOGGED,
} from "../../ptmalloc/chunks.ts";
import type { Heap } from "../../ptmalloc/heap.ts";
import type { HeapPages } from "../../ptmalloc/heap-pages.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { occupiedBytes, requestedBytes } from "../../ptmalloc/requests.ts";
import { EVERY_PLANE, PLANES, sumsByBit } from "../../ptmalloc/resident.ts";
import { droppablePages } from "../../ptmalloc/trim.ts";
import type { Causes } from "../../report/report.ts";

/** Bytes of each cause in each plane (resident.ts), by number of its bit. They add up to the resident bytes of the plane. */
export type CauseBytes = Readonly<Record<keyof Causes, Float64Array>>;

/** The blocks that the program holds. */
export interface Blocks {
  /** Calls `visit` for every live block and its chunk. */
  eachBlock(visit: (block: number, chunk: number) => void): void;
}

/**
 * Why each resident byte of a process is resident, between two calls. Each byte of a heap belongs to one chunk, so the
 * kind of the chunk is the cause. `outsideBytes` are resident outside the model.
 */
export function causesOf(m: Ptmalloc, blocks: Blocks, outsideBytes: number): CauseBytes {
  const causes = new Sums();
  const structs = new Set(m.tcacheStructs());
  for (const arena of m.arenas) {
    const ofArena = new ArenaCauses(m, structs);
    for (const heap of arena.heaps) {
      ofArena.addHeap(heap);
    }
    ofArena.addTo(causes, arena);
  }
  if (m.mappedBlocks > 0) {
    blocks.eachBlock((_, c) => {
      if (m.chunks.words[c + STATE] === MAPPED) {
        addMapped(m, c, causes);
      }
    });
  }
  for (const struct of structs) {
    if (m.chunks.words[struct + STATE] === MAPPED) {
      const mapping = m.mappingOf(struct);
      causes.add("overhead", (bit) => mapping.pages(1 << bit) * m.pageBytes);
    }
  }
  causes.add("unlogged", () => outsideBytes);
  return causes.bytes;
}

function addMapped(m: Ptmalloc, c: number, causes: Sums): void {
  const mapping = m.mappingOf(c);
  const total = occupiedBytes(m, c);
  const requested = requestedBytes(m, c);
  causes.add("mapped", () => requested);
  causes.add("overhead", () => total - requested);
  causes.add("unwritten", (bit) => mapping.pages(1 << bit) * m.pageBytes - total);
}

class Sums {
  readonly bytes: CauseBytes = {
    live: new Float64Array(PLANES),
    mapped: new Float64Array(PLANES),
    overhead: new Float64Array(PLANES),
    unwritten: new Float64Array(PLANES),
    tcache: new Float64Array(PLANES),
    fastbins: new Float64Array(PLANES),
    returnable: new Float64Array(PLANES),
    pinned: new Float64Array(PLANES),
    tops: new Float64Array(PLANES),
    idleArenas: new Float64Array(PLANES),
    unlogged: new Float64Array(PLANES),
  };

  /** Adds to a cause what `bytesOf` returns for each plane, by number of its bit. */
  add(cause: keyof Causes, bytesOf: (bit: number) => number): void {
    const sums = this.bytes[cause];
    for (let bit = 0; bit < PLANES; bit++) {
      sums[bit]! += bytesOf(bit);
    }
  }
}

/** Kinds of chunks, as rows of an arena's table. */
const KIND = {
  inUse: 0,
  /** tcache structs and fenceposts */
  own: 1,
  tcache: 2,
  fastbins: 3,
  unlogged: 4,
  returnable: 5,
  pinned: 6,
  tops: 7,
} as const;
const KINDS = 8;
const COMBINATIONS = EVERY_PLANE + 1;

/** Resident bytes of an arena's chunks, by their kind and by the planes that they are in, 0 to EVERY_PLANE. */
class ByKind {
  readonly #bytes = new Float64Array(KINDS * COMBINATIONS);
  readonly #pageBytes: number;

  constructor(pageBytes: number) {
    this.#pageBytes = pageBytes;
  }

  /** Adds the resident ones of bytes from..to-1 of a heap. */
  add(kind: number, { pages }: Heap, from: number, to: number): void {
    const pageBytes = this.#pageBytes;
    const first = Math.floor(from / pageBytes);
    // Most chunks lie in a page or two.
    const end = (first + 1) * pageBytes;
    if (to <= end) {
      this.#bytes[kind * COMBINATIONS + planesOf(pages, first)]! += to - from;
    } else if (to <= end + pageBytes) {
      this.#bytes[kind * COMBINATIONS + planesOf(pages, first)]! += end - from;
      this.#bytes[kind * COMBINATIONS + planesOf(pages, first + 1)]! += to - end;
    } else {
      this.#addPages(kind, pages, from, to);
    }
  }

  #addPages(kind: number, pages: HeapPages, from: number, to: number): void {
    const pageBytes = this.#pageBytes;
    pages.eachRun(Math.floor(from / pageBytes), Math.ceil(to / pageBytes), (page, end, planes) => {
      this.#bytes[kind * COMBINATIONS + planes]! +=
        Math.min(to, end * pageBytes) - Math.max(from, page * pageBytes);
    });
  }

  /** The bytes of a kind that are in each plane, by number of its bit. */
  byBit(kind: number): Float64Array {
    return sumsByBit(this.#bytes.subarray(kind * COMBINATIONS, (kind + 1) * COMBINATIONS));
  }
}

function planesOf(pages: HeapPages, page: number): number {
  return page < pages.length ? pages.get(page) : 0;
}

/** The causes of an arena's resident bytes. */
class ArenaCauses {
  readonly #m: Ptmalloc;
  readonly #structs: ReadonlySet<number>;
  /** chunks that the program holds, or that were allocated outside the log */
  #heldChunks = 0;
  #requestedBytes = 0;
  #inUseBytes = 0;
  readonly #bytes: ByKind;

  constructor(m: Ptmalloc, structs: ReadonlySet<number>) {
    this.#m = m;
    this.#structs = structs;
    this.#bytes = new ByKind(m.pageBytes);
  }

  addHeap(heap: Heap): void {
    const m = this.#m;
    const w = m.chunks.words;
    const bytes = this.#bytes;
    walkHeap(m, heap, (c) => {
      const from = w[c + ADDR]! * GRANULE;
      const to = from + w[c + SIZE]! * GRANULE;
      switch (w[c + STATE]) {
        case IN_USE:
          if (this.#structs.has(c)) {
            bytes.add(KIND.own, heap, from, to);
            return;
          }
          this.#heldChunks++;
          this.#inUseBytes += to - from;
          this.#requestedBytes += requestedBytes(m, c);
          bytes.add(KIND.inUse, heap, from, to);
          return;
        case CACHED:
          bytes.add(KIND.tcache, heap, from, to);
          return;
        case FAST:
          bytes.add(KIND.fastbins, heap, from, to);
          return;
        case FREE:
          this.#addFree(heap, c, from, to);
          return;
        case TOP:
          bytes.add(KIND.tops, heap, from, to);
          return;
        case UNLOGGED:
          this.#heldChunks++;
          bytes.add(KIND.unlogged, heap, from, to);
          return;
        default:
          bytes.add(KIND.own, heap, from, to);
      }
    });
  }

  /** malloc_trim returns the whole pages within a free chunk; the rest shares pages with its neighbours (§7). */
  #addFree(heap: Heap, c: number, from: number, to: number): void {
    const { pageBytes } = this.#m;
    const pages = droppablePages(this.#m, c);
    const inner = pages.from * pageBytes;
    const outer = Math.max(inner, pages.to * pageBytes);
    if (outer === inner) {
      this.#bytes.add(KIND.pinned, heap, from, to);
      return;
    }
    this.#bytes.add(KIND.pinned, heap, from, inner);
    this.#bytes.add(KIND.returnable, heap, inner, outer);
    this.#bytes.add(KIND.pinned, heap, outer, to);
  }

  /** Adds the causes of `arena`, whose heaps were added. */
  addTo(causes: Sums, arena: Arena): void {
    const inUse = this.#bytes.byBit(KIND.inUse);
    const own = this.#bytes.byBit(KIND.own);
    const tcache = this.#bytes.byBit(KIND.tcache);
    const fastbins = this.#bytes.byBit(KIND.fastbins);
    const unlogged = this.#bytes.byBit(KIND.unlogged);
    const returnable = this.#bytes.byBit(KIND.returnable);
    const pinned = this.#bytes.byBit(KIND.pinned);
    const tops = this.#bytes.byBit(KIND.tops);
    const inChunks = [inUse, own, tcache, fastbins, unlogged, returnable, pinned, tops];
    const pages = residentPages(this.#m, arena);
    const sumOf = (kinds: readonly Float64Array[], bit: number): number =>
      kinds.reduce((sum, kind) => sum + kind[bit]!, 0);
    // malloc_state and heap_info are in no chunk.
    const overhead = own.map(
      (bytes, bit) => bytes + pages[bit]! * SMALLEST_PAGE - sumOf(inChunks, bit),
    );
    causes.add("live", () => this.#requestedBytes);
    causes.add("unwritten", (bit) => inUse[bit]! - this.#inUseBytes);
    causes.add("tcache", (bit) => tcache[bit]!);
    causes.add("fastbins", (bit) => fastbins[bit]!);
    causes.add("unlogged", (bit) => unlogged[bit]!);
    causes.add("overhead", () => this.#inUseBytes - this.#requestedBytes);
    if (this.#isIdle(arena)) {
      causes.add("idleArenas", (bit) => sumOf([overhead, returnable, pinned, tops], bit));
      return;
    }
    causes.add("overhead", (bit) => overhead[bit]!);
    causes.add("returnable", (bit) => returnable[bit]!);
    causes.add("pinned", (bit) => pinned[bit]!);
    causes.add("tops", (bit) => tops[bit]!);
  }

  /** True if none of the arena's chunks is in use: all that it keeps resident would do for a new thread. */
  #isIdle({ main }: Arena): boolean {
    return !main && this.#heldChunks === 0;
  }
}
