import { type Command, Option } from "commander";
import { collect, topOption } from "../../options/option-values.ts";
import { allowFailureOption, BUDGET_HELP } from "../check/options.ts";

/** What `diff` was asked for. */
export interface DiffRequest {
  readonly base: string;
  readonly head: string;
  readonly budget?: readonly string[];
  readonly config?: string;
  readonly allowFailure?: true;
  readonly top: number;
  readonly output?: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
  readonly color?: boolean;
}

const AFTER_HELP = `${BUDGET_HELP}
Threads are matched by their tids; where those differ, as in another run of the
program, by their names.

Examples:
  mallog diff base.json head.json
  mallog diff base.json head.json --budget 'rss<=+5%' --budget 'live<=+1MiB'
  mallog malloc.log.gz --json | mallog diff base.json - --top 3
  mallog diff base.json head.json -q -o diff.json -o diff.txt

Exit codes: 0 done, all budgets are kept, 1 one is not (0 with --allow-failure),
2 wrong usage, 3 a file that is no report of mallog.
`;

/** Adds `diff`, which compares two reports. */
export function addDiff(program: Command, run: (request: DiffRequest) => Promise<void>): void {
  const command = program
    .command("diff")
    .summary("two JSON reports side by side, and budgets on what changed")
    .description("Tells what changed from one JSON report to another.")
    .argument("<base>", "the earlier report, made with -o FILE.json or --json; -: standard input")
    .argument("<head>", "the later one")
    .action(async (base: string, head: string, given: Omit<DiffRequest, "base" | "head">) =>
      run({ ...given, base, head }),
    )
    .addHelpText("after", AFTER_HELP);
  for (const option of [
    new Option("--budget <budget>", "e.g. 'rss<=+5%'; repeatable").argParser(collect),
    new Option("--config <file>", "budgets in a file, as mallog check takes it"),
    allowFailureOption(),
    new Option("--top <n>", "rows in tables, 0 for all").argParser(topOption).default(10),
    new Option(
      "-o, --output <file>",
      "also write it to a .txt or .json file; repeatable",
    ).argParser(collect),
    new Option("--json", "print it as JSON"),
    new Option("-q, --quiet", "print only budgets that are not kept"),
    new Option("--color", "colours even where no terminal listens"),
    new Option("--no-color", "no colours"),
  ]) {
    command.addOption(option);
  }
}
