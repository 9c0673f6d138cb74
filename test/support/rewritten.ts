import { Readable } from "node:stream";
import type { LogTexts, LogWriter } from "../../src/convert/log-writer.ts";
import { rewriteLog } from "../../src/convert/rewrite-log.ts";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { readLog } from "../../src/input/read-log.ts";
import { CollectingSink, type ReadLog } from "./collect.ts";

type Log = string | readonly Buffer[];

/** What a writer makes of a log on standard input. */
export async function rewritten<Writer extends LogWriter>(
  writerOf: (texts: LogTexts) => Writer,
  log: Log,
) {
  let text = "";
  const done = await rewriteLog(
    { names: [], stdin: streamOf(log) },
    writerOf,
    async (part) => {
      text += part;
      return true;
    },
    { signal: new AbortController().signal, onProgress: () => {} },
  );
  return { text, ...done };
}

/** What mallog reads of a log on standard input. */
export async function readAsInput(log: Log): Promise<ReadLog> {
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  await readLog({ names: [], stdin: streamOf(log) }, sink, diagnostics);
  const { events, notes } = sink;
  return { events, notes, diagnostics };
}

function streamOf(log: Log): Readable {
  const chunks = typeof log === "string" ? [Buffer.from(log)] : log;
  return Readable.from(chunks.filter(({ length }) => length > 0));
}
