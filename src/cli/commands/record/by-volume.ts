import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { analysisRequest } from "../../analysis/analysis-request.ts";
import type { Analyse, Io } from "../../io.ts";
import type { RecordValues } from "./options.ts";
import type { RawLog } from "./raw-logs.ts";

/** Logs whose volume is counted; the others are smaller than each of these. */
const MOST_COUNTED = 8;

/** The logs by the volume of their processes, the largest first: of the largest logs, the calls are read. */
export async function byVolume(
  logs: readonly RawLog[],
  values: RecordValues,
  io: Io,
  analyse: Analyse,
  signal: AbortSignal,
): Promise<RawLog[]> {
  const sorted = logs.toSorted((a, b) => b.bytes - a.bytes);
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
      signal: signal,
      onProgress: () => {},
    });
    volumes.set(
      log,
      threads.reduce((sum, { volumeBytes }) => sum + volumeBytes, 0),
    );
  }
  return sorted.toSorted((a, b) => (volumes.get(b) ?? 0) - (volumes.get(a) ?? 0));
}
