import { newArena } from "../../ptmalloc/arenas.ts";
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
import type { PointerJudge } from "./pointer-judge.ts";

/**
 * Re-anchors the run as recorded where the model and the log's pointer disagree (ptmalloc2.md §12): the log is right.
 * What explains the disagreement is often not in the log: allocations made before it began, or past its hook; a lock
 * taken in another order than the lines stand in. So the block goes where the pointer says, what must have lain
 * around it is taken to be there, and the replay goes on from that. The call counts as not foreseen.
 */

/** Room below the first pointer of a break area whose start the log does not tell, in bytes; no gap may be larger. */
const ROOM_BELOW = 2 ** 30;

/**
 * Pointers in an unknown place until they are believed: of mere frees, and of calls that returned them. Where the
 * kernel maps heaps one of the latter is enough, for a line cut short or gone wrong seldom shows such an address.
 */
const FREED = 8;
const RETURNED = 2;
const RETURNED_IN_HEAP = 1;
/** A cut pointer may be of any heap: it is believed no farther than so many bytes from what is known of one. */
const NEAR_IF_CUT = 2 ** 18;
/** Arenas from which on more is needed: a log of garbage shows one with each line. */
const MANY_ARENAS = 64;

/**
 * Moves a block of `bytes`, which the model has just served at `c` (0: not at all), to where `pointer` says. Returns
 * the chunk there; where nothing can lie there, one that the model chooses.
 */
export function anchor(
  m: Ptmalloc,
  judge: PointerJudge,
  c: number,
  pointer: number,
  bytes: number,
): number {
  const nb = m.granulesFor(bytes);
  if (nb === HUGE_GRANULES) {
    return c;
  }
  const place = judge.placeOf(m, pointer, bytes);
  const spare = c === 0 || m.chunks.words[c + STATE] === MAPPED ? null : m.heapOf(c);
  if (c !== 0) {
    undoAllocation(m, c);
  }
  if (m.madeTcacheStruct) {
    undoTcacheStruct(m);
  }
  if (place.heap < 0 && judge.isMapped(m, pointer, nb * GRANULE)) {
    return mapChunk(m, nb);
  }
  const needed = m.arenas.length < MANY_ARENAS ? RETURNED_IN_HEAP : RETURNED;
  const heap = m.heaps[place.heap] ?? heapAt(m, judge, pointer, spare, needed);
  const addr = believedGranule(m, judge, heap, pointer);
  const placed = heap === null || addr < 0 ? 0 : placeChunk(m, heap, addr, nb);
  // While it is not known where the break is, its area is left empty.
  if (placed === 0 && !judge.knows(m.breakHeap)) {
    return mapChunk(m, nb);
  }
  if (placed === 0 || heap === null) {
    return m.malloc(bytes);
  }
  // What a tcache holds may be of any arena (trap T10).
  if (nb > m.tcacheMaxGranules) {
    useArena(m, heap.arena);
  }
  return placed;
}

/**
 * A block at `pointer`, of which no line showed that it was allocated, was live so far. Returns its chunk; 0 if it has
 * a mapping of its own, or cannot be where the pointer says.
 */
export function findUnlogged(m: Ptmalloc, judge: PointerJudge, pointer: number): number {
  const place = judge.placeOf(m, pointer, 0);
  if (place.heap < 0 && judge.isMapped(m, pointer, 0)) {
    return 0;
  }
  const heap = m.heaps[place.heap] ?? heapAt(m, judge, pointer, null, FREED);
  const addr = believedGranule(m, judge, heap, pointer);
  return heap === null || addr < 0 ? 0 : startUnlogged(m, heap, addr);
}

/**
 * The granule of `heap` where the chunk of the block at `pointer` begins; −1 if none can begin there, or if it is not
 * believed: a pointer far from all that is known of its heap is, only when others lie there, too.
 */
function believedGranule(
  m: Ptmalloc,
  judge: PointerJudge,
  heap: Heap | null,
  pointer: number,
): number {
  const addr = heap === null ? -1 : judge.granuleIn(heap, pointer);
  if (heap === null || addr < 0) {
    return -1;
  }
  const isWhole = judge.seesWholePointers;
  if (isNearChunks(m, heap, addr, (isWhole ? HEAP_MAX : NEAR_IF_CUT) / GRANULE)) {
    return addr;
  }
  if (!isWhole || !isNearChunks(m, heap, addr, ROOM_BELOW / GRANULE)) {
    return -1;
  }
  return judge.isEvident(pointer, FREED) ? addr : -1;
}

/** The UNLOGGED chunk that holds the block at `pointer` is one that begins there. */
export function splitUnlogged(m: Ptmalloc, judge: PointerJudge, pointer: number): void {
  const heap = m.heaps[judge.placeOf(m, pointer, 0).heap];
  if (heap === undefined) {
    return;
  }
  const addr = judge.granuleIn(heap, pointer);
  if (addr >= 0) {
    cutUnlogged(m, heap, addr);
  }
}

/** A heap that is not known yet, where `pointer` shows it to be; null if there can be none, or as yet is none. */
function heapAt(
  m: Ptmalloc,
  judge: PointerJudge,
  pointer: number,
  spare: Heap | null,
  needed: number,
): Heap | null {
  const isOfBreak = judge.isOfBreak(m, pointer);
  if (isOfBreak && judge.knows(m.breakHeap)) {
    return m.breakHeap;
  }
  if (!judge.isEvident(pointer, isOfBreak ? Math.max(needed, RETURNED) : needed)) {
    return null;
  }
  if (isOfBreak) {
    const area = m.breakHeap;
    if (pointer % GRANULE !== 0) {
      return null;
    }
    const base = judge.breakBaseFor(pointer, ROOM_BELOW);
    if (!startBreakAt(m, (pointer - base) / GRANULE - 1)) {
      return null;
    }
    judge.place(area, base);
    return area;
  }
  const isUnused =
    spare !== null && spare.kind === "arena" && !judge.knows(spare) && isEmpty(m, spare);
  const heap = isUnused ? spare : newArena(m, 0).heaps[0]!;
  judge.place(heap, pointer - (pointer % HEAP_MAX));
  return heap;
}

function isEmpty(m: Ptmalloc, heap: Heap): boolean {
  const { top } = heap.arena;
  const w = m.chunks.words;
  return w[top + HEAP] === heap.id && w[top + PREV] === 0;
}
