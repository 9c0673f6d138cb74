import type { Readable } from "node:stream";
import type { WhatIfRunner } from "../what-if/what-if-runner.ts";

/** `fd`: the descriptor of the process's own standard input; undefined for any other stream. */
export type StandardInput = Readable & { readonly isTTY?: boolean; readonly fd?: number };

export interface AnalysisProgress {
  /** bytes read, before decompression */
  readonly bytes: number;
  /** null: unknown until the input ends (a pipe) */
  readonly totalBytes: number | null;
  readonly events: number;
}

/** `Result`: what an analysis returns. */
export interface AnalysisHooks<Result> {
  readonly stdin: StandardInput;
  /** When it aborts, reading stops; the report covers what was read and has `complete: false`. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: AnalysisProgress) => void;
  /** the last input is still being written: it is read as it grows, until `signal` aborts */
  readonly follows?: boolean;
  /**
   * Called once, before the log is read, with a function that returns what has been found so far, without the what-ifs that
   * need replays of their own; null before the first event, and after the last. Then the log is read in this thread.
   */
  readonly onStart?: (snapshot: () => Result | null) => void;
  /** Called for each process of the log, with what replays its what-ifs: returns what is used instead, to see the calls. */
  readonly around?: (runner: WhatIfRunner) => WhatIfRunner;
}
