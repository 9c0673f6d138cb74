import { grew, outOfMemory } from "./host";
import { FREE_MEMORY, STORE, state } from "./ledger-state";

/**
 * Blocks of memory for tables: their sizes are powers of two, and released ones are used again. Memory is added at the end,
 * so that nothing moves but a table that has outgrown its block.
 */

const PAGE: usize = 4096;
const PAGE_SHIFT: usize = 12;
/** The smallest block has 16 bytes. */
const LEAST_SHIFT: usize = 4;
/** Bytes of a page of WebAssembly. */
const WASM_SHIFT: usize = 16;
/** WebAssembly pages that the memory grows by at most if it need not: half of what there is, but no more. */
const MOST_SPARE: usize = 256;

/** Returns the address of a block of at least `bytes`, zeroed. */
export function allocate(bytes: usize): usize {
  const shift = shiftFor(bytes);
  const size: usize = 1 << shift;
  const list = FREE_MEMORY + (shift << 2);
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
  const list = FREE_MEMORY + (shiftFor(bytes) << 2);
  store<usize>(block, load<usize>(list));
  store<usize>(list, block);
}

/** Returns room for twice as many bytes, with the content of `block`, which is released. */
export function enlarge(block: usize, bytes: usize): usize {
  const larger = allocate(bytes << 1);
  memory.copy(larger, block, bytes);
  release(block, bytes);
  return larger;
}

/** Another ledger may have left something in the memory. */
function reserve(bytes: usize): usize {
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
  const spare = min<usize>(present >> 1, MOST_SPARE);
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
    state.smallStart = reserve(PAGE);
    state.smallEnd = state.smallStart + PAGE;
  }
  const block = state.smallStart;
  state.smallStart = block + size;
  return block;
}
