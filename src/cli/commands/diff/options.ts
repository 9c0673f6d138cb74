import { type Command, Option } from "commander";
import {
  allowFailureOption,
  allowUnreliableOption,
  BUDGET_HELP,
  type BudgetValues,
  budgetOption,
  runsOption,
} from "../../budgets/budget-options.ts";
import { repeatableOption } from "../../options/option-values.ts";
import { colorOptions, jstackOption, topOption } from "../../options/output-options.ts";

/** Option values of `diff`, as commander returns them. */
interface DiffValues extends BudgetValues {
  readonly top: number;
  readonly jstack?: readonly string[];
  readonly output?: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
  readonly color?: boolean;
}

/** `base` and `head`: paths of reports; `-`: standard input. */
export interface DiffRequest extends DiffValues {
  readonly base: string;
  readonly head: string;
}

const AFTER_HELP = `${BUDGET_HELP}
Threads are matched by tid. If the tids differ, as in another run of the program,
they are matched by name, or by the call site at which they request most.

Exit codes:
  0    done, and all budgets are kept
  1    a budget is not kept (0 with --allow-failure)
  2    wrong usage
  3    a file that cannot be read or is not a report of mallog, or a file that
       cannot be written
  4    a figure of the model cannot be judged: a log does not support it

Examples:
  mallog diff base.json head.json
  mallog diff base.json head.json --budget 'rss<=+5%' --budget 'live<=+1MiB'
  mallog malloc.log.gz --json | mallog diff base.json - --top 3
  mallog diff base.json head.json -q -o diff.json -o diff.txt
  mallog diff base.json head.json --budget 'rss<=+5%' --runs base-*.json
`;

/** Adds `diff`, which compares two reports. */
export function addDiff(program: Command, run: (request: DiffRequest) => Promise<void>): void {
  const command = program
    .command("diff")
    .summary("compare two JSON reports, and the changes with budgets")
    .description("Shows what changed from one JSON report to another.")
    .argument("<base>", "the earlier report, made with -o FILE.json or --json; -: standard input")
    .argument("<head>", "the later report; -: standard input")
    .action((base: string, head: string, values: DiffValues) => run({ ...values, base, head }))
    .addHelpText("after", AFTER_HELP);
  for (const option of [
    budgetOption("rss<=+5%"),
    new Option("--config <file>", "read budgets from a file, as mallog check does"),
    runsOption(
      "reports of further runs of the base: what differs between them is noise. Give this option last",
    ),
    allowFailureOption(),
    allowUnreliableOption(),
    topOption(),
    jstackOption("name the threads of the run that it is of by"),
    repeatableOption(
      "-o, --output <file>",
      "also write the comparison to a .txt or .json file; repeatable",
    ),
    new Option("--json", "print the comparison as JSON"),
    new Option("-q, --quiet", "print only budgets that are not kept"),
    ...colorOptions(),
  ]) {
    command.addOption(option);
  }
}
