import { bytesIn, CACHED, FAST, FREE, IN_USE, rec, TOP, UNLOGGED } from "./chunks";
import { Heap, heapOf, stretchAt } from "./heap";
import { planesOf, runEnd } from "./heap-pages";
import { m } from "./model";

/**
 * Walks of whole heaps, which sum up resident bytes. The sums are no part of the model: they lie behind the batch, below
 * STORE (README.md), and hold until the next walk.
 */

/** Doubles, by kind of chunk and by planes, 0 to EVERY_PLANE. */
export const SUMS: usize = 0xe0000;

// Kinds of chunks (ResidentKinds in census.ts of the facade).
const HELD: i32 = 0;
/** tcache structs and fenceposts */
const OWN: i32 = 1;
const TCACHE: i32 = 2;
const FASTBINS: i32 = 3;
const OUTSIDE: i32 = 4;
const RETURNABLE: i32 = 5;
const PINNED: i32 = 6;
const TOPS: i32 = 7;
const KINDS: usize = 8;

const COMBINATIONS: usize = 256;
/** Behind the sums: chunks that the program holds or that were allocated outside the log, bytes of the former, and of these the requested ones. */
const CHUNKS: usize = SUMS + ((KINDS * COMBINATIONS) << 3);
const HELD_BYTES: usize = CHUNKS + 8;
const REQUESTED_BYTES: usize = CHUNKS + 16;
const END: usize = CHUNKS + 24;

/** sizeof(malloc_chunk): the words at a free chunk's start, which malloc_trim spares */
const CHUNK_STRUCT_GRANULES: i32 = 3;

export function clearSums(): void {
  memory.fill(SUMS, 0, END - SUMS);
}

/** Adds the chunks of a heap. Those of tcache structs count as held until `moveStruct`. */
export function sumHeap(heap: Heap): void {
  for (let i = heap.stretchCount - 1; i >= 0; i--) {
    let c = stretchAt(heap, i).end;
    while (c !== 0) {
      sumChunk(heap, c);
      c = rec(c).prev;
    }
  }
}

function sumChunk(heap: Heap, c: i32): void {
  const chunk = rec(c);
  const from = chunk.addr;
  const to = from + chunk.size;
  switch (chunk.state) {
    case IN_USE:
      addHeld(heap, c, 1);
      break;
    case CACHED:
      addRange(TCACHE, heap, from, to, 1);
      break;
    case FAST:
      addRange(FASTBINS, heap, from, to, 1);
      break;
    case FREE:
      addFree(heap, from, to);
      break;
    case TOP:
      addRange(TOPS, heap, from, to, 1);
      break;
    case UNLOGGED:
      add(CHUNKS, 1);
      addRange(OUTSIDE, heap, from, to, 1);
      break;
    default:
      addRange(OWN, heap, from, to, 1);
  }
}

/** Chunk `c`, of a heap that was added, holds a tcache struct. */
export function moveStruct(c: i32): void {
  const chunk = rec(c);
  addHeld(heapOf(c), c, -1);
  addRange(OWN, heapOf(c), chunk.addr, chunk.addr + chunk.size, 1);
}

/** Adds a chunk of the program; `times` is −1 to take it away again. */
function addHeld(heap: Heap, c: i32, times: f64): void {
  const chunk = rec(c);
  const bytes = bytesIn(chunk.size);
  add(CHUNKS, times);
  add(HELD_BYTES, times * bytes);
  // See requests.ts.
  add(REQUESTED_BYTES, times * (bytes - <f64>chunk.fd));
  addRange(HELD, heap, chunk.addr, chunk.addr + chunk.size, times);
}

/** malloc_trim returns the whole pages within a free chunk; the rest shares pages with its neighbours (§7). */
function addFree(heap: Heap, from: i32, to: i32): void {
  const shift = m.pageShift;
  const first = (from + CHUNK_STRUCT_GRANULES + (1 << shift) - 1) >> shift;
  const inner = first << shift;
  const outer = (to >> shift) << shift;
  if (outer <= inner) {
    addRange(PINNED, heap, from, to, 1);
    return;
  }
  addRange(PINNED, heap, from, inner, 1);
  addRange(RETURNABLE, heap, inner, outer, 1);
  addRange(PINNED, heap, outer, to, 1);
}

/** Adds the bytes of granules from..to-1, by the planes of their pages. */
function addRange(kind: i32, heap: Heap, from: i32, to: i32, times: f64): void {
  const shift = m.pageShift;
  const row = SUMS + ((<usize>kind * COMBINATIONS) << 3);
  const last = min((to + (1 << shift) - 1) >> shift, heap.pageEnd);
  let page = from >> shift;
  while (page < last) {
    const planes = planesOf(heap, page);
    // Most chunks lie in one page.
    const end = page + 1 < last ? runEnd(heap, page, last) : last;
    const bytes = bytesIn(min(to, end << shift) - max(from, page << shift));
    add(row + ((<usize>planes) << 3), times * bytes);
    page = end;
  }
}

/** Adds the number of a heap's pages from `first` on to the sums of kind 0. */
export function sumPages(heap: Heap, first: i32): void {
  const last = heap.pageEnd;
  let page = first;
  while (page < last) {
    const planes = planesOf(heap, page);
    const end = runEnd(heap, page, last);
    add(SUMS + ((<usize>planes) << 3), <f64>(end - page));
    page = end;
  }
}

function add(sum: usize, value: f64): void {
  store<f64>(sum, load<f64>(sum) + value);
}
