import type { Command } from "commander";
import { VALUES_HELP } from "../../options/model-options.ts";
import { Failure } from "../../problems.ts";
import { addRecordingOptions, type RecordValues } from "../record/options.ts";

const AFTER_HELP = `
gdb loads the hook into the process, which is stopped for about a second, and is
not ended. The recording ends with the process, after --for, or at SIGINT or
SIGTERM; then the report follows. Blocks from before are not in the log, and those of
libraries that are loaded later are not either: the report says how far it can be
believed. mallog record, from the start, is better.

gdb must be installed, and this user must be allowed to debug the process: its
owner where kernel.yama.ptrace_scope is 0, or root.
${VALUES_HELP}
Exit codes:
  0    done
  2    wrong usage
  3    the process cannot be watched, or nothing was recorded

Examples:
  mallog watch --for 60s 4242
  mallog watch -o java.log.gz "$(pgrep -n java)"
`;

/** Adds `watch`, which records a running process. */
export function addWatch(
  program: Command,
  run: (pid: number, values: RecordValues) => Promise<void>,
): void {
  const command = program
    .command("watch")
    .summary("log the malloc calls of a running process, and report them")
    .description(
      "Attaches mallog's hook to a running process by gdb, logs its malloc calls, and then prints the report.",
    )
    .usage("[options] <pid>")
    .argument("<pid>", "the process", (text: string) => {
      if (!/^[1-9]\d{0,9}$/.test(text)) {
        const reason = "give the number of a process";
        throw new Failure({ code: "option", option: "watch", value: text, reason });
      }
      return Number(text);
    })
    .action((pid: number, values: RecordValues) => run(pid, values))
    .addHelpText("after", AFTER_HELP);
  addRecordingOptions(command, "end the recording after this time, e.g. 60s");
}
