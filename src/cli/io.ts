import type { EventEmitter } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { AnalysisOptions } from "../pipeline/analysis-options.ts";
import type { Report } from "../report/report.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };
/** `fd`: that of the process's own standard input */
export type Input = Readable & { readonly isTTY?: boolean; readonly fd?: number };

/** All that mallog knows of the process it runs in; tests give their own. */
export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  readonly cwd: string;
  readonly hostCpus: number;
  readonly version: string;
  /** emits SIGINT and SIGTERM */
  readonly signals: EventEmitter;
  /** leaves at once, output pending or not */
  readonly leave: (exitCode: number) => void;
}

export interface Progressed {
  /** bytes read, before decompression */
  readonly bytes: number;
  /** null where only reading tells */
  readonly totalBytes: number | null;
  readonly events: number;
}

export interface AnalysisHooks {
  readonly stdin: Input;
  /** when it aborts, reading stops, and the report is that of what was read, with `complete: false` */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progressed) => void;
}

/** Reads a log and replays it. No inputs means standard input. */
export type Analyse = (
  inputs: readonly string[],
  options: AnalysisOptions,
  hooks: AnalysisHooks,
) => Promise<Report>;
