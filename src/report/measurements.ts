/**
 * What replays with real allocators measured, beside what the model predicted, as `mallog replay` and `mallog verify` show
 * it. A plain value: `--json` prints it unchanged. Its keys are a published contract: fields are only added. Units as in
 * report.ts.
 */

import type { Fidelity, Grade, UnavailableScenario } from "./report.ts";

export const MEASUREMENTS_SCHEMA = "mallog.replay/1";

export interface Measurements {
  readonly schema: typeof MEASUREMENTS_SCHEMA;
  readonly tool: { readonly name: "mallog"; readonly version: string };
  /** false if reading, or measuring, was interrupted */
  readonly complete: boolean;
  readonly model: {
    /** version of the recorded process */
    readonly glibc: string;
    /** settings of the recorded process, by name */
    readonly settings: Readonly<Record<string, string>>;
    readonly fidelity: Fidelity;
    /** what the replays write of the blocks, where the log does not state it: a touch policy */
    readonly touch: string;
  };
  /** how far the log supports the model's figures */
  readonly grade: Grade | null;
  /** in use from outside the log: not replayed, but in every prediction, and added to what is measured */
  readonly outsideBytes: number;
  /** the recorded settings first */
  readonly runs: readonly MeasuredRun[];
  /** settings that the measured glibc refuses */
  readonly unavailable: readonly UnavailableScenario[];
}

/** One replay of the calls. */
export interface MeasuredRun {
  /** settings as typed, "as recorded", or the name of another allocator */
  readonly name: string;
  /** "glibc", or the name or the library of another allocator */
  readonly allocator: string;
  /** version of the glibc of the replaying process */
  readonly glibc: string;
  /** environment variables and tunables of the replaying process */
  readonly settings: Readonly<Record<string, string>>;
  /** null: the allocator, or this version, is not modelled */
  readonly predicted: MeasuredRss | null;
  readonly measured: MeasuredRss;
  /** measured minus predicted */
  readonly error: MeasuredRss | null;
  /** true if the prediction holds: what the settings save, or, as recorded, RSS; null where nothing is predicted */
  readonly holds: boolean | null;
  /** calls that returned NULL, though they returned memory in the log */
  readonly failedCalls: number;
  readonly callsPerSecond: number;
}

/** RSS of the heaps. */
export interface MeasuredRss {
  readonly peakBytes: number;
  readonly endBytes: number;
}
