import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { failureOf, reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { Chance } from "../fuzz/chance.ts";
import { damageLines } from "../fuzz/damage.ts";
import { program } from "../fuzz/program.ts";
import { soup } from "../fuzz/soup.ts";

/** A signal may come at any moment: the report is that of the lines read so far. */

const analyse = reportOfLog("test", null);

const OPTIONS = {
  model: true,
  whatIfs: [],
  recordedWith: null,
  glibc: "2.36",
  cpus: 2,
  hostCpus: 2,
  touch: { fitted: null },
  thp: null,
  process: null,
};

/** Analyses a log that comes in chunks; `after` is called with the number of each chunk that has been asked for. */
function reportOf(
  chunks: readonly Buffer[],
  signal: AbortSignal,
  after: (chunk: number) => void,
): Promise<Report> {
  async function* all(): AsyncGenerator<Buffer> {
    for (const [i, chunk] of chunks.entries()) {
      after(i);
      yield chunk;
    }
  }
  const stdin = Readable.from(all(), { highWaterMark: 1 });
  return analyse(["-"], OPTIONS, { stdin, signal, onProgress: () => {} });
}

function cut(text: string, chance: Chance): Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + chance.below(400);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

/** A log of a 32-bit process, and settings that the glibc refuses, have no report. */
function unlessRefused(error: unknown): null {
  if (failureOf(error) === null) {
    throw error;
  }
  return null;
}

const NEVER = new AbortController().signal;

test("the report of an interrupted log is that of the lines read before", async () => {
  let partly = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const chance = new Chance(seed);
      const made = chance.happens(0.5) ? soup(chance, 90) : program(chance, 90);
      // A damaged line may hold a newline.
      const lines = damageLines(chance, made).join("\n").split("\n");
      const chunks = cut(lines.map((line) => `${line}\n`).join(""), chance);
      const stop = new AbortController();
      const at = chance.below(chunks.length + 1);
      const interrupted = await reportOf(
        chunks,
        stop.signal,
        (i) => i === at && stop.abort(),
      ).catch(unlessRefused);
      if (interrupted === null) {
        return;
      }
      const { total } = interrupted.trace.lines;
      const read = lines.slice(0, total).map((line) => Buffer.from(`${line}\n`, "latin1"));
      const whole = await reportOf(read, NEVER, () => {});
      expect({ ...interrupted, complete: true }).toEqual(whole);
      partly += total > 0 && total < lines.length ? 1 : 0;
    }),
    { numRuns: 80, endOnFailure: true },
  );
  expect(partly).toBeGreaterThan(10);
});
