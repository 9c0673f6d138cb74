import { type Command, Option } from "commander";
import type { GridAxis } from "../../../report/contract/sweep.ts";
import { allowUnreliableOption } from "../../budgets/budget-options.ts";
import { type ModelValues, modelOptions } from "../../options/model-options.ts";
import { accepted, repeatableOption } from "../../options/option-values.ts";
import { colorOptions, formOption, topOption } from "../../options/output-options.ts";
import { parseAxis } from "./axis.ts";

/** Option values of `sweep`, as commander returns them. */
export interface SweepValues extends Omit<ModelValues, "whatIf" | "model"> {
  readonly grid?: readonly GridAxis[];
  readonly allowUnreliable?: true;
  readonly top: number;
  readonly output?: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
  readonly progress: boolean;
  readonly color?: boolean;
}

export interface SweepRequest {
  readonly inputs: readonly string[];
  readonly values: SweepValues;
}

const AFTER_HELP = `
<axis> is a setting and its values: MALLOC_* variables and glibc.malloc.*
tunables, as in the environment of the process, and malloc_trim (end, 30s, …),
glibc (2.41, …), cpus. The value recorded leaves the setting as it was.

Every combination of the values is replayed, 64 at most. Those marked * are the
Pareto set: no other one is at least as good in RSS at the peak, RSS at the end
and price, and better in one of them. The price is the number of calls to the
kernel (brk, mmap, mremap, munmap, madvise, mprotect) and of page faults.

Exit codes:
  0    done
  2    wrong usage, or settings that glibc refuses
  3    a log that cannot be read
  4    the log does not support the model's figures: nothing is shown, unless
       --allow-unreliable is given
  130  interrupted (143: terminated)

Examples:
  mallog sweep malloc.log.gz --grid MALLOC_ARENA_MAX=recorded,1,2,4
  mallog sweep malloc.log.gz --grid MALLOC_ARENA_MAX=1,2 --grid malloc_trim=recorded,30s
  mallog sweep malloc.log.gz --grid MALLOC_TRIM_THRESHOLD_=131072,1048576 --json
`;

/** Options of the model that a sweep has no use for. */
const UNUSED: readonly string[] = ["whatIf", "model", "containerLimit", "baseRss"];

/** Adds `sweep`, which tries the settings of a grid. */
export function addSweep(program: Command, run: (request: SweepRequest) => Promise<void>): void {
  const command = program
    .command("sweep")
    .summary("try settings in a grid: peak, end and price of each")
    .description(
      "Replays a log under all combinations of the values of some settings, and marks those that no other one beats in memory and price.",
    )
    .argument("[log...]", "a log, or its pieces in order; none or -: standard input")
    .action((inputs: string[], values: SweepValues) => run({ inputs, values }))
    .addHelpText("after", AFTER_HELP);
  for (const option of [
    axisOption(),
    allowUnreliableOption("show the model's figures even if the log does not support them"),
  ]) {
    command.addOption(option.helpGroup("Settings:"));
  }
  for (const option of modelOptions()) {
    if (!UNUSED.includes(option.attributeName())) {
      command.addOption(option);
    }
  }
  for (const option of [
    topOption("rows of the table; 0 shows all"),
    repeatableOption(
      "-o, --output <file>",
      "also write what is shown to a .txt or .json file; repeatable",
    ),
    formOption("json", "print the figures as JSON"),
    new Option("-q, --quiet", "no progress line; with -o, nothing on standard output either"),
    new Option("--no-progress", "no progress line"),
    ...colorOptions(),
  ]) {
    command.addOption(option.helpGroup("Output:"));
  }
}

function axisOption(): Option {
  return new Option(
    "--grid <axis>",
    "a setting and the values to try, e.g. MALLOC_ARENA_MAX=1,2,4 (see below); repeatable",
  ).argParser((text: string, before: unknown) => {
    const axis = accepted("--grid", text, parseAxis(text));
    return Array.isArray(before) ? [...before, axis] : [axis];
  });
}
