import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { containerOf } from "../../../insight/container.ts";
import { present } from "../../../insight/present.ts";
import type { Report } from "../../../report/report.ts";
import { sortThreads } from "../../../report/sort-threads.ts";
import { suggest } from "../../../report/suggest.ts";
import { ENDINGS, writerOf } from "../../../report/writers/index.ts";
import { writePlain } from "../../../report/writers/plain.ts";
import type { Writer, WriterOptions } from "../../../report/writers/writer.ts";
import { chalkFor } from "../../chalk-for.ts";
import { forStepLog } from "../../github.ts";
import type { Analyse, Io } from "../../io.ts";
import { FILE_STYLE, type OutputFile, openOutputs } from "../../output-file.ts";
import { print } from "../../print.ts";
import { Exit, Failure } from "../../problems.ts";
import { Progress } from "../../progress.ts";
import { Signals } from "../../signals.ts";
import { showsUnicode, widthOf } from "../../terminal.ts";
import type { AnalyzeRequest } from "./options.ts";

const SHORT_HELP = `mallog reads a log of malloc calls, from standard input or files:
  zcat malloc.log.gz | mallog
  mallog malloc.log.gz
See mallog --help for options and more examples.
`;

/**
 * One run of `mallog analyze`: from the request to the reports on standard output and in files. Returns the exit code.
 * @throws Failure and whatever `analyse` throws
 */
export function analyzeLog(
  request: AnalyzeRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  return withReport(request, io, analyse, commands, async (report, outputs) => {
    await writeFiles(report, request, outputs);
    if (request.quiet && outputs.length > 0) {
      return Exit.done;
    }
    await print(io.stdout, await writtenForTerminal(report, request, io));
    return Exit.done;
  });
}

/**
 * What every command does that reads a log: its files are opened before the work and left out when it fails, signals
 * end the reading, and progress is shown. `conclude` tells of the report and gives the exit code, which a signal
 * overrules.
 * @throws Failure and whatever `analyse` and `conclude` throw
 */
export async function withReport(
  request: AnalyzeRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
  conclude: (report: Report, outputs: readonly OutputFile[]) => Promise<number>,
): Promise<number> {
  if (request.inputs.length === 0 && io.stdin.isTTY) {
    io.stderr.write(SHORT_HELP);
    return Exit.usage;
  }
  refuseMisspeltCommand(request.inputs, io.cwd, commands);
  const outputs = openOutputs(request.outputs, request.inputs, io.cwd, ENDINGS);
  const progress = progressOf(request, io);
  const discard = (): void => {
    progress?.clear();
    for (const output of outputs) {
      output.discard();
    }
  };
  const signals = new Signals(
    io.signals,
    () => {
      progress?.clear();
      io.stderr.write("mallog: interrupted, reporting what was read; once more to leave at once\n");
    },
    (exitCode) => {
      discard();
      io.leave(exitCode);
    },
  );
  try {
    const analysed = await analyse(request.inputs, request.analysis, {
      stdin: io.stdin,
      signal: signals.aborted,
      onProgress: (now) => progress?.update(now),
    });
    progress?.clear();
    if (analysed.trace.events === 0 && signals.exitCode === null) {
      throw nothingRead(analysed);
    }
    const exitCode = await conclude(finished(analysed, request), outputs);
    return signals.exitCode ?? exitCode;
  } finally {
    discard();
    signals.forget();
  }
}

function progressOf({ progress, quiet }: AnalyzeRequest, { stderr, env }: Io): Progress | null {
  if (!progress || quiet || !stderr.isTTY || env.TERM === "dumb") {
    return null;
  }
  return new Progress(stderr, widthOf(stderr, env), () => performance.now());
}

/** The report as the options want it. */
function finished(report: Report, { sort, container }: AnalyzeRequest): Report {
  const sorted = { ...report, threads: sortThreads(report.threads, sort) };
  if (container === null) {
    return sorted;
  }
  const { limitBytes, baseRssBytes } = container;
  return { ...sorted, container: containerOf(report, limitBytes, baseRssBytes) };
}

/** To be done first: files are kept even if whoever reads standard output has gone. */
export async function writeFiles(
  report: Report,
  request: AnalyzeRequest,
  outputs: readonly OutputFile[],
): Promise<void> {
  for (const output of outputs) {
    output.write(await written(report, output.ending, forFiles(request)));
  }
}

export function forFiles({ sort, top, plot }: AnalyzeRequest): WriterOptions {
  return { sort, top, plot, ...FILE_STYLE };
}

export function forTerminal(
  { sort, top, plot, color }: AnalyzeRequest,
  { stdout, env }: Io,
): WriterOptions {
  const ascii = !showsUnicode(stdout, env);
  const chalk = chalkFor(stdout, env, color);
  return { sort, top, plot, width: widthOf(stdout, env), chalk, ascii };
}

const ENDING = { text: ".txt", json: ".json", ndjson: ".ndjson", csv: ".csv" } as const;

/** The report in the form that was asked for on standard output. */
export async function writtenForTerminal(
  report: Report,
  request: AnalyzeRequest,
  io: Io,
): Promise<string> {
  const { form } = request;
  // There is no ending that people would give a file of plain records.
  const writer = form === "plain" ? writePlain : await writerFor(ENDING[form]);
  const text = writer(present(report), forTerminal(request, io));
  return form === "text" ? forStepLog(text, io.env) : text;
}

export async function written(
  report: Report,
  ending: string,
  options: WriterOptions,
): Promise<string> {
  return (await writerFor(ending))(present(report), options);
}

async function writerFor(ending: string): Promise<Writer> {
  const writer = await writerOf(ending);
  if (writer === null) {
    throw new Error(`no writer for ${ending}`);
  }
  return writer;
}

function nothingRead({ trace: { sources, lines, malformedSamples } }: Report): Failure {
  if (lines.total === 0) {
    return new Failure({ code: "empty", sources });
  }
  const sample = malformedSamples[0] ?? null;
  return new Failure({ code: "noEvents", sources, lines: lines.total, sample });
}

/** As the default command takes any word for a file, a misspelt command would only be a missing file. */
function refuseMisspeltCommand(
  [first]: readonly string[],
  cwd: string,
  commands: readonly string[],
): void {
  if (first === undefined || !/^[a-z]+$/.test(first) || existsSync(resolve(cwd, first))) {
    return;
  }
  const meant = suggest(first, commands);
  if (meant !== null) {
    throw new Failure({ code: "command", typed: first, meant });
  }
}
