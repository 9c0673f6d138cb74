import { type Command, Option } from "commander";
import { collect, percentOption, sizeOption } from "../../options/option-values.ts";
import { type Given, modelOptions, outputOptions, WORDS_HELP } from "../analyze/options.ts";

/** What `check` was asked for, besides what `analyze` is. */
export interface CheckGiven extends Given {
  readonly budget?: readonly string[];
  readonly config?: string;
  readonly baseline?: string;
  readonly failIncrease?: number;
  readonly minDelta?: number;
  readonly allowFailure?: true;
}

export interface CheckRequest {
  readonly inputs: readonly string[];
  readonly given: CheckGiven;
  /** options of the model as typed, `--what-if` aside: what another run needs to come to the same figures */
  readonly modelArguments: readonly string[];
}

export const BUDGET_HELP = `
A budget is KEY<=VALUE, in quotes, as the shell takes < for itself; <, >= and >
do as well. KEY is
  rss, peak-rss, live, peak-live, fragmentation, leaked-blocks, arenas, volume,
  calls, or a dotted path of the JSON report, such as model.fidelity.ratio;
  KEY@SCENARIO: under other settings, which are then replayed, too;
  thread:TID.KEY or thread:NAME.KEY, of live, peak-live, leaked-blocks, volume,
  calls, or a path of the thread in the JSON report.
VALUE is a number, a size like 900MiB or 1.5GB, or a percentage of a ratio. With
a sign it is growth since an earlier report: +5%, +1MiB (of a ratio, points).
`;

const AFTER_HELP = `${BUDGET_HELP}
mallog.config.json, read if it is there, or the file of --config:
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
${WORDS_HELP}
Examples:
  mallog check malloc.log.gz --budget 'rss<=900MiB' --budget 'live<=600MiB'
  mallog check malloc.log.gz --budget 'rss@MALLOC_ARENA_MAX=1<=900MiB'
  mallog check malloc.log.gz --budget 'thread:16352.volume<=1GiB' -o report.json
  mallog check malloc.log.gz --baseline base.json --fail-increase 5%
  zcat malloc.log.gz | mallog check --config mallog.config.json

Exit codes: 0 all budgets are kept, 1 one is not (0 with --allow-failure), 2
wrong usage, 3 a log or report that is of no use, 130 interrupted.
`;

/** Adds `check`, which holds an analysis against budgets. */
export function addCheck(program: Command, run: (request: CheckRequest) => Promise<void>): void {
  const modelArguments: string[] = [];
  const command = program
    .command("check")
    .summary("holds the same analysis against budgets; for CI")
    .description("Analyses a log of malloc calls and holds its figures against budgets.")
    .argument("[log...]", "a log, or its pieces in order; none or -: standard input")
    .action(async (inputs: string[], given: CheckGiven) => run({ inputs, given, modelArguments }))
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
  for (const option of outputOptions("no progress, and only budgets that are not kept")) {
    command.addOption(option);
  }
}

function budgetOptions(): Option[] {
  return [
    new Option("--budget <budget>", "e.g. 'rss<=900MiB'; repeatable").argParser(collect),
    new Option("--config <file>", "budgets in a file (default: mallog.config.json if it is there)"),
    new Option(
      "--baseline <report>",
      "an earlier JSON report: rss, peak-rss, live and peak-live, or what is budgeted, may not grow beyond it",
    ),
    new Option("--fail-increase <percent>", "growth that is let pass (default: 5%)").argParser(
      percentOption,
    ),
    new Option(
      "--min-delta <size>",
      "growth of sizes that is let pass anyway (default: 1MiB)",
    ).argParser(sizeOption),
    allowFailureOption(),
  ].map((option) => option.helpGroup("Budgets:"));
}

export function allowFailureOption(): Option {
  return new Option("--allow-failure", "tell of budgets that are not kept, but exit with 0");
}
