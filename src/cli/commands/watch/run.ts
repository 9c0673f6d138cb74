import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { HOOK } from "../../../native/native-programs.ts";
import { Exit } from "../../exit-codes.ts";
import type { Analyse, Io } from "../../io.ts";
import { isGone } from "../../living-process.ts";
import { Failure } from "../../problems.ts";
import { Signals } from "../../signals.ts";
import { message } from "../../terminal/message.ts";
import { analyzeLog } from "../analyze/run.ts";
import { nativeFor } from "../hook/run.ts";
import type { RecordValues } from "../record/options.ts";
import { Packer } from "../record/packer.ts";
import { logName, type RawLog, rawLogs } from "../record/raw-logs.ts";
import { analysisValues, keepLogs, newFolder, refuseImpossible } from "../record/recorded-log.ts";
import { callFunction, loadLibrary, type Target } from "./gdb.ts";
import { isEnded, type SharedFolder, sharedFolder } from "./watched-process.ts";

/** Time between looks at the process and its log. */
const LOOK_MS = 100;

/** How often the process is asked to end its log. */
const MOST_STOPS = 10;

/**
 * Runs `mallog watch`: attaches the hook to a running process by gdb until the process ends, a time is over, or a signal
 * comes; then reports. Returns the exit code. `commands`: the names of all commands.
 * @throws Failure usage, option, hook, output, notAttached, notRecorded, and whatever `analyse` throws
 */
export async function watchProcess(
  pid: number,
  values: RecordValues,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  await refuseImpossible(values, io.hostCpus);
  if (isGone(pid)) {
    throw new Failure({ code: "notAttached", pid, reason: "there is no such process" });
  }
  const hook = nativeFor(HOOK, null, io);
  const folder = newFolder(values.output, io.cwd);
  try {
    const shared = sharedFolder(pid, folder);
    try {
      copyFileSync(hook, join(shared.path, LIBRARY));
      await record(pid, shared, values, io);
      const log = logOf(pid, shared, folder);
      const name = logName(values.output, log);
      await keepLogs([{ ...log, name }], new Packer(folder, false), io.cwd);
      if (!values.quiet) {
        const what = log.command === null ? "" : ` (${log.command})`;
        message(io.stderr, `recorded process ${pid}${what} in ${values.output}`);
      }
    } finally {
      shared.remove();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return values.report
    ? await analyzeLog([values.output], analysisValues(values), io, analyse, commands)
    : Exit.done;
}

const LIBRARY = "hook.so";
const LOG = "malloc.log";

/** Loads the hook, and waits for the end of the recording. */
async function record(
  pid: number,
  shared: SharedFolder,
  { for: seconds, quiet }: RecordValues,
  io: Io,
): Promise<void> {
  const library = join(shared.inside, LIBRARY);
  const log = join(shared.path, LOG);
  const given = Object.entries(io.env).filter(([name]) => name.startsWith("MALLOG_"));
  const settings = [...given, ["MALLOG_OUT", join(shared.inside, LOG)]];
  writeFileSync(
    join(shared.path, `${LIBRARY}.settings`),
    settings.map((setting) => `${setting.join("=")}\n`).join(""),
  );
  const target = { pid, folder: shared.path, env: io.env, arch: io.host.arch };
  const signals = new Signals(io.signals, () => {});
  try {
    loadLibrary(library, target);
    if (!existsSync(log)) {
      throw new Failure({
        code: "notAttached",
        pid,
        reason: `the hook cannot write ${join(shared.inside, LOG)}; the process must be allowed to write there`,
      });
    }
    if (!quiet && seconds === undefined) {
      message(io.stderr, `recording process ${pid}; interrupt to end the recording`);
    }
    const end = seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + seconds * 1000;
    const isOver = () => signals.aborted.aborted || Date.now() >= end;
    while (!isOver() && !isGone(pid)) {
      await pause(LOOK_MS);
    }
  } finally {
    signals.stopListening();
  }
  // Another thread may keep the log from being ended.
  for (let tries = 0; tries < MOST_STOPS && !isGone(pid) && !isEnded(log); tries++) {
    callUnlessGone("mallog_stop", library, target);
    await pause(LOOK_MS);
  }
}

/** @throws Failure notAttached */
function callUnlessGone(name: string, library: string, target: Target): void {
  try {
    callFunction(name, library, target);
  } catch (error) {
    if (!isGone(target.pid)) {
      throw error;
    }
  }
}

/**
 * The log, out of the process's reach: a log that the process still writes must not be cut.
 * @throws Failure notRecorded
 */
function logOf(pid: number, shared: SharedFolder, folder: string): RawLog {
  const logs = join(folder, "logs");
  mkdirSync(logs);
  copyFileSync(join(shared.path, LOG), join(logs, `${pid}.log`));
  const [log] = rawLogs(logs);
  if (log === undefined) {
    throw new Failure({ code: "notRecorded", command: `process ${pid}`, cause: "notLoaded" });
  }
  return log;
}
