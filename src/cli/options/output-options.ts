import { Option } from "commander";
import { GROUPINGS, type Grouping } from "../../report/order/grouping.ts";
import { DEFAULT_SORT, type ThreadSort } from "../../report/order/sort-threads.ts";
import {
  parseGrouping,
  parseSort,
  parseTop,
  repeatableOption,
  valueOption,
} from "./option-values.ts";

/** Forms of the report on standard output besides text, by the option that selects each. */
export const FORMS = ["json", "ndjson", "csv", "plain"] as const;
export type Form = (typeof FORMS)[number];

/** Values of `outputOptions` as commander returns them. */
export interface OutputValues {
  readonly sort: ThreadSort;
  readonly by: Grouping;
  readonly top: number;
  readonly maps?: readonly string[];
  readonly symbols?: true;
  readonly jstack?: readonly string[];
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

/** `quiet`: what -q does; `moreForms`: forms besides --json. */
export function outputOptions(quiet: string, moreForms: readonly Option[] = []): Option[] {
  return [
    valueOption(
      "--sort <key>",
      "sort the main table by volume, calls, live, peak, tid or pinned; a leading - sorts ascending",
      parseSort,
    ).default(DEFAULT_SORT, DEFAULT_SORT.key),
    valueOption(
      "--by <kind>",
      "rows of the main table: thread, caller (call site), size (requested) or arena",
      parseGrouping,
    ).default(GROUPINGS[0], GROUPINGS[0]),
    topOption(),
    repeatableOption(
      "--maps <file>",
      "name the modules of call sites by a copy of /proc/PID/maps (default: the lines of it that the log has); repeatable",
    ),
    new Option(
      "--symbols",
      "name functions and lines of call sites by the files on this machine, with llvm-symbolizer or addr2line",
    ),
    jstackOption("name the threads, and say what they ran, by"),
    repeatableOption(
      "-o, --output <file>",
      "also write the report to a file; its ending selects the format (see below); repeatable",
    ),
    formOption("json", "print the report as JSON"),
    ...moreForms,
    new Option("-q, --quiet", quiet),
    new Option("--no-progress", "no progress line"),
    ...colorOptions(),
  ].map((option) => option.helpGroup("Output:"));
}

/** `purpose`: what the dumps are for, before what they are. */
export function jstackOption(purpose: string): Option {
  return repeatableOption(
    "--jstack <file>",
    `${purpose} a thread dump of jstack or jcmd PID Thread.print, or a listing of names such as grep . /proc/PID/task/*/comm; a folder: all its files; repeatable`,
  );
}

export function topOption(description = "rows in each table; 0 shows all"): Option {
  return valueOption("--top <n>", description, parseTop).default(10);
}

export function colorOptions(): Option[] {
  return [
    new Option("--color", "colours, even if the output is not a terminal"),
    new Option("--no-color", "no colours"),
  ];
}

/** At most one form may be given; --plot needs text. */
export function formOption(name: Form, description: string): Option {
  const others = [...FORMS, "plot"].filter((other) => other !== name);
  return new Option(`--${name}`, description).conflicts(others);
}

/** Explains <file>. */
export const FILES_HELP = `
<file> ends in .txt .json .ndjson .md .html .csv .sarif, .xml (JUnit), .prom or
.metrics.txt (OpenMetrics), .bench.json (customSmallerIsBetter of
github-action-benchmark), .speedscope.json, or .folded (stacks for a flame graph
of volume; .live.folded, .peak.folded and .pinned.folded: of what is live at the
end, live at the peak, and free below the blocks). mallog schema prints the JSON
Schema of the report.
`;
