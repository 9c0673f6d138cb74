import { Diagnostics } from "../input/diagnostics.ts";
import { readLog } from "../input/read-log.ts";
import type { LogInputs } from "../input/source.ts";
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
  try {
    const writeLines = spool === null ? write : (text: string) => spooled(spool, text);
    const sink = new WritingSink(writer, writeLines, () => gone.abort());
    const { isComplete } = await readLog(inputs, sink, diagnostics, {
      signal: AbortSignal.any([signal, gone.signal]),
      onProgress: ({ bytesRead, bytesTotal }) =>
        onProgress({ bytes: bytesRead, totalBytes: bytesTotal, events: sink.events }),
    });
    if (isComplete) {
      await sink.flush();
      if (spool !== null) {
        await unspool(spool, writer, write);
      }
    }
    return { inputs: inputs.names, events: sink.events, diagnostics, writer, isComplete };
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
