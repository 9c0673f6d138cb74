import { allocate } from "../../../wasm/core/store";
import {
  ACTIONS,
  ALIGNS,
  BLOCKS,
  byteAt,
  doubleAt,
  FREE,
  HASHES_IN,
  HASHES_OUT,
  MALLOC,
  MALLOC_TRIM,
  MALLOPT,
  NO_BLOCK,
  NONE,
  OP_FREE,
  OP_MALLOC_TRIM,
  OP_MALLOPT,
  OP_MEMALIGN,
  OP_PVALLOC,
  OP_REALLOC,
  OPS,
  POINTERS_IN,
  POINTERS_OUT,
  REALLOC,
  SIZES,
  setByte,
  setWord,
  wordAt,
} from "./batch";
import { rowOf } from "./block-rows";
import { state } from "./ledger-state";
import {
  attach,
  detachHashed,
  findHashed,
  firstIn,
  hashOf,
  insertHashed,
  removeHashed,
} from "./pointer-table";
import { addFreed } from "./recently-freed";

/** Resolves the pointers of calls that contradict nothing. All others are left to the facade (trace/ledger/resolver.ts). */

/** Bytes that a process can address (trace/signs/address-space.ts). */
const ADDRESS_SPACE: f64 = 0x1_0000_0000_0000;

/** Rows whose slots and block rows are brought into the cache at once. */
const AHEAD: i32 = 32;
/** Up to here tables and rows (1 MiB) stay in the processor's cache anyway. */
const CACHED_IDS: i32 = 8192;

const WATCHED_BITS: u32 = 18;

/** Resolves rows from..to-1, up to the first that is left to the facade. Returns that one, or `to`. */
export function resolve(from: i32, to: i32): i32 {
  for (let i = from; i < to; i++) {
    // The facade may have put other rows after `from`.
    if (i === from || i % AHEAD === 0) {
      lookAhead(i, min((i | (AHEAD - 1)) + 1, to));
    }
    if (!resolveRow(i)) {
      return i;
    }
  }
  return to;
}

function resolveRow(i: i32): bool {
  const op = byteAt(OPS, i);
  if (op === OP_FREE) {
    return freed(i);
  }
  if (op === OP_REALLOC) {
    return reallocated(i);
  }
  if (op <= OP_PVALLOC) {
    // The actions are in the order of the ops.
    return allocated(i, op + 1);
  }
  act(i, op === OP_MALLOC_TRIM ? MALLOC_TRIM : op === OP_MALLOPT ? MALLOPT : NONE, NO_BLOCK);
  return true;
}

function act(i: i32, action: i32, block: i32): void {
  setByte(ACTIONS, i, action);
  setWord(BLOCKS, i, block);
}

function allocated(i: i32, action: i32): bool {
  const pointer = doubleAt(POINTERS_OUT, i);
  if (pointer === 0 || doubleAt(SIZES, i) >= ADDRESS_SPACE) {
    return false;
  }
  if (action === OP_MEMALIGN + 1 && doubleAt(ALIGNS, i) >= ADDRESS_SPACE) {
    return false;
  }
  if (isWatched(pointer)) {
    return false;
  }
  const block = insertHashed(pointer, wordAt(HASHES_OUT, i));
  if (block < 0) {
    return false;
  }
  act(i, action, block);
  return true;
}

function freed(i: i32): bool {
  const pointer = doubleAt(POINTERS_IN, i);
  if (pointer === 0) {
    act(i, NONE, NO_BLOCK);
    return true;
  }
  if (isWatched(pointer)) {
    return false;
  }
  const block = removeHashed(pointer, wordAt(HASHES_IN, i));
  if (block < 0) {
    return false;
  }
  addFreed(pointer);
  act(i, FREE, block);
  return true;
}

function reallocated(i: i32): bool {
  const from = doubleAt(POINTERS_IN, i);
  const to = doubleAt(POINTERS_OUT, i);
  if (from === 0) {
    return allocated(i, MALLOC);
  }
  const size = doubleAt(SIZES, i);
  if (to === 0) {
    return size === 0 && freed(i);
  }
  if (size >= ADDRESS_SPACE) {
    return false;
  }
  if (from === to) {
    const same = findHashed(from, wordAt(HASHES_IN, i));
    if (same < 0) {
      return false;
    }
    act(i, REALLOC, same);
    return true;
  }
  if (findHashed(to, wordAt(HASHES_OUT, i)) >= 0) {
    return false;
  }
  const block = detachHashed(from, wordAt(HASHES_IN, i));
  if (block < 0) {
    return false;
  }
  addFreed(from);
  attach(to, block);
  act(i, REALLOC, block);
  return true;
}

/** From now on calls that return or free the pointer are left to the facade. */
export function watch(pointer: f64): void {
  if (state.watched === 0) {
    state.watched = allocate(1 << (WATCHED_BITS - 3));
  }
  const bit = watchedBit(pointer);
  const byte = state.watched + <usize>(bit >> 3);
  store<u8>(byte, load<u8>(byte) | ((<u8>1) << (<u8>(bit & 7))));
}

/** True for all pointers that are watched, and for few others. */
function isWatched(pointer: f64): bool {
  if (state.watched === 0) {
    return false;
  }
  const bit = watchedBit(pointer);
  return ((<u32>load<u8>(state.watched + <usize>(bit >> 3)) >> (bit & 7)) & 1) === 1;
}

function watchedBit(pointer: f64): u32 {
  return (<u32>(<i64>pointer >> 4) * 0x9e3779b1) >> (32 - WATCHED_BITS);
}

/**
 * Hashes the pointers in rows from..to-1. Loads their slots, then the rows of their blocks, into the cache: these loads
 * overlap, those of lookups in sequence wait for one another.
 */
function lookAhead(from: i32, to: i32): void {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const hashIn = hashOf(doubleAt(POINTERS_IN, i));
    const hashOut = hashOf(doubleAt(POINTERS_OUT, i));
    setWord(HASHES_IN, i, hashIn);
    setWord(HASHES_OUT, i, hashOut);
    sum += firstIn(hashIn) + firstIn(hashOut);
  }
  if (state.idLimit > CACHED_IDS) {
    for (let i = from; i < to; i++) {
      // No branch: whether a row is an allocation or a free cannot be predicted.
      sum += rowOf(max(firstIn(wordAt(HASHES_IN, i)), 0)).site;
    }
  }
  state.warmed = sum;
}
