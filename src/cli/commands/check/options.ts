import { type Command, Option } from "commander";
import type { AnalysisValues } from "../../analysis/analysis-request.ts";
import {
  allowFailureOption,
  allowUnreliableOption,
  BUDGET_HELP,
  type BudgetValues,
  budgetOption,
  runsOption,
} from "../../budgets/budget-options.ts";
import { modelOptions, VALUES_HELP } from "../../options/model-options.ts";
import { parseBytes, parsePercent, valueOption } from "../../options/option-values.ts";
import { FILES_HELP, outputOptions } from "../../options/output-options.ts";

/** Option values of `check`, as commander returns them. */
export interface CheckValues extends AnalysisValues, BudgetValues {
  readonly baseline?: string;
  /** reports */
  readonly runs?: readonly string[];
  /** a ratio */
  readonly failIncrease?: number;
  /** bytes */
  readonly minDelta?: number;
}

export interface CheckRequest {
  readonly inputs: readonly string[];
  readonly values: CheckValues;
  /** the model's options as typed, without --what-if: they make another run compute the same figures */
  readonly modelArguments: readonly string[];
}

const AFTER_HELP = `${BUDGET_HELP}
mallog.config.json, which is read if it exists, or the file of --config:
  {
    "whatIf": ["MALLOC_ARENA_MAX=1"],
    "budgets": [
      {
        "name": "Memory at the peak",
        "budget": "peak-rss<=900MiB",
        "message": "The pod is killed at 1 GiB."
      }
    ]
  }
${FILES_HELP}${VALUES_HELP}
Exit codes:
  0    all budgets are kept
  1    a budget is not kept (0 with --allow-failure)
  2    wrong usage, or settings that glibc refuses
  3    a log or a report that cannot be read, also if only most lines of a kind
       of call were not read; or a report that cannot be written
  4    a budget cannot be judged: the log does not support the model's figure
  130  interrupted (143: terminated)

Examples:
  mallog check malloc.log.gz --budget 'rss<=900MiB' --budget 'live<=600MiB'
  mallog check malloc.log.gz --budget 'rss@MALLOC_ARENA_MAX=1<=900MiB'
  mallog check malloc.log.gz --budget 'thread:16352.volume<=1GiB' -o report.json
  mallog check malloc.log.gz --baseline base.json --fail-increase 5%
  mallog check malloc.log.gz --runs base-1.json base-2.json base-3.json
  zcat malloc.log.gz | mallog check --config mallog.config.json
`;

/** Adds `check`, which compares an analysis with budgets. */
export function addCheck(program: Command, run: (request: CheckRequest) => Promise<void>): void {
  const modelArguments: string[] = [];
  const command = program
    .command("check")
    .summary("compare the figures of a log with budgets; for CI")
    .description("Analyses a log of malloc calls and compares its figures with budgets.")
    .argument("[log...]", "a log, or its pieces in order; none or -: standard input")
    .action((inputs: string[], values: CheckValues) => run({ inputs, values, modelArguments }))
    .addHelpText("after", AFTER_HELP);
  for (const option of budgetOptions()) {
    command.addOption(option);
  }
  for (const option of modelOptions()) {
    command.addOption(option);
    if (option.attributeName() === "whatIf") {
      continue;
    }
    command.on(`option:${option.name()}`, (value: string | null) => {
      modelArguments.push(option.long ?? "", ...(value === null ? [] : [value]));
    });
  }
  for (const option of outputOptions("no progress line; print only budgets that are not kept")) {
    command.addOption(option);
  }
}

function budgetOptions(): Option[] {
  return [
    budgetOption("rss<=900MiB"),
    new Option(
      "--config <file>",
      "read budgets from a file (default: mallog.config.json, if it exists)",
    ),
    new Option(
      "--baseline <report>",
      "an earlier JSON report; rss, peak-rss, live and peak-live, or the keys that have a budget, must not grow",
    ),
    runsOption(
      "reports of several earlier runs: what differs between them is noise. Growth is counted from --baseline, else from the run in the middle. Give this option last",
    ),
    valueOption(
      "--fail-increase <percent>",
      "growth that --baseline allows (default: 5%)",
      parsePercent,
    ),
    valueOption(
      "--min-delta <size>",
      "growth of sizes that --baseline allows in any case (default: 1MiB)",
      parseBytes,
    ),
    allowFailureOption(),
    allowUnreliableOption(),
  ].map((option) => option.helpGroup("Budgets:"));
}
