import { CommanderError } from "commander";
import type { Analyse, Io } from "./io.ts";
import { Exit, exitCodeOf, Failure } from "./problems.ts";
import { buildProgram } from "./program.ts";
import { colorOption, widthOf } from "./terminal/capabilities.ts";
import { print } from "./terminal/print.ts";

/**
 * One run of mallog, from the arguments to the exit code. Nothing escapes: known problems are printed as one line, and
 * what is left is a fault of mallog itself.
 */
export async function run(argv: readonly string[], io: Io, analyse: Analyse): Promise<number> {
  // A failed write is told to its callback (print.ts); without a listener it would end the process besides.
  io.stdout.on("error", () => {});
  io.stderr.on("error", () => {});
  try {
    return await dispatch(argv, io, analyse);
  } catch (error) {
    const failure = error instanceof Failure ? error : null;
    const { chalkFor } = await import("./terminal/chalk-for.ts");
    const prefix = chalkFor(io.stderr, io.env, colorOption(argv)).red("mallog:");
    const text = failure?.message ?? internalError(error, io.env.MALLOG_DEBUG !== undefined);
    io.stderr.write(`${prefix} ${text}\n`);
    return failure === null ? Exit.internal : exitCodeOf(failure.problem);
  }
}

async function dispatch(argv: readonly string[], io: Io, analyse: Analyse): Promise<number> {
  let exitCode: number = Exit.done;
  let help = "";
  const program = buildProgram(
    {
      version: io.version,
      hostCpus: io.hostCpus,
      helpWidth: widthOf(io.stdout, io.env),
    },
    (text) => {
      help += text;
    },
    {
      analyze: async (request) => {
        const { analyzeLog } = await import("./commands/runs.ts");
        exitCode = await analyzeLog(request, io, analyse, names());
      },
      check: async (request) => {
        const { checkLog } = await import("./commands/runs.ts");
        exitCode = await checkLog(request, io, analyse, names());
      },
      diff: async (request) => {
        const { diffReports } = await import("./commands/runs.ts");
        exitCode = await diffReports(request, io);
      },
      schema: (text) => print(io.stdout, text),
    },
  );
  const names = (): string[] =>
    program.commands.flatMap((command) => [command.name(), ...command.aliases()]);
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      throw error;
    }
    if (error.exitCode !== 0) {
      throw usage(
        error,
        names().find((name) => name === argv[0]),
      );
    }
  }
  if (help !== "") {
    await print(io.stdout, help);
  }
  return exitCode;
}

/** commander's message as one sentence: no prefix of its own, its suggestion on the same line. */
function usage({ message }: CommanderError, command: string | undefined): Failure {
  const sentence = message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
  return new Failure({ code: "usage", message: sentence, ...(command && { command }) });
}

function internalError(error: unknown, debug: boolean): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (debug) {
    return `internal error: ${stack}`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return `internal error: ${message.split("\n")[0]}; this is a fault of mallog: please report it with the output of MALLOG_DEBUG=1`;
}
