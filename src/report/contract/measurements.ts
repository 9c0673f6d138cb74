/**
 * What replays with real allocators measured, beside what the model predicted, as `mallog replay` and `mallog verify` show
 * it. A plain value: `--json` prints it unchanged. Its keys are a published contract: fields are only added. Units as in
 * report.ts.
 */

import type { MeasuredRun } from "./measured-run.ts";
import type { Fidelity, Grade, UnavailableScenario } from "./report.ts";

export type { MeasuredRss, MeasuredRun } from "./measured-run.ts";

export const MEASUREMENTS_SCHEMA = "mallog.replay/1";

export interface Measurements {
  readonly schema: typeof MEASUREMENTS_SCHEMA;
  readonly tool: { readonly name: "mallog"; readonly version: string };
  /** false if reading, or measuring, was interrupted */
  readonly complete: boolean;
  readonly model: {
    /** version of the recorded process, and all versions that the log cannot tell from it */
    readonly glibc: string;
    readonly glibcRange: readonly string[];
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
