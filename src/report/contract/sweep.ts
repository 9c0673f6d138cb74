/**
 * The settings of a grid, as `mallog sweep` shows them. A plain value: `--json` prints it unchanged. Its keys are a published
 * contract: fields are only added. Units as in report.ts.
 */

import type { Fidelity, Grade, Scenario, UnavailableScenario } from "./report.ts";

export const SWEEP_SCHEMA = "mallog.sweep/1";

export interface Sweep {
  readonly schema: typeof SWEEP_SCHEMA;
  readonly tool: { readonly name: "mallog"; readonly version: string };
  /** false if reading was interrupted */
  readonly complete: boolean;
  /** as typed; the word "recorded" is a value, too: that of the recorded run */
  readonly grid: readonly GridAxis[];
  readonly model: {
    readonly glibc: string;
    /** settings of the recorded process, by name */
    readonly settings: Readonly<Record<string, string>>;
    readonly fidelity: Fidelity;
  };
  /** how far the log supports the model's figures */
  readonly grade: Grade | null;
  /** the Pareto set first, both parts by RSS at the peak; the recorded run is one of them */
  readonly scenarios: readonly SweptScenario[];
  /** combinations that the glibc, which the log shows or states, refuses */
  readonly unavailable: readonly UnavailableScenario[];
}

export interface GridAxis {
  readonly name: string;
  readonly values: readonly string[];
}

/** One combination of the grid's values, or the recorded run. */
export interface SweptScenario
  extends Pick<
    Scenario,
    | "name"
    | "settings"
    | "trim"
    | "glibc"
    | "rss"
    | "systemCalls"
    | "pageFaults"
    | "failedCalls"
    | "arenaCount"
  > {
  /** calls to the kernel and page faults, in all */
  readonly price: number;
  /** most threads that used one arena: they wait for each other */
  readonly threadsPerArena: number;
  /** in the Pareto set: no other scenario is at least as good in peak, end and price, and better in one of them */
  readonly pareto: boolean;
}
