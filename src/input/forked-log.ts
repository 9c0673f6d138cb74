import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Where the log of a forked process begins, as mallog's hook states it: `# forked NAME BYTES TID`. */
interface ForkPoint {
  /** path of the parent's log */
  readonly parent: string;
  /** length of the parent's log at the fork */
  readonly bytes: number;
  /** the parent's thread that goes on in the child, and its id there */
  readonly from: string;
  readonly to: string;
  /** bytes of the child's head, which repeats the parent's */
  readonly headBytes: number;
  /** the line that states the child's command; empty: none */
  readonly command: string;
}

/** Bytes of a log's beginning that hold its head up to the mappings of code. */
const MOST_HEAD_BYTES = 16 * 1024;

/** Each fork is a pass over the lines of those before it. */
const MOST_FORKS = 64;

/** A longer line is no call: it is passed on in parts. */
const LONGEST_LINE = 64 * 1024;

/**
 * The log of a forked process with its parent's up to the fork before it, as if one process had made all these calls; null if
 * the file is no such log, or the parent's is not in the same folder. `# fork TID` follows the parent's part. A chunk is valid only until the next one is requested.
 * `length`: bytes of the file that are read; null: all
 * @throws Error of the system, while reading
 */
export function withParents(
  path: string,
  signal?: AbortSignal,
  length: number | null = null,
): AsyncGenerator<Buffer> | null {
  const forks = lineage(path);
  return forks.length === 0 ? null : untilAborted(joined(path, forks, length), signal);
}

/** Length of the parents' parts of that text in bytes; 0: the file is no such log. */
export function bytesOfParents(path: string): number {
  return lineage(path).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The last forks from which a process comes, its own first. Ends where a hostile log names a circle. */
function lineage(path: string): ForkPoint[] {
  const forks: ForkPoint[] = [];
  const seen = new Set([join(path)]);
  let fork = forkOf(path);
  while (fork !== null && !seen.has(fork.parent) && forks.length < MOST_FORKS) {
    forks.push(fork);
    seen.add(fork.parent);
    fork = forkOf(fork.parent);
  }
  return forks;
}

async function* untilAborted(
  chunks: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

/** `length`: bytes of the file that are read; null: all */
async function* joined(
  path: string,
  [fork, ...older]: readonly ForkPoint[],
  length: number | null,
): AsyncGenerator<Buffer> {
  if (fork !== undefined) {
    yield* renamed(joined(fork.parent, older, fork.bytes), fork);
    yield Buffer.from(`# fork ${fork.to}\n${fork.command}`, "latin1");
  }
  const start = fork?.headBytes ?? 0;
  if (length === null || length > start) {
    const end = length === null ? {} : { end: length - 1 };
    yield* createReadStream(path, { start, ...end, highWaterMark: 256 * 1024 });
  }
}

/** Gives the lines of one thread, and of the process, another id. */
async function* renamed(
  chunks: AsyncIterable<Buffer>,
  { from, to }: ForkPoint,
): AsyncGenerator<Buffer> {
  const lines = new RegExp(`^((?:# (?:pid|thread) )?)${from}(?=[ \\n])`, "gm");
  let rest = "";
  for await (const chunk of chunks) {
    const text = rest + chunk.toString("latin1");
    const lastLine = text.lastIndexOf("\n") + 1;
    const end = text.length - lastLine > LONGEST_LINE ? text.length : lastLine;
    rest = text.slice(end);
    yield Buffer.from(text.slice(0, end).replace(lines, `$1${to}`), "latin1");
  }
  yield Buffer.from(rest, "latin1");
}

function forkOf(path: string): ForkPoint | null {
  const head = headOf(path);
  const [, name = "", bytes = "", from = ""] =
    /^# forked (\S+) (\d{1,15}) (\d{1,10})$/m.exec(head) ?? [];
  const [, to = ""] = /^# pid (\d{1,10})$/m.exec(head) ?? [];
  const parent = join(dirname(path), basename(name));
  if (name === "" || to === "" || name !== basename(name)) {
    return null;
  }
  if (headOf(parent) === "" || !hasBytes(parent, Number(bytes))) {
    return null;
  }
  const headBytes = head.search(/^(?:# (?:map|thread|hole|rss|lost|end)\b|[^#])/m);
  const [command = ""] = /^# command .*\n/m.exec(head) ?? [];
  return {
    parent,
    bytes: Number(bytes),
    from,
    to,
    headBytes: headBytes < 0 ? head.length : headBytes,
    command,
  };
}

function hasBytes(path: string, bytes: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size >= bytes;
}

/** The beginning of a log; empty if it is none of mallog's hook, or cannot be read: a log may name anything as its parent. */
function headOf(path: string): string {
  try {
    const text = hasBytes(path, 1) ? beginningOf(path) : "";
    return text.startsWith("# hook mallog ") ? text : "";
  } catch {
    return "";
  }
}

function beginningOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(MOST_HEAD_BYTES);
    return bytes.toString("latin1", 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}
