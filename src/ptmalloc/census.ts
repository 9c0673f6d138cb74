import type { Arena } from "./arena.ts";
import {
  BK,
  CACHED,
  FAST,
  GRANULE,
  IN_USE,
  MAPPED,
  PREV,
  SIZE,
  SMALLEST_PAGE,
  STATE,
  STRIDE,
} from "./chunks.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, firstOfHugePage, sumsByBit } from "./resident.ts";
import { BIN_COUNT, UNSORTED } from "./size-classes.ts";

/** core/census.ts: where the sums begin */
const SUMS = 0xe0000;

/** An arena's memory by use, in bytes, counted by walking its heaps and bins. */
export interface ArenaCensus {
  readonly arena: Arena;
  readonly systemBytes: number;
  /** resident memory in SMALLEST_PAGEs, by bit number of the plane */
  readonly pages: Float64Array;
  /** chunks held by the program */
  readonly inUseBytes: number;
  readonly free: {
    readonly tcache: number;
    readonly fastbins: number;
    readonly unsorted: number;
    readonly smallbins: number;
    readonly largebins: number;
    readonly top: number;
  };
  /** number of chunks in fastbins; in the unsorted, small and large bins */
  readonly fastBlocks: number;
  readonly binBlocks: number;
}

/** Calls `visit`, which must not change the process, for every chunk of a heap from its upper end down, fenceposts and top included. */
export function walkHeap(m: Ptmalloc, heap: Heap, visit: (chunk: number) => void): void {
  const w = m.chunks.words;
  for (const end of heap.ends.reverse()) {
    for (let c = end; c !== 0; c = w[c + PREV]!) {
      visit(c);
    }
  }
}

/** The census of each arena, by id. */
export function census(m: Ptmalloc): ArenaCensus[] {
  const structs = tcacheStructGranules(m);
  return m.arenas.map((arena) => censusOf(m, arena, structs.get(arena) ?? 0));
}

function censusOf(m: Ptmalloc, arena: Arena, structGranules: number): ArenaCensus {
  const w = m.chunks.words;
  const granules = { inUse: 0, tcache: 0, fast: 0, unsorted: 0, small: 0, large: 0 };
  let fastBlocks = 0;
  for (const heap of arena.heaps) {
    walkHeap(m, heap, (c) => {
      const size = w[c + SIZE]!;
      if (w[c + STATE] === IN_USE) {
        granules.inUse += size;
      } else if (w[c + STATE] === CACHED) {
        granules.tcache += size;
      } else if (w[c + STATE] === FAST) {
        granules.fast += size;
        fastBlocks++;
      }
    });
  }
  let binBlocks = 0;
  for (let index = UNSORTED; index < BIN_COUNT; index++) {
    const kind = index === UNSORTED ? "unsorted" : index < 64 ? "small" : "large";
    const bin = arena.bins + index * STRIDE;
    for (let c = w[bin + BK]!; c !== bin; c = w[c + BK]!) {
      granules[kind] += w[c + SIZE]!;
      binBlocks++;
    }
  }
  return {
    arena,
    systemBytes: arena.systemMem,
    pages: residentPages(m, arena),
    inUseBytes: (granules.inUse - structGranules) * GRANULE,
    free: {
      tcache: granules.tcache * GRANULE,
      fastbins: granules.fast * GRANULE,
      unsorted: granules.unsorted * GRANULE,
      smallbins: granules.small * GRANULE,
      largebins: granules.large * GRANULE,
      top: w[arena.top + SIZE]! * GRANULE,
    },
    fastBlocks,
    binBlocks,
  };
}

/** Resident memory of an arena's heaps in SMALLEST_PAGEs, by bit number of the plane. */
export function residentPages(m: Ptmalloc, arena: Arena): Float64Array {
  const { calls } = m.core;
  calls.clearSums();
  for (const heap of arena.heaps) {
    calls.sumPages(heap.address, Math.max(0, firstOfHugePage(m, heap, heap.firstPage)));
  }
  const units = m.pageBytes / SMALLEST_PAGE;
  return sumsByBit(sumsOf(m, 0)).map((pages) => pages * units);
}

/** Kinds of chunks, by number in the core's sums (core/census.ts). */
const KINDS = {
  inUse: 0,
  /** tcache structs and fenceposts */
  own: 1,
  tcache: 2,
  fastbins: 3,
  unlogged: 4,
  /** whole pages within free chunks, which malloc_trim returns */
  returnable: 5,
  /** the rest of free chunks, which shares pages with their neighbours */
  pinned: 6,
  tops: 7,
} as const;
/** Of the three doubles behind the sums. */
const AFTER_KINDS = 8;

/** Resident bytes of an arena's chunks by their kind, each by bit number of the plane. */
export interface ResidentKinds extends Readonly<Record<keyof typeof KINDS, Float64Array>> {
  /** chunks that the program holds, or that were allocated outside the log */
  readonly heldChunks: number;
  /** bytes of the chunks that the program holds, resident or not, and of these the requested ones */
  readonly heldBytes: number;
  readonly requestedBytes: number;
}

/** `structs`: all tcache structs of the process. */
export function residentKinds(
  m: Ptmalloc,
  arena: Arena,
  structs: readonly number[],
): ResidentKinds {
  const { calls } = m.core;
  const w = m.chunks.words;
  calls.clearSums();
  for (const heap of arena.heaps) {
    calls.sumHeap(heap.address);
  }
  for (const struct of structs) {
    if (w[struct + STATE] === IN_USE && m.heapOf(struct).arena === arena) {
      calls.moveStruct(struct);
    }
  }
  const byBit = (kind: number) => sumsByBit(sumsOf(m, kind));
  const [heldChunks = 0, heldBytes = 0, requestedBytes = 0] = sumsOf(m, AFTER_KINDS);
  return {
    inUse: byBit(KINDS.inUse),
    own: byBit(KINDS.own),
    tcache: byBit(KINDS.tcache),
    fastbins: byBit(KINDS.fastbins),
    unlogged: byBit(KINDS.unlogged),
    returnable: byBit(KINDS.returnable),
    pinned: byBit(KINDS.pinned),
    tops: byBit(KINDS.tops),
    heldChunks,
    heldBytes,
    requestedBytes,
  };
}

/** Row `kind` of the core's sums, until the next walk. */
function sumsOf(m: Ptmalloc, kind: number): Float64Array {
  const start = SUMS / 8 + kind * (EVERY_PLANE + 1);
  return m.core.attached.f64.subarray(start, start + EVERY_PLANE + 1);
}

/** Granules of tcache structs by arena: they are in use, but not held by the program. */
function tcacheStructGranules(m: Ptmalloc): Map<Arena, number> {
  const granules = new Map<Arena, number>();
  for (const struct of m.tcacheStructs()) {
    if (m.chunks.words[struct + STATE] === MAPPED) {
      continue;
    }
    const { arena } = m.heapOf(struct);
    granules.set(arena, (granules.get(arena) ?? 0) + m.chunks.words[struct + SIZE]!);
  }
  return granules;
}

/** The fields of mallinfo2(3); as in glibc, chunks in tcaches count as in use. */
export function mallinfo2(m: Ptmalloc, arenas: readonly ArenaCensus[]) {
  let ordblks = 0;
  let smblks = 0;
  let fsmblks = 0;
  let fordblks = 0;
  let arenaBytes = 0;
  for (const { free, fastBlocks, binBlocks, systemBytes } of arenas) {
    // top counts as a free chunk, even before it exists
    ordblks += binBlocks + 1;
    smblks += fastBlocks;
    fsmblks += free.fastbins;
    fordblks += free.fastbins + free.unsorted + free.smallbins + free.largebins + free.top;
    arenaBytes += systemBytes;
  }
  return {
    arena: arenaBytes,
    ordblks,
    smblks,
    hblks: m.mappedBlocks,
    hblkhd: m.mappedBytes + m.miscountedMappedBytes,
    usmblks: 0,
    fsmblks,
    uordblks: arenaBytes - fordblks,
    fordblks,
    keepcost: m.chunks.words[m.mainArena.top + SIZE]! * GRANULE,
  };
}
