import { ACTION_BITS, LOST_FREE, MALLOC, PVALLOC, REALLOC } from "../../replay/core/actions";
import { allocate, reserve } from "../../wasm/core/store";
import { BATCH_BYTES } from "./columns";
import { Drift, FIRST_ROOM, newTable } from "./drift";
import { BlockPlace, blockPlace, lagOf, nameOf, newName, ThreadPlace, threadPlace } from "./places";
import {
  addEvent,
  addNote as addNoteAt,
  leave,
  placeBefore,
  REST_BYTES,
  takeRow,
  WAITING_BYTES,
  Waiting,
} from "./waiting";

export { nameOf } from "./places";
export { flush } from "./waiting";

let input: usize = 0;
let output: usize = 0;

/** Returns the address of the batch that the drifts take. */
export function inputBatch(): usize {
  if (input === 0) {
    input = reserve(BATCH_BYTES);
  }
  return input;
}

/** Returns the address of the batch that the drifts fill. */
export function outputBatch(): usize {
  if (output === 0) {
    output = reserve(BATCH_BYTES);
  }
  return output;
}

/** Begins an order with event number `first`. Blocks that live then have ids below `ids`. See ../thread-drift.ts. */
export function begin(seed: i32, events: i32, time: f64, first: f64, ids: i32): usize {
  const d = changetype<Drift>(allocate(offsetof<Drift>()));
  d.seed = seed;
  d.events = events;
  d.time = time;
  let room = 1;
  while (room < events) {
    room <<= 1;
  }
  d.mask = room - 1;
  d.rows = allocate(<usize>room * WAITING_BYTES);
  d.rest = allocate(<usize>room * REST_BYTES);
  d.heads = allocate((<usize>room) << 2);
  d.tails = allocate((<usize>room) << 2);
  memory.fill(d.heads, 0xff, (<usize>room) << 2);
  d.noteNext = newTable(4);
  d.noteRoom = FIRST_ROOM;
  d.oldest = first;
  d.end = first;
  d.left = first - 1;
  d.now = NaN;
  d.threads = newTable(offsetof<ThreadPlace>());
  d.threadRoom = FIRST_ROOM;
  d.blocks = newTable(offsetof<BlockPlace>());
  d.blockRoom = FIRST_ROOM;
  d.unusedNames = newTable(4);
  d.unusedRoom = FIRST_ROOM;
  d.nextName = ids;
  return changetype<usize>(d);
}

/** Takes rows from..to-1 of the input, in which row 0 has event number `first`. */
export function addEvents(d: Drift, from: i32, to: i32, first: f64): void {
  for (let i = from; i < to; i++) {
    const event = first + <f64>i;
    // Earlier ones have left, and their rows may be those of others.
    d.oldest = max(d.oldest, event - <f64>d.events + 1);
    const row = takeRow(d, input, i, event);
    leave(d, placeBefore(d, row.time - d.time), output);
    d.now = row.time;
    place(d, row, event);
    leave(d, event, output);
  }
}

/** Gives the event its place, after those of its thread and its blocks, and names its blocks as the order does. */
function place(d: Drift, row: Waiting, event: f64): void {
  const action = <i32>row.action;
  const own = threadPlace(d, row.thread);
  // Any call so far may be why a thread was started.
  let at = max(
    event + <f64>lagOf(d, own, row.thread, event),
    own.place <= 0 ? d.latest : own.place,
  );
  const isLost = action >= LOST_FREE;
  const lost = row.lost;
  if (isLost) {
    row.lost = nameOf(d, lost);
    at = max(at, blockPlace(d, lost).place);
  }
  const block = row.block;
  if (block >= 0) {
    if (isNew(action)) {
      row.block = newName(d);
      blockPlace(d, block).named = row.block + 1;
    } else {
      row.block = nameOf(d, block);
      at = max(at, blockPlace(d, block).place);
    }
  }
  at = addEvent(d, row, event, at);
  own.place = at;
  d.latest = max(d.latest, at);
  if (isLost) {
    blockPlace(d, lost).place = at;
  }
  if (block >= 0) {
    blockPlace(d, block).place = at;
  }
}

/** True for an action that returns a block that did not exist before. */
function isNew(action: i32): bool {
  const call = action & ACTION_BITS;
  return call !== REALLOC && call >= MALLOC && call <= PVALLOC;
}

/** A note comes where the log has it, before event number `event`. */
export function addNote(d: Drift, note: i32, event: f64): void {
  addNoteAt(d, note, event);
}

/** A note of the end of thread `thread` comes after its calls so far, and lags as it does before event number `event`. */
export function addThreadEnd(d: Drift, note: i32, thread: i32, event: f64): void {
  const own = threadPlace(d, thread);
  own.place = -addNoteAt(d, note, max(event + <f64>lagOf(d, own, thread, event), abs(own.place)));
}

/** A note comes after the calls so far that concern the live block that the log calls `block`. */
export function addBlockNote(d: Drift, note: i32, block: i32): void {
  const own = blockPlace(d, block);
  own.place = addNoteAt(d, note, own.place);
}

/** The log ends: lets all leave. */
export function leaveAll(d: Drift): void {
  leave(d, d.latest, output);
}
