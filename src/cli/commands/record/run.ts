import { readdirSync, rmSync } from "node:fs";
import { HOOK } from "../../../native/native-programs.ts";
import { byteUnit, count, size } from "../../../report/wording/format.ts";
import { Exit } from "../../exit-codes.ts";
import type { Analyse, Io } from "../../io.ts";
import { problemText } from "../../problem-text.ts";
import { exitCodeOf, Failure } from "../../problems.ts";
import { Signals } from "../../signals.ts";
import { message } from "../../terminal/message.ts";
import { nativeFor } from "../hook/run.ts";
import type { RecordValues } from "./options.ts";
import { Packer } from "./packer.ts";
import { preloadable } from "./preloadable.ts";
import { isRawLog, logName, type RawLog, rawLogs } from "./raw-logs.ts";
import { analysisValues, keepLogs, newFolder, refuseImpossible } from "./recorded-log.ts";
import { type Recording, runHooked } from "./run-hooked.ts";

/**
 * Runs `mallog record`: the command under the hook, one log for each process in a folder beside the target, then the logs
 * compressed and the largest process reported. Returns the exit code. `commands`: the names of all commands. The command does
 * not wait for what analyses to be loaded.
 * @throws Failure usage, option, hook, output, notStarted, and whatever `analyse` throws
 */
export async function recordCommand(
  words: readonly string[],
  values: RecordValues,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  await refuseImpossible(values, io.hostCpus);
  const { status, kept } = await recordLogs(words, values, io, analyse);
  if (kept === null || !values.report) {
    return status;
  }
  const { analyzeLog } = await import("../analyze/run.ts");
  const reported = await analyzeLog([kept], analysisValues(values), io, analyse, commands);
  return status === 0 ? reported : status;
}

/** The command's exit code, and the path of the log to report; null: there is none. */
async function recordLogs(
  words: readonly string[],
  values: RecordValues,
  io: Io,
  analyse: Analyse,
): Promise<{ status: number; kept: string | null }> {
  const folder = newFolder(values.output, io.cwd);
  const packer = new Packer(folder, areAllKept(values));
  let signals: Signals | null = null;
  try {
    const { for: seconds = null, order = null } = values;
    if (isPacked(values)) {
      packer.start();
    }
    const status = await record(words, { folder, seconds, order }, io);
    signals = new Signals(io.signals, () => {});
    await packer.stop();
    const kept = await keep(folder, packer, values, io, analyse, signals.aborted);
    return kept === null
      ? { status: sayNothingRecorded(words, folder, status, io), kept }
      : { status, kept };
  } catch (error) {
    const status = signals?.exitCode ?? null;
    if (status === null || !(error instanceof Failure)) {
      throw error;
    }
    message(io.stderr, problemText(error.problem, "record"));
    return { status, kept: null };
  } finally {
    await packer.stop();
    packer.close();
    rmSync(folder, { recursive: true, force: true });
    signals?.stopListening();
  }
}

/** Says that there is no log, and why. Returns the exit code: that of the command, unless it has succeeded. */
function sayNothingRecorded(
  [command = ""]: readonly string[],
  folder: string,
  status: number,
  io: Io,
): number {
  const isDelayed = io.env.MALLOG_START_AFTER !== undefined;
  const cause = readdirSync(folder).some(isRawLog)
    ? "notWritten"
    : isDelayed
      ? "notBegun"
      : "notLoaded";
  const problem = { code: "notRecorded", command, cause } as const;
  message(io.stderr, problemText(problem, "record"));
  return status === Exit.done ? exitCodeOf(problem) : status;
}

function areAllKept({ output }: RecordValues): boolean {
  return output.includes("%p");
}

function isPacked({ output }: RecordValues): boolean {
  return output.endsWith(".gz");
}

/** Runs the command under the hook. Returns its exit code. */
async function record(
  words: readonly string[],
  recording: Omit<Recording, "hook">,
  io: Io,
): Promise<number> {
  const { path, remove } = preloadable(nativeFor(HOOK, null, io));
  try {
    return await runHooked(words, { ...recording, hook: path }, io);
  } finally {
    remove();
  }
}

/** Moves the logs to their places. Returns the path of the one to report, as the user would write it; null: there is none. */
async function keep(
  folder: string,
  packer: Packer,
  values: RecordValues,
  io: Io,
  analyse: Analyse,
  signal: AbortSignal,
): Promise<string | null> {
  const found = rawLogs(folder);
  let [first, ...others] = found;
  if (others.length > 0) {
    const { byVolume } = await import("./by-volume.ts");
    [first, ...others] = await byVolume(found, values, io, analyse, signal);
  }
  if (first === undefined) {
    return null;
  }
  const { output, quiet } = values;
  const kept = areAllKept(values) ? [first, ...others] : [first];
  // A forked process's log is kept with its parent's lines: as long as that log is in the folder.
  const named = kept
    .toSorted((a, b) => Number(b.isForked) - Number(a.isForked))
    .map((log) => ({ ...log, name: logName(output, log) }));
  await keepLogs(named, packer, io.cwd, signal);
  const name = logName(output, first);
  if (!quiet) {
    message(io.stderr, keptText(name, first, others, areAllKept(values)));
    for (const { pid, command } of [first, ...others].filter(({ isRunning }) => isRunning)) {
      message(io.stderr, `process ${pid} (${command ?? "?"}) still runs: its log ends here`);
    }
  }
  return name;
}

const MOST_NAMED = 5;

function keptText(
  name: string,
  first: RawLog,
  others: readonly RawLog[],
  isEachKept: boolean,
): string {
  const recorded = `recorded process ${first.pid}${first.command === null ? "" : ` (${first.command})`} in ${name}`;
  if (others.length === 0) {
    return recorded;
  }
  const named = others
    .slice(0, MOST_NAMED)
    .map(
      ({ pid, command, bytes }) =>
        `${pid} (${command ?? "?"}, a log of ${size(bytes, byteUnit([bytes]))})`,
    );
  const more = others.length > MOST_NAMED ? `, and ${count(others.length - MOST_NAMED)} more` : "";
  const hint = isEachKept ? "" : "; %p in the name of -o keeps all logs";
  return `${recorded}; ${`${count(others.length)} other ${others.length === 1 ? "process" : "processes"}`}: ${named.join(", ")}${more}${hint}`;
}
