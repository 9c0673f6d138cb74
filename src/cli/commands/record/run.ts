import { createReadStream, rmSync } from "node:fs";
import { Readable } from "node:stream";
import { byteUnit, count, size } from "../../../report/format.ts";
import { analysisRequest } from "../../analysis/analysis-request.ts";
import type { Analyse, Io } from "../../io.ts";
import { Failure } from "../../problems.ts";
import { message } from "../../terminal/message.ts";
import { analyzeLog } from "../analyze/run.ts";
import { hookFor } from "../hook/run.ts";
import type { RecordValues } from "./options.ts";
import { Packer } from "./packer.ts";
import { preloadable } from "./preloadable.ts";
import { logName, type RawLog, rawLogs } from "./raw-logs.ts";
import { analysisValues, keepLogAs, newFolder } from "./recorded-log.ts";
import { type Recording, runHooked } from "./run-hooked.ts";

/**
 * Runs `mallog record`: the command under the hook, one log for each process in a folder beside the target, then the logs
 * compressed and the largest process reported. Returns the exit code. `commands`: the names of all commands.
 * @throws Failure hook, output, notStarted, notRecorded, and whatever `analyse` throws
 */
export async function recordCommand(
  words: readonly string[],
  values: RecordValues,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const folder = newFolder(values.output, io.cwd);
  const packer = new Packer(folder, areAllKept(values));
  try {
    const { for: seconds = null, order = null } = values;
    if (isPacked(values)) {
      packer.start();
    }
    const status = await record(words, { folder, seconds, order }, io);
    await packer.stop();
    const logs = await byVolume(rawLogs(folder), values, io, analyse);
    const [first, ...others] = logs;
    if (first === undefined) {
      if (status !== 0) {
        return status;
      }
      throw new Failure({ code: "notRecorded", command: words[0] ?? "" });
    }
    const kept = await keep(first, others, packer, values, io);
    if (!values.report) {
      return status;
    }
    const reported = await analyzeLog([kept], analysisValues(values), io, analyse, commands);
    return status === 0 ? reported : status;
  } finally {
    await packer.stop();
    packer.close();
    rmSync(folder, { recursive: true, force: true });
  }
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
  const { path, remove } = preloadable(hookFor(null, io));
  try {
    return await runHooked(words, { ...recording, hook: path }, io);
  } finally {
    remove();
  }
}

/** Moves the logs to their places. Returns the path of the first one, as the user would write it. */
async function keep(
  first: RawLog,
  others: readonly RawLog[],
  packer: Packer,
  values: RecordValues,
  io: Io,
): Promise<string> {
  const { output, quiet } = values;
  const logs = areAllKept(values) ? [first, ...others] : [first];
  // A forked process's log is kept with its parent's lines: as long as that log is in the folder.
  for (const log of logs.toSorted((a, b) => Number(b.isForked) - Number(a.isForked))) {
    await keepLogAs(logName(output, log), log, packer, io.cwd);
  }
  const name = logName(output, first);
  if (!quiet) {
    message(io.stderr, keptText(name, first, others, areAllKept(values)));
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

/** Logs whose volume is counted; the others are smaller than each of these. */
const MOST_COUNTED = 8;

/** The logs by the volume of their processes, the largest first: of the largest logs, the calls are read. */
async function byVolume(
  logs: readonly RawLog[],
  values: RecordValues,
  io: Io,
  analyse: Analyse,
): Promise<RawLog[]> {
  const sorted = logs.toSorted((a, b) => b.bytes - a.bytes);
  if (sorted.length < 2) {
    return sorted;
  }
  const { analysis } = analysisRequest(
    [],
    {
      sort: values.sort,
      by: "thread",
      top: 0,
      glibc: "auto",
      progress: false,
      model: false,
      whatIf: false,
    },
    io.hostCpus,
  );
  const volumes = new Map<RawLog, number>();
  for (const log of sorted.slice(0, MOST_COUNTED)) {
    // By its name, a fork's log would be read with its parent's calls.
    const { threads } = await analyse(["-"], analysis, {
      stdin: Readable.from(createReadStream(log.path, { highWaterMark: 256 * 1024 })),
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    volumes.set(
      log,
      threads.reduce((sum, { volumeBytes }) => sum + volumeBytes, 0),
    );
  }
  return sorted.toSorted((a, b) => (volumes.get(b) ?? 0) - (volumes.get(a) ?? 0));
}
