import type { EventEmitter } from "node:events";
import type { Writable } from "node:stream";
import type { AnalysisHooks, StandardInput } from "../pipeline/analysis-hooks.ts";
import type { LogOptions } from "../pipeline/analysis-options.ts";
import type { InspectionOutcome } from "../report/contract/inspection.ts";
import type { Report } from "../report/contract/report.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** What a hook for this machine depends on. */
export interface Host {
  /** as Node.js names them: linux, x64 */
  readonly platform: string;
  readonly arch: string;
}

/** All that mallog uses of the process it runs in. Tests pass their own. */
export interface Io {
  readonly stdin: StandardInput;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  /** "" if it was removed */
  readonly cwd: string;
  readonly hostCpus: number;
  readonly host: Host;
  readonly version: string;
  /** emits SIGINT, SIGTERM and SIGHUP */
  readonly signals: EventEmitter;
  /** lets SIGTERM end the process by itself after so many ms, also while this thread is busy */
  readonly endWithin: (milliseconds: number) => void;
}

/**
 * Analyses a log and summarises it. `inputs` are paths, `-` for standard input; none means standard input.
 * @throws InputError an input cannot be read
 * @throws SettingRefused the log's glibc does not accept a setting
 */
export type Analyse = (
  inputs: readonly string[],
  options: LogOptions,
  hooks: AnalysisHooks<Report> & InspectionHook,
) => Promise<Report>;

export interface InspectionHook {
  /** called before the report is returned, if a moment was asked for and a model was run */
  readonly onInspected?: (outcome: InspectionOutcome) => void;
}
