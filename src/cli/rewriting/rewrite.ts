import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { LogTexts, LogWriter } from "../../convert/log-writer.ts";
import { type Rewritten, rewriteLog } from "../../convert/rewrite-log.ts";
import type { WriteText } from "../../convert/writing-sink.ts";
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

/**
 * Frame of the commands that write a log anew: to a file, whole or not at all, or to standard output. `leftOut`: the message
 * about what was left out; empty: nothing was. Returns the exit code.
 * @throws Failure, InputError
 */
export async function rewrite<Writer extends LogWriter>(
  { inputs, values }: RewriteRequest,
  io: Io,
  writerOf: (texts: LogTexts) => Writer,
  leftOut: (rewritten: Rewritten<Writer>) => string,
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
    const done = await writeTo(file ?? null, io, (write) =>
      rewriteLog({ names: inputs, stdin: io.stdin }, writerOf, write, {
        signal: signals.aborted,
        onProgress: (now) => progress?.update(now),
      }),
    );
    progress?.clear();
    if (signals.exitCode !== null) {
      message(
        io.stderr,
        file === undefined ? "interrupted" : `interrupted; ${file.name} is not written`,
      );
      return signals.exitCode;
    }
    const text = quiet ? "" : leftOut(done);
    if (text !== "") {
      message(io.stderr, text);
    }
    return Exit.done;
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
  const checked = async (write: WriteText) => {
    const done = await work(write);
    if (done.isComplete && done.events === 0) {
      throw noEvents(done);
    }
    return done;
  };
  if (file === null) {
    return checked((text) => isPrinted(io.stdout, text));
  }
  const isPacked = file.name.endsWith(".gz");
  let done: Rewritten<Writer> | null = null;
  await file.writeParts(async (write) => {
    done = await checked(async (text) => {
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

function noEvents({ inputs, diagnostics: { lines, samples } }: Rewritten<LogWriter>): Failure {
  const sources = inputs.length === 0 ? ["-"] : inputs;
  if (lines.total === 0) {
    return new Failure({ code: "empty", sources });
  }
  const sample = samples[0] ?? null;
  return new Failure({ code: "noEvents", sources, isRecorded: false, lines: lines.total, sample });
}
