import { Option } from "commander";
import { repeatableOption } from "../options/option-values.ts";

/** Values of the options about budgets that `check` and `diff` share, as commander returns them. */
export interface BudgetValues {
  readonly budget?: readonly string[];
  readonly config?: string;
  readonly runs?: readonly string[];
  readonly allowFailure?: true;
  readonly allowUnreliable?: true;
}

export function budgetOption(example: string): Option {
  return repeatableOption("--budget <budget>", `e.g. '${example}'; repeatable`);
}

export function runsOption(description: string): Option {
  return new Option("--runs <reports...>", description);
}

export function allowFailureOption(): Option {
  return new Option("--allow-failure", "exit with 0 even if a budget is not kept");
}

/** `what`: what is done with figures that the log does not support. */
export function allowUnreliableOption(
  what = "judge figures of the model even if the log does not support them",
): Option {
  return new Option("--allow-unreliable", what);
}

/** Explains <budget>. */
export const BUDGET_HELP = `
<budget> is KEY<=VALUE, in quotes because the shell interprets <; the operators
<, >= and > work as well. KEY is
  rss, peak-rss, live, peak-live, fragmentation, leaked-blocks, arenas, volume,
  calls, or a dotted path in the JSON report, such as model.fidelity.ratio
  KEY@SCENARIO: the same under other settings, which are then replayed, too
  thread:TID.KEY or thread:NAME.KEY: live, peak-live, leaked-blocks, volume,
  calls, or a path below the thread in the JSON report
VALUE is a number, a size like 900MiB or 1.5GB, or a percentage of a ratio. With
a sign it is growth since an earlier report: +5%, +1MiB (for a ratio: percentage
points).
`;
