import type { BudgetResult, CausesOfScenario, Cure, Report, Scenario } from "../contract/report.ts";
import type { TypedLine } from "../what-to-type/typed-line.ts";

/** One sentence of the verdict. The tone only sets its colour: the words say the same. */
export interface Sentence {
  readonly tone: "plain" | "good" | "bad";
  readonly text: string;
  /** what one types to do what it advises, for formats that show no cures; absent if there is nothing */
  readonly typed?: readonly TypedLine[];
}

/** A cure in words. */
export interface PresentedCure {
  readonly cure: Cure;
  /** RSS at both moments, and the price */
  readonly sentence: string;
  /** what one types, for each target */
  readonly lines: readonly TypedLine[];
}

/** A budget's result in words. */
export interface PresentedBudget {
  readonly result: BudgetResult;
  /** identifies the budget across runs, whatever its name and limit */
  readonly id: string;
  /** the configured name, else the id */
  readonly name: string;
  /** "rss is 20 MiB: 1 MiB (5.3 %) over the limit of 19 MiB" */
  readonly sentence: string;
  /** "at most 400 MiB" */
  readonly limit: string;
  readonly actual: string;
  /** the explanation, and the configured message if the budget is not kept */
  readonly reasons: readonly string[];
  /** the reasons, and "More: " with the command that shows more */
  readonly details: readonly string[];
}

/** What a writer formats: the report and every judgement of it, as src/insight/present.ts words them. */
export interface Presented {
  readonly report: Report;
  readonly verdict: readonly Sentence[];
  /** the sentence that every format shows for a partly read log; null for a complete one */
  readonly interruption: string | null;
  /** in the order of `report.budgets` */
  readonly budgets: readonly PresentedBudget[];
  /** scenarios in which calls fail that succeeded in the recorded run: their low RSS is no gain */
  readonly failing: ReadonlySet<Scenario>;
  /** sums over all processes of the log, if they were asked for; else null */
  readonly processTotals: string | null;
  /** why the memory of the recorded run was resident; null if nothing was, or if the log does not show it */
  readonly causes: CausesOfScenario | null;
  /** in the order of the report's cures; empty if none helps */
  readonly cures: readonly PresentedCure[];
  /** notes below the table of scenarios */
  readonly whatIfNotes: readonly string[];
  /** notes below the table of what was measured */
  readonly observedNotes: readonly string[];
  /** the log supports the model's figures */
  readonly trustsModel: boolean;
  /** how far the share of reproduced pointers lets the figures be trusted */
  readonly fidelityTone: Sentence["tone"];
  /** one sentence for each kind of call that cannot have happened as logged */
  readonly anomalies: readonly string[];
  /** introduces the samples of malformed lines; null if every line parses */
  readonly malformed: string | null;
  /** what was read, and the assumptions and inferences that the figures rest on */
  readonly basis: readonly string[];
}
