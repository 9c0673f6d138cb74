import {
  closeSync,
  createWriteStream,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { withParents } from "../../../input/forked-log.ts";
import { isGone } from "../../living-process.ts";
import { GZIP_OPTIONS } from "./packed-log.ts";
import type { Packer } from "./packer.ts";

/** A log as the hook has left it. */
export interface RawLog {
  readonly path: string;
  /** the process id, with -1 and so on behind it if the process has executed another program */
  readonly pid: string;
  /** null: the log does not say */
  readonly command: string | null;
  readonly isForked: boolean;
  /** without the room that the hook has reserved behind the last line */
  readonly bytes: number;
  /** its process goes on, and writes the log */
  readonly isRunning: boolean;
}

/** Bytes of a log's head that are searched for the command. */
const HEAD_BYTES = 16 * 1024;

const MOST_CHARACTERS = 60;

/** Compressed logs may be in the same folder. */
export function isRawLog(name: string): boolean {
  return name.endsWith(".log");
}

/**
 * The logs in a folder that hold at least one line. Cuts what killed processes have reserved and not written. That of a running
 * process must not be cut: what it writes next would be an error of the bus.
 */
export function rawLogs(folder: string): RawLog[] {
  return readdirSync(folder)
    .filter(isRawLog)
    .map((name) => {
      const path = join(folder, name);
      const file = openSync(path, "r+");
      try {
        const [pid = name] = /\d+(?:-\d+)?/.exec(name) ?? [];
        const isRunning = !isGone(Number.parseInt(pid, 10));
        const bytes = endOfText(file);
        if (!isRunning && bytes < fstatSync(file).size) {
          ftruncateSync(file, bytes);
        }
        const start = Buffer.alloc(Math.min(bytes, HEAD_BYTES));
        readSync(file, start, 0, start.length, 0);
        const head = start.toString("utf8");
        const [, command = null] = /^# command (.*)$/m.exec(head) ?? [];
        const isForked = /^# forked\b/m.test(head);
        return {
          path,
          pid,
          command: command?.slice(0, MOST_CHARACTERS) ?? null,
          isForked,
          bytes,
          isRunning,
        };
      } finally {
        closeSync(file);
      }
    })
    .filter(({ bytes }) => bytes > 0);
}

/** The bytes of a file before the NUL bytes at its end. */
function endOfText(file: number): number {
  const { size } = fstatSync(file);
  const block = Buffer.alloc(64 * 1024);
  let end = size;
  while (end > 0) {
    const from = Math.max(0, end - block.length);
    const read = readSync(file, block, 0, end - from, from);
    let kept = read;
    while (kept > 0 && block[kept - 1] === 0) {
      kept--;
    }
    end = from + kept;
    if (kept > 0) {
      break;
    }
  }
  return end;
}

/** The name of a log: the target, with the process id for %p. */
export function logName(target: string, { pid }: RawLog): string {
  return target.replaceAll("%p", pid);
}

/**
 * Moves a log to its place, compressed if the name says so: whole, or not at all. That of a forked process gets its parent's
 * calls up to the fork, if the parent's log has not been moved.
 * @throws Error of the system, or AbortError
 */
export async function keepLog(
  { path, bytes }: RawLog,
  target: string,
  packer: Packer,
  signal?: AbortSignal,
): Promise<void> {
  const forked = withParents(path, signal, bytes);
  const isPacked = target.endsWith(".gz");
  if (forked === null) {
    renameSync(isPacked ? await packer.finish(path, bytes, signal) : path, target);
    return;
  }
  const temporary = join(dirname(path), crypto.randomUUID());
  try {
    await pipeline(
      forked,
      isPacked ? createGzip(GZIP_OPTIONS) : new PassThrough(),
      createWriteStream(temporary),
    );
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
}
