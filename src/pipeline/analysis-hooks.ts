import type { Readable } from "node:stream";

/** `fd`: the descriptor of the process's own standard input; undefined for any other stream. */
export type StandardInput = Readable & { readonly isTTY?: boolean; readonly fd?: number };

export interface AnalysisProgress {
  /** bytes read, before decompression */
  readonly bytes: number;
  /** null: unknown until the input ends (a pipe) */
  readonly totalBytes: number | null;
  readonly events: number;
}

export interface AnalysisHooks {
  readonly stdin: StandardInput;
  /** When it aborts, reading stops; the report covers what was read and has `complete: false`. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: AnalysisProgress) => void;
}
