import { MAX_ARENAS, newArena } from "../../ptmalloc/arenas.ts";
import { GRANULE, HEAP, MAPPED, PREV, STATE } from "../../ptmalloc/chunks.ts";
import { isNearChunks, startBreakAt } from "../../ptmalloc/extent.ts";
import { HEAP_MAX, type Heap } from "../../ptmalloc/heap.ts";
import {
  placeChunk,
  startUnlogged,
  undoAllocation,
  undoTcacheStruct,
  useArena,
} from "../../ptmalloc/place.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { HUGE_GRANULES } from "../../ptmalloc/size-classes.ts";
import { mapChunk } from "../../ptmalloc/sysmalloc.ts";
import { cutUnlogged } from "../../ptmalloc/unlogged.ts";
import type { AddressMap } from "./address-map.ts";

/**
 * Anchors the model where it and the log's pointer disagree (ptmalloc2.md §12): the log is right. The cause is often not
 * in the log: allocations before it began or past its hook, or a lock taken in another order than the lines. So the
 * block moves to its logged place, memory around it counts as allocated outside the log, and the replay continues from
 * there. The call counts as a mismatch.
 */

/** Bytes below the first pointer of a break area whose start the log does not state; no gap may be larger. */
const HEADROOM = 2 ** 30;

/**
 * Pointers in an unknown place that are needed as evidence of a heap: frees, and calls that returned them. Where the
 * kernel maps heaps, one of the latter is enough, because a corrupt line seldom shows such an address.
 */
const FREED = 8;
const RETURNED = 2;
const RETURNED_IN_HEAP = 1;
/** A cut pointer may belong to any heap: it is accepted only within this many bytes of known chunks. */
const NEAR_IF_CUT = 2 ** 18;
/** From this many arenas on more evidence is needed: a log of garbage shows a new one in every line. */
const MANY_ARENAS = 64;

/**
 * Moves a block of `bytes`, which the model has just served at `c` (0: not at all), to `pointer`. Returns the chunk
 * there; where nothing can lie there, a chunk that the model chooses.
 */
export function anchor(
  m: Ptmalloc,
  addresses: AddressMap,
  c: number,
  pointer: number,
  bytes: number,
): number {
  const nb = m.granulesFor(bytes);
  if (nb === HUGE_GRANULES) {
    return c;
  }
  const place = addresses.placeOf(m, pointer, bytes);
  const spare = c === 0 || m.chunks.words[c + STATE] === MAPPED ? null : m.heapOf(c);
  if (c !== 0) {
    undoAllocation(m, c);
  }
  if (m.madeTcacheStruct) {
    undoTcacheStruct(m);
  }
  if (place.heap < 0 && addresses.isMapped(m, pointer, nb * GRANULE)) {
    return mapChunk(m, nb);
  }
  const needed = m.arenas.length < MANY_ARENAS ? RETURNED_IN_HEAP : RETURNED;
  const heap = m.heaps[place.heap] ?? heapAt(m, addresses, pointer, spare, needed);
  const addr = evidentGranule(m, addresses, heap, pointer);
  const placed = heap === null || addr < 0 ? 0 : placeChunk(m, heap, addr, nb);
  // While the place of the break is unknown, its area stays empty.
  if (placed === 0 && !addresses.knows(m.breakHeap)) {
    return mapChunk(m, nb);
  }
  if (placed === 0 || heap === null) {
    return m.malloc(bytes);
  }
  // A tcache may hold chunks of any arena (trap T10).
  if (nb > m.tcacheMaxGranules) {
    useArena(m, heap.arena);
  }
  return placed;
}

/**
 * Returns the chunk of a live block at `pointer` whose allocation is not in the log; 0 if it has a mapping of its own,
 * or cannot lie there.
 */
export function findUnlogged(m: Ptmalloc, addresses: AddressMap, pointer: number): number {
  const place = addresses.placeOf(m, pointer, 0);
  if (place.heap < 0 && addresses.isMapped(m, pointer, 0)) {
    return 0;
  }
  const heap = m.heaps[place.heap] ?? heapAt(m, addresses, pointer, null, FREED);
  const addr = evidentGranule(m, addresses, heap, pointer);
  return heap === null || addr < 0 ? 0 : startUnlogged(m, heap, addr);
}

/** Cuts the UNLOGGED chunk that holds the block at `pointer`, so that a chunk begins there. */
export function splitUnlogged(m: Ptmalloc, addresses: AddressMap, pointer: number): void {
  const heap = m.heaps[addresses.placeOf(m, pointer, 0).heap];
  if (heap === undefined) {
    return;
  }
  const addr = addresses.granuleIn(heap, pointer);
  if (addr >= 0) {
    cutUnlogged(m, heap, addr);
  }
}

/**
 * Returns the granule of `heap` where the chunk of the block at `pointer` begins; −1 if none can begin there, or if the
 * evidence is too weak: a pointer far from the known chunks of its heap needs others near it.
 */
function evidentGranule(
  m: Ptmalloc,
  addresses: AddressMap,
  heap: Heap | null,
  pointer: number,
): number {
  const addr = heap === null ? -1 : addresses.granuleIn(heap, pointer);
  if (heap === null || addr < 0) {
    return -1;
  }
  const { whole } = addresses.state;
  if (isNearChunks(m, heap, addr, (whole ? HEAP_MAX : NEAR_IF_CUT) / GRANULE)) {
    return addr;
  }
  if (!whole || !isNearChunks(m, heap, addr, HEADROOM / GRANULE)) {
    return -1;
  }
  return addresses.isEvident(pointer, FREED) ? addr : -1;
}

/** Returns a new heap at `pointer`; null if none can lie there, or if the evidence is too weak. */
function heapAt(
  m: Ptmalloc,
  addresses: AddressMap,
  pointer: number,
  spare: Heap | null,
  needed: number,
): Heap | null {
  const isInBreakArea = addresses.isInBreakArea(m, pointer);
  if (isInBreakArea && addresses.knows(m.breakHeap)) {
    return m.breakHeap;
  }
  if (!addresses.isEvident(pointer, isInBreakArea ? Math.max(needed, RETURNED) : needed)) {
    return null;
  }
  if (isInBreakArea) {
    return startBreakHeap(m, addresses, pointer);
  }
  if (m.arenas.length >= MAX_ARENAS) {
    return null;
  }
  const isUnused =
    spare !== null && spare.kind === "arena" && !addresses.knows(spare) && isEmpty(m, spare);
  const heap = isUnused ? spare : newArena(m, 0).heaps[0]!;
  addresses.place(heap, pointer - (pointer % HEAP_MAX));
  return heap;
}

function startBreakHeap(m: Ptmalloc, addresses: AddressMap, pointer: number): Heap | null {
  if (pointer % GRANULE !== 0) {
    return null;
  }
  const base = addresses.breakBaseFor(m, pointer, HEADROOM);
  if (!startBreakAt(m, (pointer - base) / GRANULE - 1)) {
    return null;
  }
  addresses.place(m.breakHeap, base);
  return m.breakHeap;
}

function isEmpty(m: Ptmalloc, heap: Heap): boolean {
  const { top } = heap.arena;
  const w = m.chunks.words;
  return w[top + HEAP] === heap.id && w[top + PREV] === 0;
}
