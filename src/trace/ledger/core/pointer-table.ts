import { allocate, enlarge, release } from "../../../wasm/core/store";
import { outOfMemory } from "../../../wasm/core/store-host";
import { addRow, rowOf } from "./block-rows";
import { RESTING_IDS, state } from "./ledger-state";

/**
 * Pointer → dense block id, for every pointer that is live in the log; the pointer is in the block's row.
 *
 * Open addressing with linear probing. A slot has the id plus 1, and above it the distance from the slot where the search for
 * its pointer begins: only slots at the same distance need their rows read. A deletion moves the rest of its run back and
 * leaves no tombstone, so a log that frees as much as it allocates never fills the table. Memory grows with the peak number
 * of live pointers, and never shrinks.
 */

/** 67 million rows would take the whole memory. */
const ID_BITS: u32 = 26;
const ID_MASK: u32 = (1 << ID_BITS) - 1;
/** Stands for all distances from here on. */
const FAR: u32 = 63;
const FIRST_SLOTS: u32 = 1024;

/**
 * An id is reused only after REORDER_WINDOW_LINES others were freed: calls within that window, which may have happened the
 * other way round, then share an id only if they share a block.
 */
const RESTING: u32 = 64;

const FIRST_FREE_IDS: i32 = 64;

/** distance of the slot that `probe` returned last */
let distance: u32 = 0;

export function beginPointers(): void {
  state.slots = allocate((<usize>FIRST_SLOTS) << 2);
  setSlots(FIRST_SLOTS);
  state.freeIds = allocate((<usize>FIRST_FREE_IDS) << 2);
  state.freeIdRoom = FIRST_FREE_IDS;
}

function setSlots(slots: u32): void {
  state.slotMask = slots - 1;
  state.hashShift = clz<u32>(slots - 1);
  // A higher load makes runs longer and mispredicts more branches.
  state.mostPointers = <i32>(slots >> 1);
}

export function pointers(): i32 {
  return state.pointers;
}

/** The id of pointer `p` (≠ 0) with this hash, or −1. */
export function findHashed(p: f64, hash: u32): i32 {
  return idIn(slotAt(probe(p, hash)));
}

export function find(p: f64): i32 {
  return findHashed(p, hashOf(p));
}

/** Adds `p` (≠ 0) and returns its new id. If `p` is in the table already, changes nothing and returns ~id. */
export function insertHashed(p: f64, hash: u32): i32 {
  const at = probe(p, hash);
  const slot = slotAt(at);
  if (slot !== 0) {
    return ~idIn(slot);
  }
  const id = newId();
  put(at, p, id);
  return id;
}

export function insert(p: f64): i32 {
  return insertHashed(p, hashOf(p));
}

/** Removes `p` and returns its id, which rests and is then reused; −1 if `p` is not in the table. */
export function removeHashed(p: f64, hash: u32): i32 {
  const id = detachHashed(p, hash);
  if (id >= 0) {
    recycle(id);
  }
  return id;
}

export function remove(p: f64): i32 {
  return removeHashed(p, hashOf(p));
}

/** Removes `p` and returns its id, which stays in use for `attach`; −1 if `p` is not in the table. */
export function detachHashed(p: f64, hash: u32): i32 {
  const at = probe(p, hash);
  const slot = slotAt(at);
  if (slot === 0) {
    return -1;
  }
  state.pointers--;
  closeGap(at);
  const id = idIn(slot);
  rowOf(id).pointer = 0;
  return id;
}

export function detach(p: f64): i32 {
  return detachHashed(p, hashOf(p));
}

/** Adds `p` with `id`, which `detach` returned. Returns the id that `p` had until now and that now rests, or −1. */
export function attach(p: f64, id: i32): i32 {
  const at = probe(p, hashOf(p));
  const slot = slotAt(at);
  if (slot === 0) {
    put(at, p, id);
    return -1;
  }
  const displaced = idIn(slot);
  setSlot(at, (slot & ~ID_MASK) | <u32>(id + 1));
  rowOf(displaced).pointer = 0;
  rowOf(id).pointer = p;
  recycle(displaced);
  return displaced;
}

/** Reads the slot where the search begins, which brings it into the cache. Returns its id, or −1. */
export function firstIn(hash: u32): i32 {
  return idIn(slotAt(hash >> state.hashShift));
}

/** The upper bits give the slot where the search for `p` begins. */
export function hashOf(p: f64): u32 {
  // Fibonacci hashing: the upper bits of the product depend on all bits, and near addresses never share a slot.
  return <u32>((<u64>(<i64>p >> 4) * 0x9e3779b97f4a7c15) >> 32);
}

function slotAt(at: u32): u32 {
  return load<u32>(state.slots + ((<usize>at) << 2));
}

function setSlot(at: u32, slot: u32): void {
  store<u32>(state.slots + ((<usize>at) << 2), slot);
}

/** −1 for an empty slot. */
function idIn(slot: u32): i32 {
  return <i32>(slot & ID_MASK) - 1;
}

/** The slot of `p`, or the empty one where it belongs. */
function probe(p: f64, hash: u32): u32 {
  const mask = state.slotMask;
  let at = hash >> state.hashShift;
  distance = 0;
  let slot = slotAt(at);
  while (slot !== 0) {
    if (slot >> ID_BITS === min(distance, FAR) && rowOf(idIn(slot)).pointer === p) {
      break;
    }
    at = (at + 1) & mask;
    distance++;
    slot = slotAt(at);
  }
  return at;
}

/** Adds `p` with `id` at the empty slot that `probe` returned. */
function put(at: u32, p: f64, id: i32): void {
  setSlot(at, (min(distance, FAR) << ID_BITS) | <u32>(id + 1));
  rowOf(id).pointer = p;
  if (++state.pointers > state.mostPointers) {
    grow();
  }
}

function newId(): i32 {
  if (state.freeIdCount > 0) {
    // The latest is reused first, because its row is still in the cache.
    state.freeIdCount--;
    return load<i32>(state.freeIds + ((<usize>state.freeIdCount) << 2));
  }
  const id = state.idLimit;
  if (<u32>id + 1 >= ID_MASK) {
    outOfMemory();
  }
  addRow(id);
  state.idLimit = id + 1;
  return id;
}

function recycle(freed: i32): void {
  const place = RESTING_IDS + ((<usize>(state.rests % RESTING)) << 2);
  state.rests++;
  const id = load<i32>(place) - 1;
  store<i32>(place, freed + 1);
  if (id < 0) {
    return;
  }
  if (state.freeIdCount === state.freeIdRoom) {
    state.freeIds = enlarge(state.freeIds, (<usize>state.freeIdRoom) << 2);
    state.freeIdRoom <<= 1;
  }
  store<i32>(state.freeIds + ((<usize>state.freeIdCount) << 2), id);
  state.freeIdCount++;
}

/** Fills slot `gap` by moving back later slots of the run, and empties the last one that moved. */
function closeGap(gap: u32): void {
  const mask = state.slotMask;
  let at = (gap + 1) & mask;
  let slot = slotAt(at);
  while (slot !== 0) {
    const back = (at - gap) & mask;
    const away = distanceOf(slot, at);
    // No slot moves before the one where its search begins.
    if (away >= back) {
      setSlot(gap, (min(away - back, FAR) << ID_BITS) | (slot & ID_MASK));
      gap = at;
    }
    at = (at + 1) & mask;
    slot = slotAt(at);
  }
  setSlot(gap, 0);
}

function distanceOf(slot: u32, at: u32): u32 {
  const away = slot >> ID_BITS;
  return away < FAR
    ? away
    : (at - (hashOf(rowOf(idIn(slot)).pointer) >> state.hashShift)) & state.slotMask;
}

function grow(): void {
  const slots = state.slotMask + 1;
  release(state.slots, (<usize>slots) << 2);
  state.slots = allocate((<usize>slots) << 3);
  setSlots(slots << 1);
  const ids = state.idLimit;
  for (let id = 0; id < ids; id++) {
    const p = rowOf(id).pointer;
    if (p !== 0) {
      const at = probe(p, hashOf(p));
      setSlot(at, (min(distance, FAR) << ID_BITS) | <u32>(id + 1));
    }
  }
}
