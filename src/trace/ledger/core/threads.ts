import { allocate, enlarge, release } from "../../../wasm/core/store";
import {
  byteAt,
  doubleAt,
  OP_FREE,
  OP_MEMALIGN,
  OP_PVALLOC,
  OPS,
  setWord,
  THREADS,
  TIDS,
  TIMES,
  wordAt,
} from "./batch";
import { state } from "./ledger-state";

/** A thread of the log, as trace/ledger/threads.ts describes its figures. Counts are doubles. */
@unmanaged
export class ThreadRow {
  malloc: f64;
  calloc: f64;
  realloc: f64;
  memalign: f64;
  free: f64;
  /** lines that are no calls of these */
  other: f64;
  failed: f64;
  volume: f64;
  liveBytes: f64;
  liveBlocks: f64;
  peakLiveBytes: f64;
  freedByOthers: f64;
  freedForOthers: f64;
  firstTime: f64;
  lastTime: f64;
  /** peak of live bytes since the open point of the timeline began */
  pointPeak: f64;
  tid: i32;
  /** allocations that returned the pointer of another thread's live block */
  taken: i32;
  /** allocations so far, modulo 2^32 */
  allocations: i32;
}

/** Bytes of a row: two cache lines and a part of the next. */
const ROW_BYTES: usize = 144;
/** The counts of lines are the first doubles, in this order. */
const MEMALIGN: i32 = 3;
const FREE: i32 = 4;
const OTHER: i32 = 5;

const FIRST_THREADS: i32 = 16;
/** Thread ids are not negative: their index is found by open addressing with linear probing. */
const FIRST_TID_SLOTS: u32 = 64;

export function beginThreads(): void {
  state.threads = allocate(<usize>FIRST_THREADS * ROW_BYTES);
  state.threadRoom = FIRST_THREADS;
  state.tidSlots = allocate((<usize>FIRST_TID_SLOTS) << 2);
  state.tidMask = FIRST_TID_SLOTS - 1;
  state.lastTid = -1;
}

export function threadCount(): i32 {
  return state.threadCount;
}

export function threadRow(thread: i32): ThreadRow {
  return changetype<ThreadRow>(state.threads + <usize>thread * ROW_BYTES);
}

/** Counts the lines of rows 0..length-1 and fills their threads. */
export function enter(length: i32): void {
  for (let i = 0; i < length; i++) {
    const thread = threadOf(wordAt(TIDS, i));
    setWord(THREADS, i, thread);
    const row = threadRow(thread);
    const cell = changetype<usize>(row) + ((<usize>cellOf(byteAt(OPS, i))) << 3);
    store<f64>(cell, load<f64>(cell) + 1);
    const time = doubleAt(TIMES, i);
    if (isNaN(time)) {
      continue;
    }
    // The times are NaN at first, for which every comparison is false.
    if (!(time >= row.firstTime)) {
      row.firstTime = time;
    }
    if (!(time <= row.lastTime)) {
      row.lastTime = time;
    }
  }
}

/** The cell that counts the lines of an op. */
function cellOf(op: i32): i32 {
  if (op <= OP_MEMALIGN) {
    return op;
  }
  return op <= OP_PVALLOC ? MEMALIGN : op === OP_FREE ? FREE : OTHER;
}

/** The index of a thread id, which is seen from now on. */
function threadOf(tid: i32): i32 {
  // Consecutive lines are mostly of the same thread.
  if (tid === state.lastTid) {
    return state.lastThread;
  }
  const slot = slotOf(tid);
  let thread = load<i32>(slot) - 1;
  if (thread < 0) {
    thread = addThread(tid);
    if (<u32>state.threadCount * 2 > state.tidMask) {
      growSlots();
    } else {
      store<i32>(slot, thread + 1);
    }
  }
  state.lastTid = tid;
  state.lastThread = thread;
  return thread;
}

/** The address of the slot of a thread id: its index plus 1, or 0 where it belongs. */
function slotOf(tid: i32): usize {
  const mask = state.tidMask;
  // The kernel assigns tids in sequence: their low bits are nearly a perfect hash. The product is for other strides.
  let at = (<u32>tid + (<u32>tid >> 6) * 0x9e3779b1) & mask;
  let slot = state.tidSlots + ((<usize>at) << 2);
  let thread = load<i32>(slot) - 1;
  while (thread >= 0 && threadRow(thread).tid !== tid) {
    at = (at + 1) & mask;
    slot = state.tidSlots + ((<usize>at) << 2);
    thread = load<i32>(slot) - 1;
  }
  return slot;
}

function addThread(tid: i32): i32 {
  const thread = state.threadCount;
  if (thread === state.threadRoom) {
    const larger = allocate(<usize>(thread * 2) * ROW_BYTES);
    memory.copy(larger, state.threads, <usize>thread * ROW_BYTES);
    release(state.threads, <usize>thread * ROW_BYTES);
    state.threads = larger;
    state.threadRoom = thread * 2;
  }
  state.threadCount = thread + 1;
  const row = threadRow(thread);
  row.tid = tid;
  row.firstTime = NaN;
  row.lastTime = NaN;
  return thread;
}

function growSlots(): void {
  const slots = state.tidMask + 1;
  state.tidSlots = enlarge(state.tidSlots, (<usize>slots) << 2);
  memory.fill(state.tidSlots, 0, (<usize>slots) << 3);
  state.tidMask = slots * 2 - 1;
  const count = state.threadCount;
  for (let thread = 0; thread < count; thread++) {
    store<i32>(slotOf(threadRow(thread).tid), thread + 1);
  }
}

/** Counts a block of `bytes` that the thread of `row` allocated, or resized to that. */
export function countAllocated(row: ThreadRow, bytes: f64): void {
  row.volume += bytes;
  row.liveBlocks += 1;
  const live = row.liveBytes + bytes;
  row.liveBytes = live;
  if (live <= row.pointPeak) {
    return;
  }
  row.pointPeak = live;
  if (live > row.peakLiveBytes) {
    row.peakLiveBytes = live;
  }
}

/** Counts a block of `owner` that `thread` freed or resized; `bytes` is its former size. */
export function countFreed(thread: i32, owner: i32, bytes: f64): void {
  const row = threadRow(owner);
  row.liveBytes -= bytes;
  row.liveBlocks -= 1;
  if (thread !== owner) {
    row.freedByOthers += bytes;
    threadRow(thread).freedForOthers += bytes;
  }
}

/** Removes a block of `owner` that an unknown thread freed: an allocation of `thread` returned its pointer. */
export function countLost(thread: i32, owner: i32, bytes: f64): void {
  const row = threadRow(owner);
  row.liveBytes -= bytes;
  row.liveBlocks -= 1;
  if (thread !== owner) {
    threadRow(thread).taken += 1;
  }
}
