import type { BudgetResult, Report, Scenario } from "./report.ts";

/** One sentence of the verdict. The tone only colours what the words say already. */
export interface Sentence {
  readonly tone: "plain" | "good" | "bad";
  readonly text: string;
}

/** A budget's result in words. */
export interface PresentedBudget {
  readonly result: BudgetResult;
  /** by what a later run knows it again, whatever its name and limit are then */
  readonly id: string;
  /** as people call it */
  readonly name: string;
  /** what it is about, what it is, and by how much that is within the limit or beyond it */
  readonly sentence: string;
  /** "at most 400 MiB" */
  readonly limit: string;
  readonly actual: string;
  /** sentences that stand below: what explains it, and the message that was configured for it */
  readonly reasons: readonly string[];
  /** the reasons, and the command that shows more */
  readonly details: readonly string[];
}

/** What a writer takes: the report, and all that is said of it. src/insight/present.ts makes it: writers only format. */
export interface Presented {
  readonly report: Report;
  readonly verdict: readonly Sentence[];
  /** what every format has to say of a report of a part of the log; null: it is of the whole */
  readonly interruption: string | null;
  /** in the order of the report's */
  readonly budgets: readonly PresentedBudget[];
  /** scenarios under which calls fail that succeeded in the recorded run: their low RSS is no recommendation */
  readonly failing: ReadonlySet<Scenario>;
  /** what the table of scenarios cannot say */
  readonly whatIfNotes: readonly string[];
  /** how sure the share of reproduced pointers makes the figures */
  readonly fidelityTone: Sentence["tone"];
  /** calls that cannot have happened as logged, a kind each */
  readonly anomalies: readonly string[];
  /** introduces the samples of malformed lines; null: there are none */
  readonly malformed: string | null;
  /** what was read, and what the figures rest on */
  readonly basis: readonly string[];
}
