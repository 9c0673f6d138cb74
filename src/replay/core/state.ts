import { REPLAY } from "../../ptmalloc/core/model";

/** What a replay knows besides its model: at a fixed address, and copied with the model. */
@unmanaged
export class ReplayState {
  /** µs on the log's clock of the latest event that carries a time; NaN: none has yet */
  time: f64;
  /** µs on the log's clock when the scenario's next malloc_trim(0) is due; NaN: not known yet */
  nextTrim: f64;
  /** µs of log time between the scenario's malloc_trim(0) calls; Infinity for none */
  trimEvery: f64;
  /** events begun */
  event: f64;
  /** calls that returned memory in the log and NULL here */
  failedCalls: f64;
  /** most bytes obtained from the kernel and not returned */
  systemPeakBytes: f64;

  // The pending write (pending-write.ts): offsets in bytes from the block's start.
  from: f64;
  to: f64;
  allFrom: f64;
  allTo: f64;
  ratioFrom: f64;
  full: f64;
  large: f64;
  /** the block's chunk; 0 when nothing is pending */
  pendingChunk: i32;
  isWhole: bool;

  /** number of the event at which the point of the series by arena ends; −1: there is no such series */
  pointEnd: f64;
  /** pointers that the loop has found where the model puts them, since the guide looked last */
  matched: f64;

  // What the facade wants to know (host.ts).
  watchesPeaks: bool;
  watchesReuse: bool;
  /** the log's pointers judge and correct the model (guided.ts) */
  isGuided: bool;
  /** before reallocs and aligned allocations, of which sibling versions may make others */
  watchesSiblings: bool;
  /** before events that return a pointer above the break */
  watchesBreak: bool;
  /** the log's pointers have 32 bits only */
  cutsPointers: bool;
  /** before each call */
  watchesCalls: bool;
  /** before each free */
  watchesFrees: bool;

  /** see block-chunks.ts */
  blockLeaves: i32;
  /** sum of the words that `warm` read: unused loads would be optimised away */
  warmed: i32;
}

export const state = changetype<ReplayState>(REPLAY);

/** by bit number of the plane, doubles: µs on the log's clock when its pages were at their peak; NaN when unknown */
export const PEAK_TIMES: usize = REPLAY + 256;
/** likewise, resident pages returned by malloc_trim: by the program's own calls and by those of the scenario */
export const TRIMMED_PAGES: usize = REPLAY + 320;
/** series of the RSS in each plane (peak-series.ts), then that of the bytes in use */
export const SERIES: usize = REPLAY + 384;
