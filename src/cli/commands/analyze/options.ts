import { type Command, Option } from "commander";
import type { AnalysisValues } from "../../analysis/analysis-request.ts";
import { modelOptions, VALUES_HELP } from "../../options/model-options.ts";
import { parseInterval, valueOption } from "../../options/option-values.ts";
import { FILES_HELP, formOption, outputOptions } from "../../options/output-options.ts";

/** After the help of `analyze`, and of mallog, whose default command it is. */
export const ANALYZE_HELP = `${FILES_HELP}${VALUES_HELP}
Exit codes:
  0    done
  1    a budget is not kept (mallog check, mallog diff)
  2    wrong usage, or settings that glibc refuses
  3    an input that cannot be read, is empty, or has no malloc call; most
       lines of a kind of call were not read; or a report that cannot be
       written
  130  interrupted (143: terminated); the report covers what was read

Examples:
  zcat malloc.log.gz | mallog
  mallog malloc.log.gz --sort live --top 20
  mallog malloc.log.gz --container-limit 512MiB --base-rss 120MiB
  mallog malloc.log.gz --what-if MALLOC_ARENA_MAX=1 \\
    --what-if MALLOC_TRIM_THRESHOLD_=131072,malloc_trim=30s
  mallog --follow malloc.log --every 10s -o report.html
  mallog malloc.log.gz -q -o report.json -o report.md
  printf '7 0.1 malloc(100) = 0x5581000002a0\\n' | mallog
`;

/** Adds `analyze`, the default command. */
export function addAnalyze(
  program: Command,
  run: (inputs: readonly string[], values: AnalysisValues) => Promise<void>,
): Command {
  const command = program
    .command("analyze", { isDefault: true })
    .alias("analyse")
    .summary("report where the memory went and which settings reduce it (the default)")
    .description(
      "Reads a log of malloc calls, replays it in an exact model of glibc's allocator, and reports where the memory went.",
    )
    .argument(
      "[log...]",
      "a log, or its pieces in order, compressed (gzip, zstd, xz, bzip2, lz4) or not; none or -: standard input",
    )
    .action((inputs: string[], values: AnalysisValues) => run(inputs, values))
    .addHelpText("after", ANALYZE_HELP);
  const quiet = "no progress line; with -o, no report on standard output either";
  for (const option of [
    ...readingOptions(),
    ...modelOptions(),
    verifyOption(),
    ...outputOptions(quiet, moreForms()),
  ]) {
    command.addOption(option);
  }
  return command;
}

function readingOptions(): Option[] {
  return [
    new Option(
      "-f, --follow",
      "read the last log as it grows, like tail -F, until interrupted; it may be rotated, truncated, or missing at first",
    ),
    valueOption(
      "--every <interval>",
      "also report while reading, e.g. every 10s: rewrite the files of -o, and print a summary (--ndjson: a line)",
      parseInterval,
    ),
  ].map((option) => option.helpGroup("Reading:"));
}

function verifyOption(): Option {
  return new Option(
    "--verify",
    "also measure: make the calls again with this machine's glibc, as recorded and under each cure (see mallog verify); nothing is fitted to a measured RSS",
  )
    .conflicts("observedRss")
    .helpGroup("Model:");
}

function moreForms(): Option[] {
  return [
    formOption(
      "ndjson",
      "print the report as JSON on one line, with series and heap maps left empty",
    ),
    formOption("csv", "print the threads as CSV"),
    formOption("plain", "print tab-separated records for grep and awk, one a line, all rows"),
    new Option("--plot", "add a plot of live bytes, and of the RSS of each scenario, over time"),
  ];
}
