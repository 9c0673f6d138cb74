import { type Command, Option } from "commander";
import type { Parsed } from "../../../report/wording/parsed.ts";
import type { Moment } from "../../../trace/moment.ts";
import { allowUnreliableOption } from "../../budgets/budget-options.ts";
import { type ModelValues, modelOptions } from "../../options/model-options.ts";
import { repeatableOption, valueOption } from "../../options/option-values.ts";
import { colorOptions, formOption, jstackOption, topOption } from "../../options/output-options.ts";
import { parseMoment } from "../../options/parse-moment.ts";

/** Option values of `inspect`, as commander returns them. */
export interface InspectValues extends Omit<ModelValues, "whatIf" | "model"> {
  readonly at: AskedMoment;
  readonly arena?: number;
  readonly bins?: true;
  readonly chunks?: true;
  readonly map?: true;
  readonly trim?: true;
  readonly allowUnreliable?: true;
  readonly top: number;
  readonly jstack?: readonly string[];
  readonly output?: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
  readonly progress: boolean;
  readonly color?: boolean;
}

export interface AskedMoment {
  readonly moment: Moment;
  /** as typed */
  readonly text: string;
}

export interface InspectRequest {
  readonly inputs: readonly string[];
  readonly values: InspectValues;
}

const AFTER_HELP = `
<moment>:
  END               after the log's last call, and the exits of threads
  peak              when the RSS of the recorded run was highest
  1500              after the call in line 1500 of the log
  12.5s, 300ms, 2h  so long after the log's first event
  00:01:30.5        the same by the log's own clock
  mark:LABEL        at the first line mark(LABEL) of the log

Addresses are of chunks: the block that the program gets begins 16 bytes above.
Where the log does not show where a heap lies, its addresses are offsets, such as
heap 1+0x2a0.

Exit codes:
  0    done
  2    wrong usage, settings that glibc refuses, or a moment that is not in the
       log
  3    a log that cannot be read
  4    the log does not support the model's figures: nothing is shown, unless
       --allow-unreliable is given
  130  interrupted (143: terminated)

Examples:
  mallog inspect malloc.log.gz
  mallog inspect malloc.log.gz --at peak --bins --arena 0
  mallog inspect malloc.log.gz --at mark:warm --trim
  mallog inspect malloc.log.gz --at 12.5s --map
  mallog inspect malloc.log.gz --at 1500 --chunks --json
  mallog inspect malloc.log.gz --at peak --bins --top 0 -q -o heap.txt
`;

/** Options of the model that do not change what the recorded run is, or that `inspect` has no use for. */
const UNUSED: readonly string[] = ["whatIf", "model", "containerLimit", "baseRss", "observed"];

/** Adds `inspect`, which shows the model's heap at a moment. */
export function addInspect(
  program: Command,
  run: (request: InspectRequest) => Promise<void>,
): void {
  const command = program
    .command("inspect")
    .summary("show the heap at a moment: arenas, bins, tcaches, addresses")
    .description(
      "Shows the heap of the recorded process at any moment of its log, as a debugger shows that of a live process.",
    )
    .argument("[log...]", "a log, or its pieces in order; none or -: standard input")
    .action((inputs: string[], values: InspectValues) => run({ inputs, values }))
    .addHelpText("after", AFTER_HELP);
  for (const option of inspectOptions()) {
    command.addOption(option);
  }
  for (const option of modelOptions()) {
    if (!UNUSED.includes(option.attributeName())) {
      command.addOption(option);
    }
  }
  for (const option of [
    topOption("rows of each table, and chunks of each bin in JSON; 0 shows all"),
    jstackOption("name the threads by"),
    repeatableOption(
      "-o, --output <file>",
      "also write what is shown to a .txt or .json file; repeatable",
    ),
    formOption("json", "print the state as JSON"),
    new Option("-q, --quiet", "no progress line; with -o, nothing on standard output either"),
    new Option("--no-progress", "no progress line"),
    ...colorOptions(),
  ]) {
    command.addOption(option.helpGroup("Output:"));
  }
}

function inspectOptions(): Option[] {
  return [
    valueOption("--at <moment>", "the moment (see below)", asked).default(
      { moment: { kind: "end" }, text: "END" } satisfies AskedMoment,
      "END",
    ),
    valueOption("--arena <n>", "only this arena; 0 is the main arena", parseArena),
    new Option("--bins", "list the bins and tcaches, with the addresses of their first chunks"),
    new Option("--chunks", "list the chunks of each heap by address, as many as --top; JSON: all"),
    new Option("--map", "draw the pages of the heaps"),
    new Option("--trim", "list what malloc_trim(0) would return to the kernel at that moment"),
    allowUnreliableOption("show the model's heap even if the log does not support it"),
  ].map((option) => option.helpGroup("What to show:"));
}

function asked(text: string): Parsed<AskedMoment> {
  const parsed = parseMoment(text);
  return "ok" in parsed ? { ok: { moment: parsed.ok, text } } : parsed;
}

function parseArena(text: string): Parsed<number> {
  return /^[0-9]{1,6}$/.test(text)
    ? { ok: Number(text) }
    : { error: "give the number of an arena; 0 is the main arena" };
}
