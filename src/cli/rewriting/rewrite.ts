import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { LogTexts, LogWriter } from "../../convert/log-writer.ts";
import { type Rewritten, rewriteLog } from "../../convert/rewrite-log.ts";
import type { WriteText } from "../../convert/writing-sink.ts";
import { CALL_KINDS } from "../../input/unread-calls.ts";
import { mostlyUnread } from "../../insight/evidence/unread-lines.ts";
import { Exit } from "../exit-codes.ts";
import { type OutputFile, outputFiles } from "../files/output-file.ts";
import type { Io } from "../io.ts";
import { Failure } from "../problems.ts";
import { Signals } from "../signals.ts";
import { widthOf } from "../terminal/capabilities.ts";
import { message } from "../terminal/message.ts";
import { isPrinted } from "../terminal/print.ts";
import { Progress } from "../terminal/progress.ts";
import type { RewriteValues } from "./rewrite-options.ts";

export interface RewriteRequest {
  /** paths, or `-` */
  readonly inputs: readonly string[];
  readonly values: RewriteValues;
}

/** What a command adds to the frame. */
export interface RewriteParts<Writer extends LogWriter> {
  /** throws a Failure if what was written is not what was asked for; the file is then not written */
  readonly check?: (done: Rewritten<Writer>) => void;
  /** what to say of it on standard error; empty: nothing */
  readonly message: (done: Rewritten<Writer>) => string;
}

/**
 * Frame of the commands that write a log anew: to a file, whole or not at all, or to standard output. Returns the exit code.
 * @throws Failure, InputError
 */
export async function rewrite<Writer extends LogWriter>(
  { inputs, values }: RewriteRequest,
  io: Io,
  writerOf: (texts: LogTexts) => Writer,
  parts: RewriteParts<Writer>,
): Promise<number> {
  if (inputs.length === 0 && io.stdin.isTTY) {
    const message = "a log is needed: name its file, or pipe it in";
    throw new Failure({ code: "usage", message });
  }
  const { output, quiet = false, progress: wantsProgress } = values;
  const [file] = outputFiles(output === undefined ? [] : [output], inputs, io.cwd, ANY_ENDING);
  const shows = wantsProgress && !quiet && io.stderr.isTTY === true && io.env.TERM !== "dumb";
  const width = widthOf(io.stderr, io.env);
  const progress = shows ? new Progress(io.stderr, width, () => performance.now()) : null;
  const signals = new Signals(io.signals, () => progress?.clear());
  try {
    const done = await writeTo(file ?? null, io, async (write) => {
      const written = await rewriteLog({ names: inputs, stdin: io.stdin }, writerOf, write, {
        signal: signals.aborted,
        onProgress: (now) => progress?.update(now),
      });
      if (written.isComplete) {
        refuseEmpty(written);
        parts.check?.(written);
      }
      return written;
    });
    progress?.clear();
    if (signals.exitCode !== null) {
      message(
        io.stderr,
        file === undefined ? "interrupted" : `interrupted; ${file.name} is not written`,
      );
      return signals.exitCode;
    }
    const text = quiet ? "" : parts.message(done);
    if (text !== "") {
      message(io.stderr, text);
    }
    return isMostlyUnread(done) ? Exit.unusable : Exit.done;
  } finally {
    progress?.clear();
    signals.stopListening();
  }
}

const ANY_ENDING: readonly string[] = [""];

async function writeTo<Writer extends LogWriter>(
  file: OutputFile | null,
  io: Io,
  work: (write: WriteText) => Promise<Rewritten<Writer>>,
): Promise<Rewritten<Writer>> {
  if (file === null) {
    return work((text) => isPrinted(io.stdout, text));
  }
  const isPacked = file.name.endsWith(".gz");
  let done: Rewritten<Writer> | null = null;
  await file.writeParts(async (write) => {
    done = await work(async (text) => {
      // Each part is a member of its own; together they are a valid file.
      await write(isPacked ? await packed(text) : text);
      return true;
    });
    return done.isComplete;
  });
  if (done === null) {
    throw new Error("nothing was written");
  }
  return done;
}

const packed = promisify(gzip);

/** True if more lines of a kind of call were left out than written: as `mallog` itself ends then. */
function isMostlyUnread({ calls, diagnostics }: Rewritten<LogWriter>): boolean {
  const { unreadCalls, truncatedInputs, lines } = diagnostics;
  const kinds = mostlyUnread({
    unreadCalls: CALL_KINDS.map((call) => ({
      call,
      ...unreadCalls[call],
      read: calls.get(call) ?? 0,
    })),
    anomalies: { truncatedInputs },
    lines,
  });
  return kinds.length > 0;
}

/** @throws Failure empty, noEvents */
function refuseEmpty({ inputs, events, diagnostics }: Rewritten<LogWriter>): void {
  if (events > 0) {
    return;
  }
  const sources = inputs.length === 0 ? ["-"] : inputs;
  const { lines, samples } = diagnostics;
  if (lines.total === 0) {
    throw new Failure({ code: "empty", sources });
  }
  const sample = samples[0] ?? null;
  throw new Failure({ code: "noEvents", sources, isRecorded: false, lines: lines.total, sample });
}
