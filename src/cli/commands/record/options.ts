import { type Command, Option } from "commander";
import { parseDuration } from "../../../report/wording/sizes.ts";
import type { AnalysisValues } from "../../analysis/analysis-request.ts";
import { modelOptions, VALUES_HELP } from "../../options/model-options.ts";
import { valueOption } from "../../options/option-values.ts";
import { outputOptions } from "../../options/output-options.ts";

/** What waits for what while it is recorded. */
export type RecordedOrder = "free" | "exact";

/** Option values of `record` and `watch`, as commander returns them. */
export interface RecordValues extends Omit<AnalysisValues, "output"> {
  readonly output: string;
  /** seconds */
  readonly for?: number;
  readonly report: boolean;
  readonly order?: RecordedOrder;
}

const AFTER_HELP = `
The log is compressed if its name ends in .gz. The log of the process that
allocated most gets the name given with -o, and is reported; with %p in the name,
the process id, all logs are kept. A file of that name is replaced.

With --for, the recording ends after that time, and then the command: it gets
SIGTERM, and five seconds later SIGKILL. SIGINT, SIGTERM and SIGHUP to mallog are
passed on to the command. The hook's variables, such as MALLOG_START_AFTER=30s,
are passed on as well.
${VALUES_HELP}
Exit codes: those of the command, 128 + the number of the signal that ended it.
If it succeeds, or is ended by --for:
  0    done
  2    wrong usage
  3    nothing was recorded, or the hook cannot be built
If it cannot be started:
  126  it cannot be executed
  127  there is no such command

Examples:
  mallog record -- python3 app.py
  mallog record -o java.log.gz --for 60s -- java -jar app.jar
  mallog record --no-report -o 'logs/malloc.%p.log.gz' -- ./start.sh
`;

/** Adds `record`, which runs a command under the hook, and reports what it did. */
export function addRecord(
  program: Command,
  run: (command: readonly string[], values: RecordValues) => Promise<void>,
): void {
  const command = program
    .command("record")
    .summary("run a command, log its malloc calls, and report them")
    .description(
      "Runs a command under mallog's hook, which logs every malloc call, and then prints the report.",
    )
    .usage("[options] -- <command...>")
    .argument("<command...>", "the command and its arguments, after --")
    .addOption(
      new Option(
        "--order <order>",
        "calls that wait for each other while they are recorded: those in one arena, as without the hook (free, the default), or all (exact)",
      ).choices(["free", "exact"]),
    )
    .action((words: string[], values: RecordValues) => run(words, values))
    .addHelpText("after", AFTER_HELP);
  addRecordingOptions(command, "end the recording and the command after this time, e.g. 60s");
}

/** Adds the options of the log, of the recording's end and of the report. `forHelp`: the help of --for. */
export function addRecordingOptions(command: Command, forHelp: string): void {
  command
    .option("-o, --output <file>", "the log", "malloc.log.gz")
    .addOption(
      valueOption("--for <time>", forHelp, (text) => {
        const seconds = parseDuration(text);
        return seconds === null || seconds === 0
          ? { error: "give a time like 60s, 500ms or 2m" }
          : { ok: seconds };
      }),
    )
    .addOption(new Option("--no-report", "only record"));
  const quiet = "no progress line, and no message about the log";
  // Nothing has been measured before the recording.
  const ofModel = modelOptions(false);
  for (const option of [...ofModel, ...outputOptions(quiet)]) {
    if (option.long !== "--output") {
      command.addOption(option);
    }
  }
}
