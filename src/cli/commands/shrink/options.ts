import type { Command } from "commander";
import type { Parsed } from "../../../report/wording/parsed.ts";
import type { GateMoment } from "../../../shrink/moment-gate.ts";
import { valueOption } from "../../options/option-values.ts";
import { parseMoment } from "../../options/parse-moment.ts";
import { type RewriteValues, rewriteOptions } from "../../rewriting/rewrite-options.ts";

/** Option values of `shrink`, as commander returns them. */
export interface ShrinkValues extends RewriteValues {
  readonly from?: AskedGate;
  readonly to?: AskedGate;
}

export interface AskedGate {
  readonly moment: GateMoment;
  /** as typed */
  readonly text: string;
}

export interface ShrinkRequest {
  readonly inputs: readonly string[];
  readonly values: ShrinkValues;
}

const AFTER_HELP = `
What is written has the native format, and gives the same figures as the log:
blocks keep their places within heaps, at other addresses; call sites keep their
distances within a page of code; threads, processes, programs, names of threads
and labels of marks have numbers; times count from the log's start; of comments,
only those are kept that mallog's model reads. docs/sharing-a-log.md has the list.

<moment>: as of mallog inspect --at, without peak: 12.5s after the log's first
event, 00:01:30.5 by its own clock, line 1500, or mark:LABEL. The blocks that are
live at --from are written as calls of malloc, so figures of a part of a log are
not those of the whole.

Exit codes:
  0    done
  2    wrong usage, or a moment that is not in the log
  3    a log that cannot be read, or a file that cannot be written; or most calls
       of a kind, such as free, are not read: what is read is written
  130  interrupted (143: terminated); a file is then not written

Examples:
  mallog shrink malloc.log.gz -o to-share.log.gz
  mallog shrink malloc.log.gz --from 30s --to 40s -o part.log.gz
  mallog shrink malloc.log.gz --to 1000000 | mallog
`;

/** Adds `shrink`, which writes a log that can be shared. */
export function addShrink(program: Command, run: (request: ShrinkRequest) => Promise<void>): void {
  const command = program
    .command("shrink")
    .summary("write a log to share, without names, paths and addresses")
    .description(
      "Writes a log that can be shared: without names, paths and addresses, and with the same figures.",
    )
    .argument("[log...]", "a log, or its pieces in order; none or -: standard input")
    .addOption(valueOption("--from <moment>", "leave out the calls up to this moment", asked))
    .addOption(valueOption("--to <moment>", "leave out the calls after this moment", asked))
    .action((inputs: string[], values: ShrinkValues) => run({ inputs, values }))
    .addHelpText("after", AFTER_HELP);
  for (const option of rewriteOptions()) {
    command.addOption(option);
  }
}

function asked(text: string): Parsed<AskedGate> {
  const parsed = parseMoment(text);
  if ("error" in parsed) {
    return parsed;
  }
  return parsed.ok.kind === "peak"
    ? { error: "the peak shows only once the log is replayed: give the time that mallog reports" }
    : { ok: { moment: parsed.ok, text } };
}
