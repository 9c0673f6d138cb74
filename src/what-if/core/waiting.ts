import { FREE, FREE_AFTER_EXIT, LOST_FREE, REALLOC } from "../../replay/core/actions";
import {
  ACTIONS,
  ALIGNS,
  BLOCKS,
  FROMS,
  FULLS,
  LARGES,
  LOST,
  OLD_SIZES,
  RATIO_FROMS,
  ROWS,
  SIZES,
  THREADS,
  TIMES,
  TOS,
  WHOLES,
} from "./columns";
import { Drift, roomFor, withRoom } from "./drift";
import { filled, noted } from "./order-host";
import { releaseName } from "./places";

/**
 * Events that wait for their places in the new order, and notes that wait among them: in a ring, a row for each event, and a list
 * for each place. A place is the number of an event of the log: what has it leaves the ring right after that event came in.
 */

/** An event that waits. */
@unmanaged
export class Waiting {
  size: f64;
  time: f64;
  place: f64;
  block: i32;
  lost: i32;
  thread: i32;
  /** the next entry of the place's list */
  next: i32;
  action: u8;
  whole: u8;
}

/** What few events have besides: an alignment, a size before, a part that is written. */
@unmanaged
class Rest {
  align: f64;
  oldSize: f64;
  from: f64;
  to: f64;
  ratioFrom: f64;
  full: f64;
  large: f64;
}

export const WAITING_BYTES: usize = offsetof<Waiting>();
export const REST_BYTES: usize = offsetof<Rest>();

/** No entry. An entry is the slot of an event, or the ring's room + the number of a note. */
const NONE: i32 = -1;

export function rowAt(d: Drift, slot: i32): Waiting {
  return changetype<Waiting>(d.rows + <usize>slot * WAITING_BYTES);
}

function restAt(d: Drift, slot: i32): Rest {
  return changetype<Rest>(d.rest + <usize>slot * REST_BYTES);
}

/** Takes row `i` of the batch at `input` as event number `event`. */
export function takeRow(d: Drift, input: usize, i: i32, event: f64): Waiting {
  const slot = slotOf(d, event);
  const row = rowAt(d, slot);
  const at = <usize>i;
  const action = load<u8>(input + ACTIONS + at);
  const whole = load<u8>(input + WHOLES + at);
  row.action = action;
  row.whole = whole;
  row.thread = load<i32>(input + THREADS + (at << 2));
  row.block = load<i32>(input + BLOCKS + (at << 2));
  row.time = load<f64>(input + TIMES + (at << 3));
  row.size = load<f64>(input + SIZES + (at << 3));
  if (isRare(action)) {
    row.lost = load<i32>(input + LOST + (at << 2));
    const rest = restAt(d, slot);
    rest.align = load<f64>(input + ALIGNS + (at << 3));
    rest.oldSize = load<f64>(input + OLD_SIZES + (at << 3));
  }
  if (whole === 0) {
    const rest = restAt(d, slot);
    rest.from = load<f64>(input + FROMS + (at << 3));
    rest.to = load<f64>(input + TOS + (at << 3));
    rest.ratioFrom = load<f64>(input + RATIO_FROMS + (at << 3));
    rest.full = load<f64>(input + FULLS + (at << 3));
    rest.large = load<f64>(input + LARGES + (at << 3));
  }
  return row;
}

/** The event comes in, with a place: `place`, or the earliest that has not left. Returns it. */
export function addEvent(d: Drift, row: Waiting, event: f64, place: f64): f64 {
  const given = max(place, d.left + 1);
  row.place = given;
  row.next = NONE;
  append(d, given, slotOf(d, event));
  d.end = event + 1;
  return given;
}

/** Returns the place of the note, as above. */
export function addNote(d: Drift, note: i32, place: f64): f64 {
  const given = max(place, d.left + 1);
  if (note >= d.noteRoom) {
    d.noteNext = withRoom(d.noteNext, d.noteRoom, note, 4);
    d.noteRoom = roomFor(d.noteRoom, note);
  }
  store<i32>(d.noteNext + ((<usize>note) << 2), NONE);
  append(d, given, d.mask + 1 + note);
  d.latest = max(d.latest, given);
  return given;
}

/** Returns the latest place of events whose time is before `time`, as far as they come before all others that wait. */
export function placeBefore(d: Drift, time: f64): f64 {
  let latest = d.left;
  let oldest = d.oldest;
  const end = d.end;
  while (oldest < end) {
    const row = rowAt(d, slotOf(d, oldest));
    // Most calls find the time of an event that has already left, but is late enough.
    if (row.time >= time) {
      break;
    }
    if (row.place > d.left) {
      // One of the times may be NaN.
      if (!(row.time < time)) {
        break;
      }
      latest = max(latest, row.place);
    }
    oldest++;
  }
  d.oldest = oldest;
  return latest;
}

/** Lets all leave that have places up to `place`, in their order, to the batch at `output`. */
export function leave(d: Drift, place: f64, output: usize): void {
  const room = d.mask + 1;
  while (d.left < place) {
    d.left++;
    const list = d.heads + ((<usize>slotOf(d, d.left)) << 2);
    let entry = load<i32>(list);
    if (entry === NONE) {
      continue;
    }
    store<i32>(list, NONE);
    while (entry !== NONE) {
      if (entry < room) {
        const row = rowAt(d, entry);
        leaveRow(d, row, entry, output);
        entry = row.next;
      } else {
        noted(entry - room, outputLength);
        entry = load<i32>(d.noteNext + ((<usize>(entry - room)) << 2));
      }
    }
  }
}

/** rows of the output so far */
let outputLength: i32 = 0;

/** Hands over what is in the output. */
export function flush(): void {
  const length = outputLength;
  outputLength = 0;
  filled(length);
}

function leaveRow(d: Drift, row: Waiting, slot: i32, output: usize): void {
  const at = <usize>outputLength;
  outputLength++;
  const action = row.action;
  store<u8>(output + ACTIONS + at, action);
  store<u8>(output + WHOLES + at, row.whole);
  store<i32>(output + THREADS + (at << 2), row.thread);
  store<i32>(output + BLOCKS + (at << 2), row.block);
  store<f64>(output + TIMES + (at << 3), d.now);
  store<f64>(output + SIZES + (at << 3), row.size);
  if (isRare(action)) {
    store<i32>(output + LOST + (at << 2), row.lost);
    const rest = restAt(d, slot);
    store<f64>(output + ALIGNS + (at << 3), rest.align);
    store<f64>(output + OLD_SIZES + (at << 3), rest.oldSize);
    if (<i32>action >= LOST_FREE) {
      releaseName(d, row.lost);
    }
  }
  if (row.whole === 0) {
    const rest = restAt(d, slot);
    store<f64>(output + FROMS + (at << 3), rest.from);
    store<f64>(output + TOS + (at << 3), rest.to);
    store<f64>(output + RATIO_FROMS + (at << 3), rest.ratioFrom);
    store<f64>(output + FULLS + (at << 3), rest.full);
    store<f64>(output + LARGES + (at << 3), rest.large);
  }
  if (<i32>action === FREE || <i32>action === FREE_AFTER_EXIT) {
    releaseName(d, row.block);
  }
  if (outputLength === ROWS) {
    flush();
  }
}

/** True for an action with an alignment, a size before, or a block that is freed first. */
function isRare(action: u8): bool {
  return <i32>action >= REALLOC && <i32>action !== FREE;
}

function append(d: Drift, place: f64, entry: i32): void {
  const at = (<usize>slotOf(d, place)) << 2;
  const room = d.mask + 1;
  if (load<i32>(d.heads + at) === NONE) {
    store<i32>(d.heads + at, entry);
  } else {
    const tail = load<i32>(d.tails + at);
    if (tail < room) {
      rowAt(d, tail).next = entry;
    } else {
      store<i32>(d.noteNext + ((<usize>(tail - room)) << 2), entry);
    }
  }
  store<i32>(d.tails + at, entry);
}

function slotOf(d: Drift, event: f64): i32 {
  return <i32>(<i64>event) & d.mask;
}
