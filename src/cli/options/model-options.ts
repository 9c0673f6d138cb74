import { Option } from "commander";
import { type GivenColumns, parseColumns } from "../../input/formats/columns/given-columns.ts";
import { parsePattern } from "../../input/formats/columns/given-pattern.ts";
import { FORMAT_NAMES } from "../../input/formats/input-format-names.ts";
import type { TouchPolicy } from "../../replay/writes/touch.ts";
import type { ThpMode } from "../../trace/stated/log-facts.ts";
import {
  parseBytes,
  parseCpus,
  parsePositiveBytes,
  parseProcess,
  parseThp,
  parseTouch,
  repeatableOption,
  valueOption,
} from "./option-values.ts";

/** The what-ifs of a run without --what-if. */
export const DEFAULT_WHAT_IFS: readonly string[] = [
  "malloc_trim=end",
  "MALLOC_ARENA_MAX=1",
  "MALLOC_ARENA_MAX=2",
  "MALLOC_ARENA_MAX=1,malloc_trim=end",
];

/** Further ones of such a run, reported if they help. Most cost nothing until a call comes for which they matter. */
export const TRIALS: readonly string[] = [
  "MALLOC_TRIM_THRESHOLD_=131072",
  "MALLOC_MMAP_THRESHOLD_=65536",
  "MALLOC_ARENA_MAX=4",
  "glibc.malloc.tcache_count=0",
  "malloc_trim=60s",
  "glibc=2.39",
];

/** What the lines of a log are. */
export interface ShapeValues {
  readonly columns?: GivenColumns;
  readonly pattern?: string;
  readonly inputFormat?: string;
}

/** Values of `modelOptions` as commander returns them. Settings and versions are not checked yet. */
export interface ModelValues extends ShapeValues {
  /** false: --no-what-if; undefined: neither was given */
  readonly whatIf?: readonly string[] | false;
  readonly model: boolean;
  readonly recordedWith?: string;
  readonly glibc: string;
  readonly cpus?: number;
  readonly touch?: TouchPolicy;
  readonly observedRss?: number;
  /** files, each perhaps with its moment */
  readonly observed?: readonly string[];
  readonly thp?: ThpMode;
  readonly containerLimit?: number;
  readonly baseRss?: number;
  readonly process?: string;
}

/** Of all commands that replay a log. `observes`: the log exists already, and was not recorded by this command. */
export function modelOptions(observes = true): Option[] {
  const ofModel = replayOptions(observes).map((option) => option.helpGroup("Model:"));
  return observes ? [...shapeOptions(), ...ofModel] : ofModel;
}

function shapeOptions(): Option[] {
  return [
    new Option("--input-format <name>", "format of the log (default: what its first lines show)")
      .choices(FORMAT_NAMES)
      .conflicts(["columns", "pattern"]),
    valueOption(
      "--columns <list>",
      "what stands before each call, and behind it, e.g. pid,tid,time:ms,-,call,caller (default: what the first lines show)",
      parseColumns,
    ),
    valueOption(
      "--pattern <regex>",
      "regular expression of a line, with named groups: call, and of pid, tid, time, caller, size, align, count, pointer, result those that there are",
      parsePattern,
    ),
  ].map((option) => option.helpGroup("Reading:"));
}

function replayOptions(observes: boolean): Option[] {
  return [
    valueOption(
      "--process <pid>",
      "the process to report, if the log has several (default: the one with the most volume); all: the figures of each",
      parseProcess,
    ),
    repeatableOption(
      "--what-if <settings>",
      "also replay under these settings, e.g. MALLOC_ARENA_MAX=1,malloc_trim=end; repeatable, replaces the default set",
    ),
    new Option("--no-what-if", "replay only the recorded run"),
    new Option("--no-model", "no replay: only counts and live bytes"),
    new Option(
      "--recorded-with <settings>",
      "settings of the recorded process, e.g. MALLOC_ARENA_MAX=2 (default: those in the log)",
    ),
    new Option(
      "--glibc <version>",
      "glibc of the recorded process, e.g. 2.36; auto: the version in the log, else the one that fits its pointers best",
    ).default("auto", "auto"),
    valueOption(
      "--cpus <n>",
      "CPUs of the recorded machine (default: what the log or its pointers say, else this machine's)",
      parseCpus,
    ),
    valueOption(
      "--touch <policy>",
      "what the program is assumed to write of its blocks: facts, all, none, or a ratio for blocks above 32 KiB (default: facts, or what fits the log's RSS samples)",
      parseTouch,
    ),
    valueOption(
      "--observed-rss <size>",
      "RSS of the heap measured at the log's end, e.g. 412MiB; what the program wrote, from nothing to everything, is fitted to it",
      parsePositiveBytes,
    ).conflicts(["model", "touch"]),
    ...(observes ? [observedOption()] : []),
    valueOption(
      "--thp <mode>",
      "transparent huge pages on the recorded machine: always, madvise or never (default: the mode in the log, else madvise)",
      parseThp,
    ),
    valueOption(
      "--container-limit <size>",
      "memory limit of the container (cgroup), e.g. 512MiB; the report says whether the process fits",
      parsePositiveBytes,
    ).conflicts("model"),
    valueOption(
      "--base-rss <size>",
      `memory of the process outside malloc, e.g. 120MiB; added to the RSS of the heap (default: what ${observes ? "--observed or " : ""}the log states)`,
      parseBytes,
    ).conflicts("model"),
  ];
}

function observedOption(): Option {
  return repeatableOption(
    "--observed <file>",
    "what was measured of the process: /proc/PID/smaps or smaps_rollup, pmap -X PID, malloc_info() XML, malloc_stats() or mallinfo() text, jcmd PID VM.native_memory summary; shown beside the model's figures at the log's end, or, as FILE@MOMENT, at a moment as of mallog inspect --at; repeatable",
  ).conflicts("model");
}

/** Explains <settings> and <size>. */
export const VALUES_HELP = `
<settings> are separated by commas: MALLOC_* variables and glibc.malloc.*
tunables, as in the environment of the process, and malloc_trim=end or
malloc_trim=30s (every 30 s), glibc=2.41, cpus=4. Variables that are set in this
shell have no effect. Without --what-if mallog tries
${DEFAULT_WHAT_IFS.map((settings) => `  ${settings}\n`).join("")}and these, which it reports only if they help:
${TRIALS.map((settings) => `  ${settings}\n`).join("")}<size> is a number of bytes or has a unit: 900MiB, 1.5GB, 64K (= 64KiB).
`;
