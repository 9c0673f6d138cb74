import { Command, Help } from "commander";
import type { AnalysisValues } from "./analysis/analysis-request.ts";
import { ANALYZE_HELP, addAnalyze } from "./commands/analyze/options.ts";
import { addCheck, type CheckRequest } from "./commands/check/options.ts";
import { addCompletion, type Shell } from "./commands/completion/options.ts";
import { addConvert, type ConvertRequest } from "./commands/convert/options.ts";
import { addDiff, type DiffRequest } from "./commands/diff/options.ts";
import { addHook, type HookValues } from "./commands/hook/options.ts";
import { addInspect, type InspectRequest } from "./commands/inspect/options.ts";
import { addRecord, type RecordValues } from "./commands/record/options.ts";
import { addReplay, type ReplayRequest } from "./commands/replay/options.ts";
import { addSchema } from "./commands/schema/options.ts";
import { addShrink, type ShrinkRequest } from "./commands/shrink/options.ts";
import { addSweep, type SweepRequest } from "./commands/sweep/options.ts";
import { addVerify, type VerifyRequest } from "./commands/verify/options.ts";
import { addWatch } from "./commands/watch/options.ts";

/** What each command calls. */
export interface Commands {
  readonly analyze: (inputs: readonly string[], values: AnalysisValues) => Promise<void>;
  readonly check: (request: CheckRequest) => Promise<void>;
  readonly diff: (request: DiffRequest) => Promise<void>;
  readonly inspect: (request: InspectRequest) => Promise<void>;
  readonly sweep: (request: SweepRequest) => Promise<void>;
  readonly replay: (request: ReplayRequest) => Promise<void>;
  readonly verify: (request: VerifyRequest) => Promise<void>;
  readonly record: (command: readonly string[], values: RecordValues) => Promise<void>;
  readonly watch: (pid: number, values: RecordValues) => Promise<void>;
  readonly convert: (request: ConvertRequest) => Promise<void>;
  readonly shrink: (request: ShrinkRequest) => Promise<void>;
  readonly hook: (values: HookValues) => Promise<void>;
  readonly completion: (shell: Shell) => Promise<void>;
  readonly schema: (text: string) => Promise<void>;
}

/**
 * The command line. Help and version go to `writeOut`. A wrong command line is thrown, as a CommanderError or a Failure,
 * and nothing is printed.
 */
export function buildProgram(
  { version, helpWidth }: { version: string; helpWidth: number },
  writeOut: (text: string) => void,
  commands: Commands,
): Command {
  const program = new Command("mallog")
    .description(
      "From a log of a process's malloc calls, reports where its memory went and which malloc settings would reduce it.",
    )
    .usage("[analyze] [options] [log...]")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride()
    .configureOutput({ writeOut, writeErr: () => {}, getOutHelpWidth: () => helpWidth });
  const analyze = addAnalyze(program, commands.analyze);
  addCheck(program, commands.check);
  addDiff(program, commands.diff);
  addInspect(program, commands.inspect);
  addSweep(program, commands.sweep);
  addReplay(program, commands.replay);
  addVerify(program, commands.verify);
  addRecord(program, commands.record);
  addWatch(program, commands.watch);
  addConvert(program, commands.convert);
  addShrink(program, commands.shrink);
  addHook(program, commands.hook);
  addCompletion(program, commands.completion);
  addSchema(program, commands.schema);
  // `mallog --help` is asked for the options of the default command.
  const help = new Help();
  program.configureHelp({
    visibleArguments: (command) => help.visibleArguments(command === program ? analyze : command),
    visibleOptions: (command) =>
      command === program
        ? [...analyze.options, ...help.visibleOptions(command)]
        : help.visibleOptions(command),
    // Without operands: they would widen the column of all options.
    subcommandTerm: (command) => command.name(),
  });
  return program.addHelpText("after", ANALYZE_HELP);
}
