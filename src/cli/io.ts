import type { EventEmitter } from "node:events";
import type { Writable } from "node:stream";
import type { StandardInput } from "../pipeline/analysis-hooks.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** All that mallog uses of the process it runs in. Tests pass their own. */
export interface Io {
  readonly stdin: StandardInput;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  readonly cwd: string;
  readonly hostCpus: number;
  readonly version: string;
  /** emits SIGINT and SIGTERM */
  readonly signals: EventEmitter;
  /** exits at once, even with output pending */
  readonly leave: (exitCode: number) => void;
}
