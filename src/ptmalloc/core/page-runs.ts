import { allocate, enlarge, release } from "../../wasm/core/store";
import { PLANES } from "./resident";

/**
 * The planes of a mapping whose resident pages are not a prefix: runs of adjacent pages with the same planes, and the page
 * count per plane. A log may claim blocks of any size, so that memory and time grow with the runs, not with the pages.
 */
@unmanaged
export class PageRuns {
  /** table of runs, their number, and room */
  runs: usize;
  runCount: i32;
  room: i32;
  // An array without a name: the number of pages by bit number of the plane.
}

const COUNTS: usize = 16;
const PAGE_RUNS_BYTES: usize = COUNTS + 64;

@unmanaged
class Run {
  /** the page after its last one */
  end: f64;
  /** the planes of its pages; adjacent runs differ */
  planes: u32;
}

const RUN_SHIFT: usize = 4;

/** Runs of `pages` pages, none of which is resident. */
export function createRuns(pages: f64): PageRuns {
  const all = changetype<PageRuns>(allocate(PAGE_RUNS_BYTES));
  pushRun(all, pages, 0);
  return all;
}

export function releaseRuns(all: PageRuns): void {
  release(all.runs, (<usize>all.room) << RUN_SHIFT);
  release(changetype<usize>(all), PAGE_RUNS_BYTES);
}

/** number of pages in the plane with this bit number */
export function countInRuns(all: PageRuns, bit: i32): f64 {
  return load<f64>(changetype<usize>(all) + ((<usize>bit) << 3), COUNTS);
}

/**
 * Adds the pages in `ranges` to the planes `added`, and takes them out of the planes `removed`, except those in a plane of
 * `unless`. `ranges` is the address of `count` page ranges, from, to, from, to …, doubles; ascending, but they may
 * overlap; `to` is exclusive. One pass over all runs.
 */
export function changeRuns(
  all: PageRuns,
  ranges: usize,
  count: i32,
  added: u32,
  removed: u32,
  unless: u32,
): void {
  const before = all.runs;
  const runCount = all.runCount;
  const room = all.room;
  all.runs = 0;
  all.runCount = 0;
  all.room = 0;
  let at: f64 = 0;
  let range = 0;
  for (let i = 0; i < runCount; i++) {
    const run = changetype<Run>(before + ((<usize>i) << RUN_SHIFT));
    const planes = run.planes;
    while (at < run.end) {
      while (range < count && rangeEnd(ranges, range) <= at) {
        range++;
      }
      const from = range < count ? load<f64>(ranges + ((<usize>range) << 4)) : Infinity;
      if (from > at) {
        at = Math.min(run.end, from);
        pushRun(all, at, planes);
      } else {
        const end = Math.min(run.end, rangeEnd(ranges, range));
        const after = ((planes & unless) !== 0 ? planes : planes & ~removed) | added;
        countChange(all, end - at, planes, after);
        at = end;
        pushRun(all, at, after);
      }
    }
  }
  release(before, (<usize>room) << RUN_SHIFT);
}

/** Changes the number of pages; new ones are not resident. */
export function resizeRuns(all: PageRuns, pages: f64): void {
  const beyond = allocate(16);
  store<f64>(beyond, pages);
  store<f64>(beyond, Infinity, 8);
  changeRuns(all, beyond, 1, 0, 0xff, 0);
  release(beyond, 16);
  const before = all.runs;
  const runCount = all.runCount;
  const room = all.room;
  all.runs = 0;
  all.runCount = 0;
  all.room = 0;
  let from: f64 = 0;
  for (let i = 0; i < runCount && from < pages; i++) {
    const run = changetype<Run>(before + ((<usize>i) << RUN_SHIFT));
    from = Math.min(run.end, pages);
    pushRun(all, from, run.planes);
  }
  if (from < pages || all.runCount === 0) {
    pushRun(all, pages, 0);
  }
  release(before, (<usize>room) << RUN_SHIFT);
}

function rangeEnd(ranges: usize, range: i32): f64 {
  return load<f64>(ranges + ((<usize>range) << 4), 8);
}

function countChange(all: PageRuns, pages: f64, before: u32, after: u32): void {
  for (let bit = 0; bit < PLANES; bit++) {
    const at = changetype<usize>(all) + COUNTS + ((<usize>bit) << 3);
    const more = <i32>((after >> bit) & 1) - <i32>((before >> bit) & 1);
    store<f64>(at, load<f64>(at) + pages * <f64>more);
  }
}

/** Appends a run up to page `end`, or lengthens the last run if that has the same planes. */
function pushRun(all: PageRuns, end: f64, planes: u32): void {
  if (all.runCount > 0) {
    const last = changetype<Run>(all.runs + ((<usize>(all.runCount - 1)) << RUN_SHIFT));
    if (last.planes === planes) {
      last.end = end;
      return;
    }
  }
  if (all.runCount === all.room) {
    all.room = max(all.room << 1, 4);
    all.runs = enlarge(all.runs, (<usize>all.room) << (RUN_SHIFT - 1));
  }
  const run = changetype<Run>(all.runs + ((<usize>all.runCount) << RUN_SHIFT));
  all.runCount++;
  run.end = end;
  run.planes = planes;
}
