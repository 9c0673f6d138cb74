import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { containerOf } from "../../insight/cures/container.ts";
import { observedRest } from "../../insight/evidence/observed-sentences.ts";
import { mostlyUnread } from "../../insight/evidence/unread-lines.ts";
import type { Report } from "../../report/contract/report.ts";
import { sortAllocations } from "../../report/order/sort-allocations.ts";
import { sortThreads } from "../../report/order/sort-threads.ts";
import { suggest } from "../../report/wording/suggest.ts";
import { ENDINGS } from "../../report/writers/index.ts";
import { Exit } from "../exit-codes.ts";
import { type OutputFile, outputFiles } from "../files/output-file.ts";
import type { Analyse, Io } from "../io.ts";
import { Failure } from "../problems.ts";
import { Signals } from "../signals.ts";
import { widthOf } from "../terminal/capabilities.ts";
import { LiveTable } from "../terminal/live-table.ts";
import { message } from "../terminal/message.ts";
import { Progress } from "../terminal/progress.ts";
import type { AnalysisRequest } from "./analysis-request.ts";
import { mappingsOf, withNamedCallers } from "./name-callers.ts";
import { sayIfNoneMatches, threadDumpsOf } from "./name-threads.ts";
import { observedFiles } from "./observed-files.ts";
import { Watching } from "./watching.ts";

const SHORT_HELP = `mallog needs a log of malloc calls, from files or standard input:
  mallog malloc.log.gz
  zcat malloc.log.gz | mallog
See mallog --help for options and more examples.
`;

/** Time for the report of a process that is to terminate: it must end at once, and mostly has a report by then. */
const TERMINATION_MS = 1000;

/**
 * Frame of every command that analyses a log: checks the output files before the work, shows progress, and ends the
 * reading at a signal. `conclude` prints the report and returns the exit code; that of a signal, and of a log that is
 * mostly unread, take precedence. `commands`: all names, to recognise a misspelt one. `deliver` writes an interim report,
 * and returns false if nobody reads standard output any more.
 * @throws Failure, and whatever `analyse`, `conclude` and `deliver` throw
 */
export async function withReport(
  request: AnalysisRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
  conclude: (report: Report, outputs: readonly OutputFile[]) => Promise<number>,
  deliver: (report: Report, outputs: readonly OutputFile[]) => Promise<boolean> = async () => true,
): Promise<number> {
  if (request.inputs.length === 0 && io.stdin.isTTY) {
    io.stderr.write(SHORT_HELP);
    return Exit.usage;
  }
  refuseMisspeltCommand(request.inputs, io.cwd, commands);
  const naming = { mappings: mappingsOf(request.maps, io.cwd), symbols: request.symbols };
  const threadDumps = await threadDumpsOf(request.jstack, io.cwd);
  const observed = await observedFiles(request.observed, io.cwd);
  const outputs = outputFiles(request.outputs, request.inputs, io.cwd, ENDINGS);
  const isShown = showsProgress(request, io);
  const table = isShown && request.follows ? await liveTable(request, io) : null;
  const progress = isShown && table === null ? progressLine(io) : null;
  const watching = new Watching({
    everyMs: request.everyMs,
    table,
    // Symbols take too long for interim reports.
    deliver: async (report) =>
      deliver(
        finished(await withNamedCallers(report, { ...naming, symbols: false }, io), request),
        outputs,
      ),
  });
  const signals = new Signals(io.signals, (name) => {
    (progress ?? table)?.clear();
    if (name === "SIGTERM") {
      io.endWithin(TERMINATION_MS);
    }
    message(io.stderr, "interrupted; reporting what was read (interrupt again to quit at once)");
  });
  try {
    sayWhatIsAwaited(request, io);
    const analysed = await analyse(
      request.inputs,
      { ...request.analysis, threadDumps, observed },
      {
        stdin: io.stdin,
        signal: AbortSignal.any([signals.aborted, watching.signal]),
        onProgress: (now) => (progress ?? table)?.update(now),
        follows: request.follows,
        ...(table === null && request.everyMs === null
          ? {}
          : { onStart: (snapshot) => watching.start(snapshot) }),
      },
    );
    await watching.stop();
    progress?.clear();
    if (analysed.trace.events === 0 && signals.exitCode === null) {
      throw noEvents(analysed);
    }
    if (analysed.trace.events > 0) {
      const where = analysed.processes === undefined ? "log" : "process";
      sayIfNoneMatches(threadDumps, analysed.threadDumps?.matchedThreads ?? 0, where, io);
    }
    const named = await withNamedCallers(analysed, naming, io);
    const exitCode = await conclude(finished(named, request), outputs);
    if (watching.readerIsGone) {
      return Exit.done;
    }
    return signals.exitCode ?? (mostlyUnread(analysed.trace).length > 0 ? Exit.unusable : exitCode);
  } finally {
    await watching.stop();
    progress?.clear();
    signals.stopListening();
  }
}

function showsProgress({ progress, quiet }: AnalysisRequest, { stderr, env }: Io): boolean {
  return progress && !quiet && stderr.isTTY === true && env.TERM !== "dumb";
}

function progressLine({ stderr, env }: Io): Progress {
  return new Progress(stderr, widthOf(stderr, env), () => performance.now());
}

async function liveTable(
  { sort, color }: AnalysisRequest,
  { stderr, env }: Io,
): Promise<LiveTable> {
  const { chalkFor } = await import("../terminal/chalk-for.ts");
  const style = { width: widthOf(stderr, env), chalk: chalkFor(stderr, env, color) };
  return new LiveTable(stderr, style, sort, () => performance.now());
}

function sayWhatIsAwaited({ follows, inputs, quiet }: AnalysisRequest, { cwd, stderr }: Io): void {
  const path = inputs.at(-1) ?? "";
  if (follows && !quiet && !existsSync(resolve(cwd, path))) {
    message(stderr, `${path}: no such file yet; waiting for it (interrupt to end)`);
  }
}

/**
 * The report with its rows sorted, and the container's verdict if the options ask for it or the log states a limit. What
 * an option does not give is what was measured or, without that, what the log states.
 */
function finished(report: Report, { sort, container }: AnalysisRequest): Report {
  const sorted = {
    ...report,
    threads: sortThreads(report.threads, sort),
    callers: sortAllocations(report.callers, sort),
    sizes: sortAllocations(report.sizes, sort),
  };
  const stated = report.recording;
  const limitBytes = container.limitBytes ?? stated?.limitBytes ?? null;
  const measuredBytes = container.baseRssBytes ?? observedRest(report);
  const isUnknown = limitBytes === null && measuredBytes === null;
  if (isUnknown || report.scenarios.length === 0) {
    return sorted;
  }
  const baseRssBytes = measuredBytes ?? stated?.otherRssBytes ?? 0;
  return { ...sorted, container: containerOf(report, limitBytes, baseRssBytes) };
}

function noEvents({ trace: { sources, lines, malformedSamples }, recording }: Report): Failure {
  if (lines.total === 0) {
    return new Failure({ code: "empty", sources });
  }
  const sample = malformedSamples[0] ?? null;
  const isRecorded = recording !== undefined;
  return new Failure({ code: "noEvents", sources, isRecorded, lines: lines.total, sample });
}

/** The default command takes any word for a file: without this, a misspelt command would be a missing file. */
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
