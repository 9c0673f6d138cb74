import { allocate, release } from "../../wasm/core/store";

/**
 * PeakSeries (trace/ledger/series.ts): a quantity that holds from one event to the next. A point stands for a fixed number of
 * consecutive events, 1 at first, and is the largest value of them. When an event falls beyond the last of MAX_POINTS points,
 * neighbours merge pairwise and a point stands for twice as many.
 */
@unmanaged
export class PeakSeries {
  /** value after the last event recorded, which the last point may exceed; 0 before the first */
  last: f64;
  /** largest value of all */
  peak: f64;
  /** 0-based number of the first event with that value; −1 while the peak is 0 */
  peakEvent: f64;
  /** first event (0-based) beyond the newest point */
  end: f64;
  /** value of the newest point */
  newest: f64;
  /** events a point stands for; a power of two */
  eventsPerPoint: f64;
  /** the points, doubles, their number, and room */
  points: usize;
  length: i32;
  room: i32;
}

/** Bytes from one series to the next. */
export const SERIES_BYTES: usize = 64;

const MAX_POINTS: i32 = 1000;
const FIRST_POINTS: i32 = 32;
/** Room for MAX_POINTS: blocks of memory are powers of two. */
const MOST_ROOM: i32 = 1024;

export function beginSeries(series: PeakSeries): void {
  series.peakEvent = -1;
  series.eventsPerPoint = 1;
  series.newest = NaN;
}

/** `event` is 0-based and never decreases; events left out have the value of the one before. Hot. */
export function record(series: PeakSeries, event: f64, value: f64): void {
  if (event >= series.end) {
    open(series, event, value);
  } else if (value > series.newest) {
    raise(series, event, value);
  }
  series.last = value;
}

function open(series: PeakSeries, event: f64, value: f64): void {
  advance(series, event, series.last);
  // The point begins with this event: the value before it is not part of the point.
  if (Math.floor(event / series.eventsPerPoint) * series.eventsPerPoint === event) {
    setPoint(series, series.length - 1, 0);
  }
  series.newest = point(series, series.length - 1);
  if (value > series.newest) {
    raise(series, event, value);
  }
}

function raise(series: PeakSeries, event: f64, value: f64): void {
  series.newest = value;
  setPoint(series, series.length - 1, value);
  if (value <= series.peak) {
    return;
  }
  series.peak = value;
  series.peakEvent = event;
}

function point(series: PeakSeries, i: i32): f64 {
  return load<f64>(series.points + ((<usize>i) << 3));
}

function setPoint(series: PeakSeries, i: i32, value: f64): void {
  store<f64>(series.points + ((<usize>i) << 3), value);
}

/** Makes the point that `event` falls on the newest. It and points passed over start as `filler`. */
function advance(series: PeakSeries, event: f64, filler: f64): void {
  while (event >= <f64>MAX_POINTS * series.eventsPerPoint) {
    halve(series);
  }
  const newest = <i32>Math.floor(event / series.eventsPerPoint);
  if (newest >= series.room) {
    grow(series, newest < FIRST_POINTS ? FIRST_POINTS : MOST_ROOM);
  }
  while (series.length <= newest) {
    setPoint(series, series.length, filler);
    series.length++;
  }
  series.end = <f64>(newest + 1) * series.eventsPerPoint;
}

function grow(series: PeakSeries, room: i32): void {
  const points = allocate((<usize>room) << 3);
  if (series.room > 0) {
    memory.copy(points, series.points, (<usize>series.length) << 3);
    release(series.points, (<usize>series.room) << 3);
  }
  series.points = points;
  series.room = room;
}

function halve(series: PeakSeries): void {
  const length = series.length;
  for (let i = 0; i < length; i += 2) {
    const earlier = point(series, i);
    const later = i + 1 < length ? point(series, i + 1) : earlier;
    setPoint(series, i >> 1, Math.max(earlier, later));
  }
  series.length = (length + 1) >> 1;
  series.eventsPerPoint *= 2;
}
