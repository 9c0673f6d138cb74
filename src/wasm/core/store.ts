import { grew, outOfMemory } from "./store-host";

/**
 * Blocks of memory for records and tables: their sizes are powers of two, and released ones are used again. Memory is
 * added at the end, so that nothing moves but a table that has outgrown its block.
 *
 * An instance holds one state at a time: the first 4096 bytes, and what lies from STORE on (../state-image.ts). No variable
 * of a module keeps anything between two calls.
 */

@unmanaged
class StoreState {
  /** the end of the memory in use; 0: nothing is */
  limit: usize;
  /** what is left of the latest page of small blocks */
  smallStart: usize;
  smallEnd: usize;
}

/** The last bytes of the first 4096; a module's own fields lie before them. */
const state = changetype<StoreState>(3936);
/** the first released block of each size, by log2 of its bytes */
const FREE_BLOCKS: usize = 3952;

/** Where the store begins: before it is room for the compiler's constants, and for the batch that a module works on. */
export const STORE: usize = 0x100000;

/** Bytes of a page of the store. */
export const STORE_PAGE: usize = 4096;
/** The smallest block has 16 bytes. */
const LEAST_SHIFT: usize = 4;
const PAGE_SHIFT: usize = 12;

/** Bytes of a page of WebAssembly. */
const WASM_SHIFT: usize = 16;
/** WebAssembly pages that the memory grows by at least: each growth makes the owner's views anew. */
const LEAST_GROWTH: usize = 4;
const MOST_GROWTH: usize = 1024;

/** Returns the address of a block of at least `bytes`, zeroed. */
export function allocate(bytes: usize): usize {
  const shift = shiftFor(bytes);
  const size: usize = 1 << shift;
  const list = FREE_BLOCKS + ((<usize>shift) << 2);
  const block = load<usize>(list);
  if (block === 0) {
    return shift < PAGE_SHIFT ? smallBlock(size) : reserve(size);
  }
  store<usize>(list, load<usize>(block));
  memory.fill(block, 0, size);
  return block;
}

/** Gives back a block that `allocate(bytes)` returned. */
export function release(block: usize, bytes: usize): void {
  const list = FREE_BLOCKS + ((<usize>shiftFor(bytes)) << 2);
  store<usize>(block, load<usize>(list));
  store<usize>(list, block);
}

/** Returns room for twice as many bytes, a power of two, with the content of `block`, which is released; 0: none. */
export function enlarge(block: usize, bytes: usize): usize {
  const larger = allocate(bytes << 1);
  if (block !== 0) {
    memory.copy(larger, block, bytes);
    release(block, bytes);
  }
  return larger;
}

/** Returns `bytes`, whole pages, that were never in use, zeroed: another state may have left something in them. */
export function reserve(bytes: usize): usize {
  const start = state.limit === 0 ? STORE : state.limit;
  state.limit = start + bytes;
  if (state.limit < start) {
    // 4 GiB are in use.
    outOfMemory();
  }
  const pages = (state.limit + 0xffff) >> WASM_SHIFT;
  const present = <usize>memory.size();
  if (pages > present) {
    growTo(pages, present);
  }
  memory.fill(start, 0, bytes);
  return start;
}

function growTo(pages: usize, present: usize): void {
  const spare = min<usize>(max<usize>(present >> 1, LEAST_GROWTH), MOST_GROWTH);
  if (memory.grow(<i32>(pages - present + spare)) < 0 && memory.grow(<i32>(pages - present)) < 0) {
    outOfMemory();
  }
  grew();
}

function shiftFor(bytes: usize): usize {
  return max<usize>(32 - clz<usize>(bytes - 1), LEAST_SHIFT);
}

function smallBlock(size: usize): usize {
  if (state.smallEnd - state.smallStart < size) {
    state.smallStart = reserve(STORE_PAGE);
    state.smallEnd = state.smallStart + STORE_PAGE;
  }
  const block = state.smallStart;
  state.smallStart = block + size;
  return block;
}
