import { type Command, CommanderError } from "commander";
import { didYouMean } from "../report/wording/suggest.ts";
import { Exit } from "./exit-codes.ts";
import { isTooManyFiles } from "./files/system-error.ts";
import type { Analyse, Io } from "./io.ts";
import { problemText } from "./problem-text.ts";
import { exitCodeOf, Failure } from "./problems.ts";
import { buildProgram } from "./program.ts";
import { colorOption, widthOf } from "./terminal/capabilities.ts";
import { inCharset, withCharset } from "./terminal/charset.ts";
import { message } from "./terminal/message.ts";
import { print } from "./terminal/print.ts";

/**
 * One run of mallog, from the arguments to the exit code. Never throws: a known problem is printed as one line, any other
 * error as a bug in mallog.
 */
export async function run(argv: readonly string[], given: Io, analyse: Analyse): Promise<number> {
  const io = withCharset(given);
  // The callback of each write reports its error (print.ts). Without a listener the event would end the process as well.
  io.stdout.on("error", () => {});
  io.stderr.on("error", () => {});
  const commands: string[] = [];
  try {
    return await dispatch(argv, io, analyse, commands);
  } catch (error) {
    const command = commands.find((name) => name === argv[0]) ?? null;
    return await report(error, argv, io, command);
  }
}

/** Fills `commands` with the names of all commands. */
async function dispatch(
  argv: readonly string[],
  io: Io,
  analyse: Analyse,
  commands: string[],
): Promise<number> {
  let exitCode: number = Exit.done;
  let help = "";
  if (io.cwd === "") {
    const message = "the working directory no longer exists; change to another one";
    throw new Failure({ code: "usage", message });
  }
  const program: Command = buildProgram(
    { version: io.version, helpWidth: widthOf(io.stdout, io.env) },
    (text) => {
      help += text;
    },
    {
      analyze: async (inputs, values) => {
        const { analyzeLog } = await import("./commands/analyze/run.ts");
        exitCode = await analyzeLog(inputs, values, io, analyse, commands);
      },
      check: async (request) => {
        const { checkLog } = await import("./commands/check/run.ts");
        exitCode = await checkLog(request, io, analyse, commands);
      },
      diff: async (request) => {
        const { diffReports } = await import("./commands/diff/run.ts");
        exitCode = await diffReports(request, io);
      },
      inspect: async (request) => {
        const { inspectLog } = await import("./commands/inspect/run.ts");
        exitCode = await inspectLog(request, io, analyse, commands);
      },
      sweep: async (request) => {
        const { sweepLog } = await import("./commands/sweep/run.ts");
        exitCode = await sweepLog(request, io, analyse, commands);
      },
      replay: async (request) => {
        const { replayLog } = await import("./commands/replay/run.ts");
        exitCode = await replayLog(request, io, analyse, commands);
      },
      verify: async (request) => {
        const { verifyLog } = await import("./commands/verify/run.ts");
        exitCode = await verifyLog(request, io, analyse, commands);
      },
      record: async (words, values) => {
        const { recordCommand } = await import("./commands/record/run.ts");
        exitCode = await recordCommand(words, values, io, analyse, commands);
      },
      watch: async (pid, values) => {
        const { watchProcess } = await import("./commands/watch/run.ts");
        exitCode = await watchProcess(pid, values, io, analyse, commands);
      },
      convert: async (request) => {
        const { convertLog } = await import("./commands/convert/run.ts");
        exitCode = await convertLog(request, io);
      },
      shrink: async (request) => {
        const { shrinkLog } = await import("./commands/shrink/run.ts");
        exitCode = await shrinkLog(request, io);
      },
      hook: async (values) => {
        const { writeHook } = await import("./commands/hook/run.ts");
        exitCode = await writeHook(values, io);
      },
      completion: async (shell) => {
        const { completionScript } = await import("./commands/completion/run.ts");
        await print(io.stdout, completionScript(program, shell));
      },
      schema: (text) => print(io.stdout, text),
    },
  );
  commands.push(...program.commands.flatMap((command) => [command.name(), ...command.aliases()]));
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      throw error;
    }
    if (error.exitCode !== 0) {
      const message = usageMessage(error, argv, commands, (command) => optionsOf(program, command));
      throw new Failure({ code: "usage", message });
    }
  }
  if (help !== "") {
    await print(io.stdout, inCharset(help, io.stdout, io.env));
  }
  return exitCode;
}

/** Long options of the command, or of the default one if the word is not a command. */
function optionsOf(program: Command, word: string | undefined): string[] {
  const { commands } = program;
  const isNamed = (command: Command): boolean =>
    word !== undefined && [command.name(), ...command.aliases()].includes(word);
  const command = commands.find(isNamed) ?? commands[0];
  return [...(command?.options ?? []).flatMap(({ long }) => long ?? []), "--help"];
}

/** commander's message as one sentence, without its prefix and line breaks. */
function usageMessage(
  { code, message }: CommanderError,
  argv: readonly string[],
  commands: readonly string[],
  optionsOf: (command: string | undefined) => readonly string[],
): string {
  if (code === "commander.unknownOption") {
    const [unknown = "", ...suggested] = message.match(/(?<=['\s])-[^\s',?)]+/g) ?? [];
    // commander suggests options of the default command, too: even the unknown one.
    const known = optionsOf(argv[0]);
    const meant = suggested.filter((option) => known.includes(option));
    const suggestion = meant.length === 0 ? "" : ` (did you mean ${meant.join(" or ")}?)`;
    return `unknown option '${unknown}'${suggestion}`;
  }
  // commander answers `mallog help WORD` with the whole help on standard error and no message.
  if (code === "commander.help") {
    const topic = argv[1] ?? "";
    return `no such command: ${topic}${didYouMean(topic, commands)}`;
  }
  return message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/\(Did /, "(did ")
    .replace(/\. Expected /, "; expected ")
    .replace(/\.$/, "");
}

/** Prints an error. Returns the exit code. */
async function report(
  error: unknown,
  argv: readonly string[],
  io: Io,
  command: string | null,
): Promise<number> {
  const failure = await asFailure(error);
  const { chalkFor } = await import("./terminal/chalk-for.ts");
  const prefix = chalkFor(io.stderr, io.env, colorOption(argv)).red("mallog:");
  if (failure === null) {
    message(io.stderr, internalError(error, io.env.MALLOG_DEBUG !== undefined), prefix);
    return Exit.internal;
  }
  message(io.stderr, problemText(failure.problem, command), prefix);
  return exitCodeOf(failure.problem);
}

/** Null: a bug in mallog. */
async function asFailure(error: unknown): Promise<Failure | null> {
  if (error instanceof Failure) {
    return error;
  }
  if (isTooManyFiles(error)) {
    return new Failure({ code: "openFiles" });
  }
  const { failureOf } = await import("./report-of-log.ts");
  return failureOf(error);
}

function internalError(error: unknown, debug: boolean): string | string[] {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (debug) {
    return `internal error: ${stack}`.split("\n");
  }
  const message = error instanceof Error ? error.message : String(error);
  return `internal error: ${message.split("\n")[0]}; this is a bug in mallog: please report it with the output under MALLOG_DEBUG=1`;
}
