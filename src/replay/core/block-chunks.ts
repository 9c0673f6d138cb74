import { rec } from "../../ptmalloc/core/chunks";
import { m } from "../../ptmalloc/core/model";
import { allocate } from "../../wasm/core/store";
import { REALLOC } from "./actions";
import { ACTIONS, BLOCKS, byteAt, wordAt } from "./batch";
import { state } from "./state";

/**
 * The chunk of the replay that holds each live block, by block id; 0: none. A table of tables, so that nothing moves when
 * a log has more blocks than before. The first tables are small, since dozens of models may replay a short log.
 */
const LEAF_SHIFT: i32 = 10;
const LEAF_BLOCKS: i32 = 1 << LEAF_SHIFT;
const LEAF_BYTES: usize = 4 * ((<usize>1) << LEAF_SHIFT);

/** Tables of chunk records up to this size (256 KiB) stay in the processor's cache anyway. */
const CACHED_CHUNKS: i32 = 8192;

/** Returns the chunk that holds live block `block`; 0 if the model could not serve it. */
export function chunkOf(block: i32): i32 {
  const leaf = block >> LEAF_SHIFT;
  if (<u32>leaf >= <u32>state.blockLeaves) {
    return 0;
  }
  const chunks = load<usize>(m.blocks + ((<usize>leaf) << 2));
  return chunks === 0 ? 0 : load<i32>(chunks + ((<usize>(block & (LEAF_BLOCKS - 1))) << 2));
}

/** `block` is not negative. */
export function setChunk(block: i32, c: i32): void {
  const leaf = block >> LEAF_SHIFT;
  if (leaf >= state.blockLeaves) {
    growTo(leaf + 1);
  }
  const entry = m.blocks + ((<usize>leaf) << 2);
  let chunks = load<usize>(entry);
  if (chunks === 0) {
    chunks = allocate(LEAF_BYTES);
    store<usize>(entry, chunks);
  }
  store<i32>(chunks + ((<usize>(block & (LEAF_BLOCKS - 1))) << 2), c);
}

function growTo(leaves: i32): void {
  let room = max(state.blockLeaves, 16);
  while (room < leaves) {
    room <<= 1;
  }
  const table = allocate((<usize>room) << 2);
  memory.copy(table, m.blocks, (<usize>state.blockLeaves) << 2);
  m.blocks = table;
  state.blockLeaves = room;
}

/**
 * Loads the records that freeing the blocks of rows from..to-1 will read, those of their neighbours, into the cache:
 * these loads overlap, whereas those of the replay wait for one another.
 */
export function warm(from: i32, to: i32): void {
  if (m.chunkCount <= CACHED_CHUNKS) {
    return;
  }
  let sum = 0;
  for (let i = from; i < to; i++) {
    const block = wordAt(BLOCKS, i);
    if (block >= 0 && byteAt(ACTIONS, i) >= REALLOC) {
      const record = rec(chunkOf(block));
      sum += rec(record.next).state + rec(record.prev).state;
    }
  }
  state.warmed = sum;
}
