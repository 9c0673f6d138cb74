import { type Command, Option } from "commander";
import { FREE_RUNS } from "../../../native-replay/repeated-replays.ts";
import {
  MEASURING_HELP,
  type MeasuringValues,
  measuringOptions,
} from "../../measuring/measuring-options.ts";

export interface ReplayRequest {
  readonly inputs: readonly string[];
  readonly values: MeasuringValues;
}

const AFTER_HELP = `
<what> is one of
  settings as --what-if of mallog analyze takes them: MALLOC_ARENA_MAX=1, …
  jemalloc, tcmalloc, mimalloc, or the path of another allocator's library
  glibc=PATH of another glibc's ld.so, alone or followed by settings
The recorded settings are measured in any case, and, unless --with gives settings,
those that the report names as cures.

With --free each thread makes its own calls, as the scheduler lets it, so that it
finds arenas locked, and uses others, as the program does. A block is freed only
once another thread has allocated it; threads start and exit in the log's order. The
runs show how far RSS depends on the order of calls.
${MEASURING_HELP}
Exit codes:
  0    done
  2    wrong usage, or settings that glibc refuses
  3    a log that cannot be read, or calls that cannot be replayed: no library,
       no C compiler
  4    the log does not support the model's figures: nothing is measured, unless
       --allow-unreliable is given
  130  interrupted (143: terminated)

Examples:
  mallog replay malloc.log.gz --with jemalloc --with tcmalloc --with mimalloc
  mallog replay malloc.log.gz --with MALLOC_ARENA_MAX=1 --with malloc_trim=30s --json
  mallog replay malloc.log.gz --with glibc=/opt/glibc-2.41/lib/ld-linux-x86-64.so.2
`;

const FREE = new Option(
  "--free",
  `let the threads run side by side, ${FREE_RUNS} times, instead of in the log's order`,
).helpGroup("Settings:");

/** Adds `replay`, which makes a log's calls again with real allocators. */
export function addReplay(program: Command, run: (request: ReplayRequest) => Promise<void>): void {
  const command = program
    .command("replay")
    .summary("make the calls again with real allocators, and measure them")
    .description(
      "Makes the calls of a log again with real allocators, and shows the RSS of their heaps, measured beside predicted.",
    )
    .argument("[log...]", "a log, or its pieces in order; none or -: standard input")
    .action((inputs: string[], values: MeasuringValues) => run({ inputs, values }))
    .addHelpText("after", AFTER_HELP);
  const [target, ...options] = measuringOptions(
    "what to replay with (see below); repeatable",
    false,
  );
  for (const option of [target!, FREE, ...options]) {
    command.addOption(option);
  }
}
