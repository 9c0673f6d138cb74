import { Diagnostics } from "../input/diagnostics.ts";
import { readLog } from "../input/read-log.ts";
import type { LogInputs } from "../input/source.ts";
import type { CallKind } from "../input/unread-calls.ts";
import type { LogTexts, LogWriter } from "./log-writer.ts";
import { openSpool, type Spool } from "./spool.ts";
import { type WriteText, WritingSink } from "./writing-sink.ts";

export interface RewriteProgress {
  /** as on disk, before decompression */
  readonly bytes: number;
  /** null: unknown */
  readonly totalBytes: number | null;
  readonly events: number;
}

export interface RewriteHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RewriteProgress) => void;
}

export interface Rewritten<Writer extends LogWriter> {
  /** as given */
  readonly inputs: readonly string[];
  readonly events: number;
  /** by kind */
  readonly calls: ReadonlyMap<CallKind, number>;
  readonly diagnostics: Diagnostics;
  readonly writer: Writer;
  /** false: `signal` ended it, or nobody reads the output any more */
  readonly isComplete: boolean;
}

/**
 * Reads a log and writes it anew, line by line: memory does not grow with its length.
 * @throws InputError, and whatever `write` throws
 */
export async function rewriteLog<Writer extends LogWriter>(
  inputs: LogInputs,
  writerOf: (texts: LogTexts) => Writer,
  write: WriteText,
  { signal, onProgress }: RewriteHooks,
): Promise<Rewritten<Writer>> {
  const diagnostics = new Diagnostics();
  const writer = writerOf(diagnostics);
  const spool = writer.lateHead === undefined ? null : await openSpool();
  const gone = new AbortController();
  const done = new AbortController();
  try {
    const writeLines = spool === null ? write : (text: string) => spooled(spool, text);
    const sink = new WritingSink(writer, writeLines, {
      onGone: () => gone.abort(),
      onDone: () => done.abort(),
    });
    const read = await readLog(inputs, sink, diagnostics, {
      signal: AbortSignal.any([signal, gone.signal, done.signal]),
      onProgress: ({ bytesRead, bytesTotal }) =>
        onProgress({ bytes: bytesRead, totalBytes: bytesTotal, events: sink.events }),
    });
    const isComplete =
      read.isComplete || (done.signal.aborted && !signal.aborted && !gone.signal.aborted);
    if (isComplete) {
      await sink.flush();
      if (spool !== null) {
        await unspool(spool, writer, write);
      }
    }
    const { events, calls } = sink;
    return { inputs: inputs.names, events, calls, diagnostics, writer, isComplete };
  } finally {
    await spool?.close();
  }
}

async function spooled(spool: Spool, text: string): Promise<boolean> {
  await spool.write(text);
  return true;
}

async function unspool(spool: Spool, writer: LogWriter, write: WriteText): Promise<void> {
  let isRead = await write(writer.lateHead?.() ?? "");
  for await (const text of spool.parts()) {
    isRead &&= await write(text);
    if (!isRead) {
      return;
    }
  }
}
