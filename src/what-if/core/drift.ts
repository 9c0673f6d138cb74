import { allocate, enlarge } from "../../wasm/core/store";

/** One other order of a log's calls: how its threads drift, and what waits. */
@unmanaged
export class Drift {
  // ../thread-drift.ts
  seed: i32;
  /** a call comes later by at most so many events */
  events: i32;
  /** and by at most so many µs of log time */
  time: f64;

  // The ring (waiting.ts).
  mask: i32;
  rows: usize;
  rest: usize;
  heads: usize;
  tails: usize;
  /** by note: the next entry of its list */
  noteNext: usize;
  noteRoom: i32;
  /** all events before this one have left */
  oldest: f64;
  /** number of the next event that comes in */
  end: f64;
  /** places up to this one have left */
  left: f64;
  /** the latest place of all */
  latest: f64;
  /** µs on the log's clock at which events leave */
  now: f64;

  // places.ts
  threads: usize;
  threadRoom: i32;
  blocks: usize;
  blockRoom: i32;
  unusedNames: usize;
  unusedRoom: i32;
  unusedCount: i32;
  nextName: i32;
}

/** Returns a table with room for entry `index`: `table` itself, or a larger one with its content. */
export function withRoom(table: usize, room: i32, index: i32, bytes: usize): usize {
  let larger = table;
  for (let entries = room; entries <= index; entries <<= 1) {
    larger = enlarge(larger, <usize>entries * bytes);
  }
  return larger;
}

/** Entries of a table that has room for entry `index`. */
export function roomFor(room: i32, index: i32): i32 {
  let entries = room;
  while (entries <= index) {
    entries <<= 1;
  }
  return entries;
}

/** Entries of a new table. */
export const FIRST_ROOM: i32 = 1024;

export function newTable(bytes: usize): usize {
  return allocate(<usize>FIRST_ROOM * bytes);
}
