import type { Command } from "commander";
import {
  MEASURING_HELP,
  type MeasuringValues,
  measuringOptions,
} from "../../measuring/measuring-options.ts";

export interface VerifyRequest {
  readonly inputs: readonly string[];
  readonly values: MeasuringValues;
}

const AFTER_HELP = `
Measured are the recorded settings and all that the report names as cures. As
recorded, a prediction holds if RSS at the peak and at the end differ from it by at
most 1 %; under other settings, if what they save differs by at most 1 % of RSS as
recorded. If the machine's glibc is not that of the log, the predictions are made
for the machine's.
${MEASURING_HELP}
Exit codes:
  0    every prediction holds
  1    a prediction does not hold
  2    wrong usage, or settings that glibc refuses
  3    a log that cannot be read, or calls that cannot be replayed: no C compiler
  4    the log does not support the model's figures: nothing is measured, unless
       --allow-unreliable is given
  130  interrupted (143: terminated)

Examples:
  mallog verify malloc.log.gz
  mallog verify malloc.log.gz --what-if MALLOC_ARENA_MAX=1 --what-if malloc_trim=30s
  mallog verify malloc.log.gz --with glibc=/opt/glibc-2.41/lib/ld-linux-x86-64.so.2
`;

/** Adds `verify`, which measures whether the report's cures do what it says. */
export function addVerify(program: Command, run: (request: VerifyRequest) => Promise<void>): void {
  const command = program
    .command("verify")
    .summary("measure whether the cures save what the report says")
    .description(
      "Analyses a log, makes its calls again under each setting that the report names as a cure, and shows whether the predictions hold.",
    )
    .argument("[log...]", "a log, or its pieces in order; none or -: standard input")
    .action((inputs: string[], values: MeasuringValues) => run({ inputs, values }))
    .addHelpText("after", AFTER_HELP);
  const withText = "the glibc to measure with: glibc=PATH of its ld.so (default: the machine's)";
  for (const option of measuringOptions(withText, true)) {
    command.addOption(option);
  }
}
