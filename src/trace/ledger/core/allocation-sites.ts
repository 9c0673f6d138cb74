import { allocate, enlarge } from "../../../wasm/core/store";
import {
  ACTION_BITS,
  ACTIONS,
  ALLOCATIONS,
  BLOCKS,
  byteAt,
  CALLERS,
  doubleAt,
  HASHES,
  LIVE_AFTER,
  LOST,
  LOST_BYTES,
  LOST_FREE,
  OLD_OWNERS,
  OLD_SIZES,
  PVALLOC,
  REALLOC,
  SIZES,
  setWord,
  THREADS,
  wordAt,
} from "./batch";
import { BlockRow, rowOf } from "./block-rows";
import { addCaller, beginCallers, countLifetime } from "./caller-lifetimes";
import { state } from "./ledger-state";
import { hash, hasTagOf, isNear, renewSlots, setSlot, siteIn, slotAt } from "./site-slots";
import { threadRow } from "./threads";

/** Who allocates: a row for each call site, requested size and thread, as trace/ledger/allocation-sites.ts describes them. */

/** A site's row, which fills one cache line. */
@unmanaged
export class SiteRow {
  caller: f64;
  size: f64;
  calls: f64;
  volume: f64;
  /** bytes freed since the peak `epoch` that were live then */
  gone: f64;
  /** live bytes, when they were summed last */
  live: f64;
  thread: i32;
  /** index of its caller */
  callerIndex: i32;
  /** number of the peak since which `gone` counts; if it is not the last one, `gone` is 0 */
  epoch: i32;
  temporary: u32;
}

const ROW_SHIFT: usize = 6;
/** Rows lie in leaves of 64, so that nothing moves when there are more. */
const LEAF_SHIFT: usize = 6;
const LEAF_MASK: usize = 63;
const LEAF_BYTES: usize = 1 << (LEAF_SHIFT + ROW_SHIFT);
const FIRST_LEAVES: i32 = 8;
const FIRST_SLOTS: u32 = 512;

/** Rows whose sites are brought into the cache at once. */
const AHEAD: i32 = 64;
/** Up to so many rows (1 MiB) stay in the processor's cache anyway. */
const CACHED_SITES: i32 = 16384;

/** TEMPORARY_CALLS (trace/ledger/site-table.ts) */
const TEMPORARY_CALLS: u32 = 16;
/** FEW_CALLS (trace/ledger/site-limits.ts) */
const FEW_CALLS: u32 = 64;
/** Stands for all sizes, threads or callers that are not told apart. */
const ANY: i32 = -1;
const ANY_CALLER: f64 = -Infinity;
const NO_LIMIT: i32 = i32.MAX_VALUE;

/** The limits are those of SiteLimits. */
export function beginSites(ofFewCalls: i32, exact: i32, anyThread: i32, anySize: i32): void {
  state.ofFewCalls = ofFewCalls;
  state.exact = exact;
  state.anyThread = anyThread;
  state.anySize = anySize;
  state.siteLeaves = allocate((<usize>FIRST_LEAVES) << 2);
  state.siteLeafRoom = FIRST_LEAVES;
  state.siteSlots = allocate((<usize>FIRST_SLOTS) << 2);
  state.siteMask = FIRST_SLOTS - 1;
  beginCallers();
}

export function siteCount(): i32 {
  return state.siteCount;
}

export function siteRow(site: i32): SiteRow {
  const leaf = load<usize>(state.siteLeaves + ((<usize>site >> LEAF_SHIFT) << 2));
  return changetype<SiteRow>(leaf + ((<usize>site & LEAF_MASK) << ROW_SHIFT));
}

/** New peaks of live bytes so far, modulo 2^32. */
export function peaks(): i32 {
  return state.peaks;
}

/** Counts rows from..to-1, which have just been applied to the blocks. */
export function count(from: i32, to: i32): void {
  const first = state.events - from;
  const peak = peakOf(from, to);
  let epoch = state.peaks;
  let live = state.countedBytes;
  for (let i = from; i < to; i++) {
    if (i === from || i % AHEAD === 0) {
      lookAhead(i, min((i | (AHEAD - 1)) + 1, to));
    }
    const block = wordAt(BLOCKS, i);
    if (block >= 0) {
      const row = rowOf(block);
      const action = byteAt(ACTIONS, i);
      let gone = doubleAt(OLD_SIZES, i);
      if (action >= LOST_FREE) {
        const bytes = doubleAt(LOST_BYTES, i);
        lose(rowOf(wordAt(LOST, i)), bytes, i > peak, epoch);
        gone += bytes;
      }
      const plain = action & ACTION_BITS;
      if (plain > PVALLOC || plain === REALLOC) {
        leave(row, i, i > peak, epoch, first + i);
      }
      const liveAfter = doubleAt(LIVE_AFTER, i);
      if (plain <= PVALLOC) {
        row.epoch = epoch;
        row.event = first + i;
        // Not the requested size: that of a call which no process has memory for counts as 0.
        enter(row, i, liveAfter - live + gone);
      }
      live = liveAfter;
    }
    if (i === peak) {
      epoch++;
    }
  }
  state.peaks = epoch;
  state.countedBytes = live;
  state.events += to - from;
}

/** The block of a row is allocated or resized to `bytes` by the event in row `i`. */
function enter(row: BlockRow, i: i32, bytes: f64): void {
  const thread = wordAt(THREADS, i);
  const allocating = threadRow(thread);
  allocating.allocations++;
  const few = <u32>allocating.allocations <= FEW_CALLS;
  const site = siteOf(
    doubleAt(CALLERS, i),
    doubleAt(SIZES, i),
    thread,
    <u32>wordAt(HASHES, i),
    few,
  );
  const counted = siteRow(site);
  row.site = ~site;
  row.born = allocating.allocations;
  row.callerIndex = counted.callerIndex;
  counted.calls += 1;
  counted.volume += bytes;
}

/** The block of a row is freed or resized by event `event`, in row `i`. */
function leave(row: BlockRow, i: i32, isAfterPeak: bool, epoch: i32, event: i32): void {
  const site = ~row.site;
  row.site = 0;
  if (isAfterPeak && row.epoch !== epoch) {
    countGone(site, doubleAt(OLD_SIZES, i), epoch);
  }
  if (<u32>(threadRow(wordAt(OLD_OWNERS, i)).allocations - row.born) <= TEMPORARY_CALLS) {
    siteRow(site).temporary++;
  }
  countLifetime(row.callerIndex, <u32>(event - row.event));
}

/** Removes a block whose free is missing: nothing shows how long it lived. */
function lose(row: BlockRow, bytes: f64, isAfterPeak: bool, epoch: i32): void {
  if (isAfterPeak && row.epoch !== epoch) {
    countGone(~row.site, bytes, epoch);
  }
  row.site = 0;
}

/** A block of the site that was live at the last peak is freed. */
function countGone(site: i32, bytes: f64, epoch: i32): void {
  const row = siteRow(site);
  if (row.epoch !== epoch) {
    row.epoch = epoch;
    row.gone = 0;
  }
  row.gone += bytes;
}

/** The last of the rows that brings live bytes to a new peak; −1 if none does. */
function peakOf(from: i32, to: i32): i32 {
  let peak = -1;
  let most = state.peakBytes;
  for (let i = from; i < to; i++) {
    const live = doubleAt(LIVE_AFTER, i);
    if (live > most) {
      most = live;
      peak = i;
    }
  }
  state.peakBytes = most;
  return peak;
}

/**
 * Hashes the keys of the sites of allocations from..to-1. Loads their slots, then their rows, into the cache: these loads
 * overlap, those of a search wait for one another.
 */
function lookAhead(from: i32, to: i32): void {
  // No branch in the loops: whether a row is an allocation or a free cannot be predicted.
  let allocations = 0;
  for (let i = from; i < to; i++) {
    setWord(ALLOCATIONS, allocations, i);
    allocations += <i32>returnsBlock(i);
  }
  let sum: u32 = 0;
  const mask = state.siteMask;
  for (let n = 0; n < allocations; n++) {
    const i = wordAt(ALLOCATIONS, n);
    const mixed = hash(doubleAt(CALLERS, i), doubleAt(SIZES, i), wordAt(THREADS, i));
    setWord(HASHES, i, mixed);
    sum += slotAt(mixed & mask);
  }
  if (state.siteCount > CACHED_SITES) {
    for (let n = 0; n < allocations; n++) {
      const mixed = <u32>wordAt(HASHES, wordAt(ALLOCATIONS, n));
      sum += siteRow(max(siteIn(slotAt(mixed & mask)), 0)).thread;
    }
  }
  state.warmed = sum;
}

/** Of the rows with a block, the others free it. */
function returnsBlock(i: i32): bool {
  return (
    (<i32>(wordAt(BLOCKS, i) >= 0) & <i32>((byteAt(ACTIONS, i) & ACTION_BITS) <= PVALLOC)) === 1
  );
}

/** `few`: the thread has allocated only a few times. */
function siteOf(caller: f64, size: f64, thread: i32, mixed: u32, few: bool): i32 {
  const most = few ? min(state.ofFewCalls, state.exact) : state.exact;
  let site = find(caller, size, thread, mixed, most);
  if (site < 0) {
    site = find(caller, size, ANY, hash(caller, size, ANY), state.anyThread);
  }
  if (site < 0) {
    site = find(caller, ANY, ANY, hash(caller, ANY, ANY), state.anySize);
  }
  if (site < 0) {
    site = find(ANY_CALLER, ANY, ANY, hash(ANY_CALLER, ANY, ANY), NO_LIMIT);
  }
  return site;
}

/** The site of the key, which is added if there are fewer than `limit` sites; −1 if it is not there. */
function find(caller: f64, size: f64, thread: i32, mixed: u32, limit: i32): i32 {
  const mask = state.siteMask;
  let at = mixed & mask;
  let slot = slotAt(at);
  while (slot !== 0) {
    if (hasTagOf(slot, mixed)) {
      const row = siteRow(siteIn(slot));
      if (row.size === size && row.caller === caller && row.thread === thread) {
        return siteIn(slot);
      }
    }
    at = (at + 1) & mask;
    slot = slotAt(at);
  }
  return state.siteCount < limit && isNear(at, mixed, limit)
    ? add(at, caller, size, thread, mixed)
    : -1;
}

function add(at: u32, caller: f64, size: f64, thread: i32, mixed: u32): i32 {
  const site = state.siteCount;
  if ((<usize>site & LEAF_MASK) === 0) {
    addLeaf(site >> <i32>LEAF_SHIFT);
  }
  state.siteCount = site + 1;
  const row = siteRow(site);
  row.caller = caller;
  row.size = size;
  row.thread = thread;
  row.callerIndex = addCaller(caller);
  setSlot(at, site, mixed);
  if (<u32>(site + 1) * 2 > state.siteMask) {
    grow();
  }
  return site;
}

function addLeaf(leaf: i32): void {
  if (leaf === state.siteLeafRoom) {
    state.siteLeaves = enlarge(state.siteLeaves, (<usize>leaf) << 2);
    state.siteLeafRoom = leaf << 1;
  }
  store<usize>(state.siteLeaves + ((<usize>leaf) << 2), allocate(LEAF_BYTES));
}

function grow(): void {
  renewSlots();
  const sites = state.siteCount;
  for (let site = 0; site < sites; site++) {
    const row = siteRow(site);
    const mixed = hash(row.caller, row.size, row.thread);
    let at = mixed & state.siteMask;
    while (slotAt(at) !== 0) {
      at = (at + 1) & state.siteMask;
    }
    setSlot(at, site, mixed);
  }
}

/** Sums the live blocks of each site into its row. */
export function sumLive(): void {
  const sites = state.siteCount;
  for (let site = 0; site < sites; site++) {
    siteRow(site).live = 0;
  }
  const ids = state.idLimit;
  for (let id = 0; id < ids; id++) {
    const row = rowOf(id);
    if (row.site !== 0) {
      siteRow(~row.site).live += row.bytes;
    }
  }
}
