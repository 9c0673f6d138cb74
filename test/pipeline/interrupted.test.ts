import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { analyse } from "../../src/pipeline/analyse.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { summarize } from "../../src/summary/summarize.ts";
import { OWN_CORPUS, TWO_WHAT_IFS } from "../support/corpus.ts";

/** A run that is interrupted has the report of the lines that it has read. */

/** Analyses a log that comes in these chunks. The signal aborts when chunk `stopAt` has been read. */
async function analysed(chunks: readonly string[], stopAt: number | null): Promise<Report> {
  const stop = new AbortController();
  let read = 0;
  const found = await analyse(
    [],
    TWO_WHAT_IFS,
    {
      stdin: Readable.from(chunks.map((one) => Buffer.from(one, "latin1"))),
      signal: stop.signal,
      onProgress: () => {
        if (read++ === stopAt) {
          stop.abort();
        }
      },
    },
    null,
  );
  return summarize(found, "test");
}

/** The text in chunks of about that many bytes, which cut lines. */
function cut(text: string, bytes: number): string[] {
  return Array.from({ length: Math.ceil(text.length / bytes) }, (_, n) =>
    text.slice(n * bytes, (n + 1) * bytes),
  );
}

describe.each([
  "frag-oddfirst-60k-g227",
  "jvm-boot-g244",
  "hookb-cpp-async-s-g236",
  "cpp-async-s-g236",
])("%s", (name) => {
  const log = gunzipSync(readFileSync(join(OWN_CORPUS, name, "trace.log.gz"))).toString("latin1");
  const beginning = log.slice(0, 1_500_000);

  test("the report of an interrupted run is that of the lines read", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1000, max: 65_536 }),
        fc.double({ min: 0, max: 0.95, noNaN: true }),
        async (bytes, part) => {
          const chunks = cut(beginning, bytes);
          const stopAt = Math.floor(part * chunks.length);
          const interrupted = await analysed(chunks, stopAt);
          expect(interrupted.complete).toBe(false);
          // What had been read when the signal came, and perhaps the chunk at hand.
          const read = chunks.slice(0, stopAt + 1).join("");
          const lines = interrupted.trace.lines.total;
          expect(lines).toBeLessThanOrEqual(read.split("\n").length - 1);
          expect(lines).toBeGreaterThanOrEqual(
            chunks.slice(0, stopAt).join("").split("\n").length - 1,
          );
          const prefix = read
            .split("\n", lines)
            .map((line) => `${line}\n`)
            .join("");
          expect({ ...interrupted, complete: true }).toEqual(await analysed([prefix], null));
        },
      ),
      { numRuns: 6 },
    );
  });
});
