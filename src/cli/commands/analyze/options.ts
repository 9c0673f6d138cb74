import { type Command, Option } from "commander";
import type { AnalysisOptions } from "../../../pipeline/analysis-options.ts";
import type { ScenarioSpec } from "../../../replay/scenario-spec.ts";
import type { TouchPolicy } from "../../../replay/writes/touch.ts";
import { DEFAULT_SORT, type ThreadSort } from "../../../report/sort-threads.ts";
import {
  collect,
  cpusOption,
  glibcOption,
  limitOption,
  measuredOption,
  sizeOption,
  sortOption,
  topOption,
  touchOption,
} from "../../options.ts";
import { Failure } from "../../problems.ts";
import { DEFAULT_WHAT_IFS, type Parsed, parseRecordedWith, parseScenario } from "../../settings.ts";

/** What programs read on standard output, by the options that ask for it. */
const FORMS = ["json", "ndjson", "csv", "plain"] as const;
type Form = (typeof FORMS)[number];

/** What the help calls FILES, SETTINGS and SIZES. */
export const WORDS_HELP = `
FILES end in .txt .json .ndjson .md .html .csv .sarif, .xml (JUnit), .prom or
.metrics.txt (OpenMetrics), or .bench.json (customSmallerIsBetter of
github-action-benchmark). For the JSON Schema of the report see mallog schema.

SETTINGS are what one would type into the environment of the process, separated
by commas: MALLOC_* variables and glibc.malloc.* tunables; beside them
malloc_trim=end or malloc_trim=30s, glibc=2.41, cpus=4. Those set in this shell
do not matter. SIZES are like 900MiB, 1.5GB, 64K (= 64KiB) or 4096.
`;

/** What the user asked for, checked. */
export interface AnalyzeRequest {
  readonly inputs: readonly string[];
  readonly analysis: AnalysisOptions;
  readonly sort: ThreadSort;
  readonly top: number;
  /** null when neither --container-limit nor --base-rss was given */
  readonly container: { readonly limitBytes: number | null; readonly baseRssBytes: number } | null;
  readonly outputs: readonly string[];
  /** of the report on standard output */
  readonly form: "text" | Form;
  readonly plot: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly color: boolean | undefined;
}

/** The options as commander leaves them, defaults filled in. */
export interface Given {
  /** false: --no-what-if */
  readonly whatIf?: readonly string[] | false;
  readonly model: boolean;
  readonly recordedWith?: string;
  readonly glibc: string;
  readonly cpus?: number;
  readonly touch?: TouchPolicy;
  readonly observedRss?: number;
  readonly thp?: "always" | "madvise" | "never";
  readonly containerLimit?: number;
  readonly baseRss?: number;
  readonly sort: ThreadSort;
  readonly top: number;
  readonly output?: readonly string[];
  readonly json?: true;
  readonly ndjson?: true;
  readonly csv?: true;
  readonly plain?: true;
  readonly plot?: true;
  readonly quiet?: true;
  readonly progress: boolean;
  readonly color?: boolean;
}

/** Adds `analyze`, the default command, which hands its checked request to `run`. */
export function addAnalyze(
  program: Command,
  hostCpus: number,
  run: (request: AnalyzeRequest) => Promise<void>,
): Command {
  const command = program
    .command("analyze", { isDefault: true })
    .alias("analyse")
    .summary("where the memory of a logged run went, and what would give it back (the default)")
    .description(
      "Reads a log of malloc calls, replays it in an exact model of glibc's allocator, and tells where the memory went.",
    )
    .argument(
      "[log...]",
      "a log, or its pieces in order; none or -: standard input; gzip and zstd as they are",
    )
    .action(async (inputs: string[], given: Given) => run(requestOf(inputs, given, hostCpus)));
  const quietly = "no progress; with -o, nothing on standard output";
  const options = [...modelOptions(), ...outputOptions(quietly, otherForms())];
  for (const option of options) {
    command.addOption(option);
  }
  return command;
}

export function modelOptions(): Option[] {
  return [
    new Option(
      "--what-if <settings>",
      "replay under these settings too, e.g. MALLOC_ARENA_MAX=1,malloc_trim=end; repeatable, replaces the default set",
    ).argParser(collect),
    new Option("--no-what-if", "replay the run as recorded only"),
    new Option("--no-model", "no replay: counts and live bytes only"),
    new Option(
      "--recorded-with <settings>",
      "what the recorded process had set, e.g. MALLOC_ARENA_MAX=2 (default: what the log says)",
    ),
    new Option("--glibc <version>", "glibc of the recorded process, or auto")
      .argParser(glibcOption)
      .default("auto", "auto"),
    new Option(
      "--cpus <n>",
      "CPUs the recorded process saw (default: what the log or its pointers say, else this machine's)",
    ).argParser(cpusOption),
    new Option(
      "--touch <policy>",
      "what the program wrote of its blocks: facts, all, none, or a ratio for blocks above 32 KiB (default: facts, or the ratio that meets the log's RSS samples)",
    ).argParser(touchOption),
    new Option(
      "--observed-rss <size>",
      "RSS of the heap measured at the log's end, e.g. 412MiB: the ratio that meets it goes for all settings",
    )
      .argParser(measuredOption)
      .conflicts(["model", "touch"]),
    new Option(
      "--thp <mode>",
      "transparent huge pages on the recorded machine (default: what the log says, else madvise)",
    ).choices(["always", "madvise", "never"]),
    new Option("--container-limit <size>", "the cgroup's limit, e.g. 512MiB: does the process fit?")
      .argParser(limitOption)
      .conflicts("model"),
    new Option("--base-rss <size>", "memory of the process outside malloc, e.g. 120MiB")
      .argParser(sizeOption)
      .conflicts("model"),
  ].map((option) => option.helpGroup("The model:"));
}

/** `quietly`: what -q leaves out; `others`: forms of what is printed besides --json. */
export function outputOptions(quietly: string, others: readonly Option[] = []): Option[] {
  return [
    new Option(
      "--sort <key>",
      "threads by volume, calls, live, peak, tid or pinned; ascending with a leading -",
    )
      .argParser(sortOption)
      .default(DEFAULT_SORT, DEFAULT_SORT.key),
    new Option("--top <n>", "rows in tables, 0 for all").argParser(topOption).default(10),
    new Option(
      "-o, --output <file>",
      "also write the report to a file, its format chosen by the ending (see below); repeatable",
    ).argParser(collect),
    formOption("json", "print the report as JSON"),
    ...others,
    new Option("-q, --quiet", quietly),
    new Option("--no-progress", "no progress line"),
    new Option("--color", "colours even where no terminal listens"),
    new Option("--no-color", "no colours"),
  ].map((option) => option.helpGroup("Output:"));
}

function otherForms(): Option[] {
  return [
    formOption("ndjson", "print it as JSON on one line, what is only drawn left empty"),
    formOption("csv", "print the threads as CSV"),
    formOption(
      "plain",
      "print records for grep and awk: a line each, fields separated by tabs, all rows",
    ),
    new Option("--plot", "add a plot of live bytes and of RSS by scenario over time"),
  ];
}

function formOption(name: Form, description: string): Option {
  const others = [...FORMS, "plot"].filter((other) => other !== name);
  return new Option(`--${name}`, description).conflicts(others);
}

/** @throws Failure usage, setting */
export function requestOf(
  inputs: readonly string[],
  given: Given,
  hostCpus: number,
): AnalyzeRequest {
  if (!given.model && Array.isArray(given.whatIf)) {
    const message = "--what-if cannot be used with --no-model, which replays nothing";
    throw new Failure({ code: "usage", message });
  }
  const { containerLimit: limitBytes = null, baseRss } = given;
  const recordedWith =
    given.recordedWith === undefined
      ? null
      : checked("--recorded-with", parseRecordedWith(given.recordedWith, given.glibc));
  return {
    inputs,
    analysis: {
      model: given.model,
      whatIfs: given.model ? whatIfsOf(given) : [],
      recordedWith,
      glibc: given.glibc,
      cpus: given.cpus ?? null,
      hostCpus,
      touch: given.touch ?? { fitted: given.observedRss ?? null },
      thp: given.thp ?? null,
    },
    sort: given.sort,
    top: given.top,
    container:
      limitBytes === null && baseRss === undefined
        ? null
        : { limitBytes, baseRssBytes: baseRss ?? 0 },
    outputs: given.output ?? [],
    form: FORMS.find((form) => given[form]) ?? "text",
    plot: given.plot ?? false,
    quiet: given.quiet ?? false,
    progress: given.progress,
    color: given.color,
  };
}

/** In the order given; the same settings typed twice are one scenario. */
function whatIfsOf({ whatIf = DEFAULT_WHAT_IFS, glibc }: Given): ScenarioSpec[] {
  const specs = (whatIf === false ? [] : whatIf).map((text) =>
    checked("--what-if", parseScenario(text, glibc)),
  );
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}

function checked<T>(option: string, parsed: Parsed<T>): T {
  if ("ok" in parsed) {
    return parsed.ok;
  }
  throw new Failure({ code: "setting", option, reason: parsed.error });
}
