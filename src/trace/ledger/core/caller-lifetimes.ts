import { allocate, enlarge, release } from "../../../wasm/core/store";
import { state } from "./ledger-state";

/**
 * How long blocks lived that were freed or resized, for each caller: LIFETIMES (trace/ledger/caller-lifetimes.ts) counts, and behind
 * them the caller.
 */

const CALLER: usize = 128;
const ROW_BYTES: usize = 136;
const FIRST_CALLERS: i32 = 16;

export function beginCallers(): void {
  state.callers = allocate(<usize>FIRST_CALLERS * ROW_BYTES);
  state.callerRoom = FIRST_CALLERS;
  state.callerSlots = allocate(FIRST_CALLERS << 3);
  state.callerMask = FIRST_CALLERS * 2 - 1;
}

/** The address of the counts of the caller with an index. */
export function lifetimesAt(index: i32): usize {
  return state.callers + <usize>index * ROW_BYTES;
}

/** Counts a block that lived for `events` events. */
export function countLifetime(index: i32, events: u32): void {
  const count = lifetimesAt(index) + ((<usize>(31 - clz<u32>(events | 1))) << 2);
  store<u32>(count, load<u32>(count) + 1);
}

/** The index of a caller; −1 if it is not known. */
export function indexOfCaller(caller: f64): i32 {
  return load<i32>(slotOf(caller)) - 1;
}

/** The index of a caller, which is added if it is new. */
export function addCaller(caller: f64): i32 {
  const slot = slotOf(caller);
  let index = load<i32>(slot) - 1;
  if (index >= 0) {
    return index;
  }
  index = state.callerCount;
  if (index === state.callerRoom) {
    grow();
  }
  state.callerCount = index + 1;
  store<f64>(lifetimesAt(index) + CALLER, caller);
  store<i32>(slotOf(caller), index + 1);
  return index;
}

/** The address of the slot of a caller: its index plus 1, or 0 where it belongs. */
function slotOf(caller: f64): usize {
  const bits = reinterpret<u64>(caller);
  let at = <u32>((bits * 0x9e3779b97f4a7c15) >> 32) & state.callerMask;
  let slot = state.callerSlots + ((<usize>at) << 2);
  let index = load<i32>(slot) - 1;
  while (index >= 0 && load<f64>(lifetimesAt(index) + CALLER) !== caller) {
    at = (at + 1) & state.callerMask;
    slot = state.callerSlots + ((<usize>at) << 2);
    index = load<i32>(slot) - 1;
  }
  return slot;
}

/** Doubles the room; slots are twice as many as callers. */
function grow(): void {
  const room = state.callerRoom;
  const bytes = <usize>room * ROW_BYTES;
  const callers = allocate(bytes * 2);
  memory.copy(callers, state.callers, bytes);
  release(state.callers, bytes);
  state.callers = callers;
  state.callerRoom = room * 2;
  const slotBytes = (<usize>room) << 3;
  state.callerSlots = enlarge(state.callerSlots, slotBytes);
  memory.fill(state.callerSlots, 0, slotBytes * 2);
  state.callerMask = room * 4 - 1;
  for (let index = 0; index < room; index++) {
    store<i32>(slotOf(load<f64>(lifetimesAt(index) + CALLER)), index + 1);
  }
}
