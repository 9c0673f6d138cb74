import { places } from "../ptmalloc/core-layout.ts";
import type { Core } from "../ptmalloc/core-module.ts";

/** Fields of core/state.ts, whose record is at a fixed address; test/replay/replay-state.test.ts compares them. */
export const REPLAY_FIELDS = {
  time: "f64",
  nextTrim: "f64",
  trimEvery: "f64",
  event: "f64",
  failedCalls: "f64",
  systemPeakBytes: "f64",
  from: "f64",
  to: "f64",
  allFrom: "f64",
  allTo: "f64",
  ratioFrom: "f64",
  full: "f64",
  large: "f64",
  pendingChunk: "i32",
  isWhole: "u8",
  pointEnd: "f64",
  matched: "f64",
  watchesPeaks: "u8",
  watchesReuse: "u8",
  isGuided: "u8",
  watchesSiblings: "u8",
  watchesBreak: "u8",
  cutsPointers: "u8",
  watchesCalls: "u8",
  watchesFrees: "u8",
  blockLeaves: "i32",
  warmed: "i32",
} as const;

const START = 2048;
export const REPLAY = places(START, REPLAY_FIELDS);

/** Addresses of what follows the record: eight doubles each, and nine series. */
export const PEAK_TIMES = START + 256;
export const TRIMMED_PAGES = START + 320;
export const SERIES = START + 384;
export const SERIES_BYTES = 64;

/** How far a replay is, as its core keeps it. */
export class ReplayState {
  /** pages outside the model, see Replay.holdOutside */
  outsidePages = 0;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** calls that returned memory in the log and NULL here */
  get failedCalls(): number {
    return this.#core.attached.f64[REPLAY.failedCalls]!;
  }

  /** events begun */
  get event(): number {
    return this.#core.attached.f64[REPLAY.event]!;
  }

  /** µs on the log's clock of the latest event that carries a time; NaN: none has yet */
  get time(): number {
    return this.#core.attached.f64[REPLAY.time]!;
  }
}
