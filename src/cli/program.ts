import { Command, Help } from "commander";
import { type AnalyzeRequest, addAnalyze, WORDS_HELP } from "./commands/analyze/options.ts";
import { addCheck, type CheckRequest } from "./commands/check/options.ts";
import { addDiff, type DiffRequest } from "./commands/diff/options.ts";
import { addSchema } from "./commands/schema/options.ts";

const AFTER_HELP = `
Examples:
  zcat malloc.log.gz | mallog
  mallog malloc.log.gz --sort live --top 20
  mallog malloc.log.gz --container-limit 512MiB --base-rss 120MiB
  mallog malloc.log.gz --what-if MALLOC_ARENA_MAX=1 \\
    --what-if MALLOC_TRIM_THRESHOLD_=131072,malloc_trim=30s
  mallog malloc.log.gz -q -o report.json -o report.md
  printf '7 0.1 malloc(100) = 0x5581000002a0\\n' | mallog
${WORDS_HELP}
Exit codes:
  0    done
  1    a budget is not kept (mallog check, mallog diff)
  2    wrong usage, or settings that glibc would refuse
  3    a log unreadable, empty, or without one malloc call; an earlier report
       that is none; or the report cannot be written
  130  interrupted: the report of what was read is printed, and says so
`;

/** What the command line can do, and whom its commands call. */
export interface Commands {
  readonly analyze: (request: AnalyzeRequest) => Promise<void>;
  readonly check: (request: CheckRequest) => Promise<void>;
  readonly diff: (request: DiffRequest) => Promise<void>;
  readonly schema: (text: string) => Promise<void>;
}

/**
 * The command line. Help and version go to `writeOut`; every error is thrown as a CommanderError and printed by
 * whoever catches it.
 */
export function buildProgram(
  { version, hostCpus, helpWidth }: { version: string; hostCpus: number; helpWidth: number },
  writeOut: (text: string) => void,
  commands: Commands,
): Command {
  const program = new Command("mallog")
    .description(
      "Tells where the memory of a process went, and which malloc setting would give it back, from a log of its malloc calls.",
    )
    .usage("[analyze] [options] [log...]")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    .configureOutput({ writeOut, writeErr: () => {}, getOutHelpWidth: () => helpWidth });
  const analyze = addAnalyze(program, hostCpus, commands.analyze);
  addCheck(program, commands.check);
  addDiff(program, commands.diff);
  addSchema(program, commands.schema);
  // The default command's options are what `mallog --help` is asked for.
  program.configureHelp({
    visibleOptions: (command) => {
      const own = new Help().visibleOptions(command);
      return command === program ? [...analyze.options, ...own] : own;
    },
  });
  analyze.addHelpText("after", AFTER_HELP);
  return program.addHelpText("after", AFTER_HELP);
}
