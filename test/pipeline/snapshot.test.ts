import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { analyse } from "../../src/pipeline/analyse.ts";
import type { StandardInput } from "../../src/pipeline/analysis-hooks.ts";
import type { LogOptions } from "../../src/pipeline/analysis-options.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { summarize } from "../../src/summary/summarize.ts";
import { OWN_CORPUS, TWO_WHAT_IFS } from "../support/corpus.ts";
import { expectReportJson } from "../support/report-schema.ts";

/** The first lines of a log of the corpus. */
function linesOf(name: string, count: number): string[] {
  const log = gunzipSync(readFileSync(join(OWN_CORPUS, name, "trace.log.gz"))).toString("latin1");
  return log.split("\n", count);
}

/** Analyses a log that comes in chunks; before each, and at the end, `between` may take a snapshot. */
async function analysed(
  chunks: readonly string[],
  options: LogOptions,
  between: (snapshot: () => Report | null, chunk: number) => void = () => {},
): Promise<Report> {
  let snapshot: () => Report | null = () => null;
  let read = 0;
  const stdin: StandardInput = Readable.from([
    ...chunks.map((one) => Buffer.from(one)),
    Buffer.of(),
  ]);
  const hooks = {
    stdin,
    signal: new AbortController().signal,
    // It is called before the chunk is read.
    onProgress: () => between(snapshot, read++),
  };
  const found = await analyse(
    [],
    options,
    {
      ...hooks,
      onStart: (take) => {
        snapshot = () => {
          const result = take();
          return result === null ? null : summarize(result, "test");
        };
      },
    },
    null,
  );
  return summarize(found, "test");
}

/** Chunks of that many lines each. */
function chunksOf(lines: readonly string[], size: number): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < lines.length; at += size) {
    chunks.push(
      lines
        .slice(at, at + size)
        .map((line) => `${line}\n`)
        .join(""),
    );
  }
  return chunks;
}

/** One thread, many threads with exits, many without, cut pointers and a hook without lock. */
const LOGS = [
  "frag-oddfirst-60k-g227",
  "mt-baton12-g244",
  "jvm-boot-g244",
  "synth-small-trunc32-g236",
  "hookb-cpp-async-s-g236",
];

describe.each(LOGS)("%s", (name) => {
  const lines = linesOf(name, 40_000);
  const chunks = chunksOf(lines, 1999);

  test("snapshots do not change the report", async () => {
    const expected = await analysed(chunks, TWO_WHAT_IFS);
    let taken = 0;
    const watched = await analysed(chunks, TWO_WHAT_IFS, (snapshot, n) => {
      if (n % 5 === 0 && snapshot() !== null) {
        taken++;
      }
    });
    expect(taken).toBeGreaterThan(3);
    expect(JSON.stringify(watched)).toBe(JSON.stringify(expected));
  });

  test("a snapshot has what the report of these lines has", async () => {
    const seen: [Report, string][] = [];
    await analysed(chunks, TWO_WHAT_IFS, (snapshot, n) => {
      const report = n === 4 || n === 15 ? snapshot() : null;
      if (report !== null) {
        seen.push([report, JSON.stringify(report)]);
      }
    });
    expect(seen).toHaveLength(2);
    for (const [n, found] of [4, 15].entries()) {
      const [report, then] = seen[n]!;
      // The analysis has gone on since.
      expect(JSON.stringify(report)).toBe(then);
      const prefix = await analysed(chunks.slice(0, found), {
        ...TWO_WHAT_IFS,
        whatIfs: TWO_WHAT_IFS.whatIfs.slice(0, 1),
      });
      expectReportJson(then);
      expect(report).toMatchObject({ complete: false, interim: true });
      expect(report.trace.events).toBe(prefix.trace.events);
      expect(report.trace.lines).toEqual(prefix.trace.lines);
      expect(report.live).toEqual(prefix.live);
      const counted = ({ threads }: Report) =>
        threads.map(({ tid, calls, volumeBytes, liveBytes, peakLiveBytes }) => ({
          ...{ tid, calls, volumeBytes, liveBytes, peakLiveBytes },
        }));
      expect(counted(report)).toEqual(counted(prefix));
      expect(report.timeline.liveBytes).toEqual(prefix.timeline.liveBytes);
      expect(report.scenarios.map((one) => one.name)).toEqual(["as recorded", "malloc_trim=end"]);
      // Only lines that follow show thread exits, and the order of the last lines.
      const [ours, theirs] = [report.scenarios[0]!, prefix.scenarios[0]!];
      const difference = Math.abs(ours.rss.endBytes - theirs.rss.endBytes);
      expect(difference).toBeLessThan(0.02 * theirs.rss.endBytes);
    }
  });
});

test("of one thread, a snapshot is the report of these lines", async () => {
  const chunks = chunksOf(linesOf("frag-oddfirst-60k-g227", 40_000), 997);
  const options = { ...TWO_WHAT_IFS, whatIfs: TWO_WHAT_IFS.whatIfs.slice(0, 1) };
  const at = [0, 1, 3, 9, 17, 30, 41];
  const seen = new Map<number, Report | null>();
  await analysed(chunks, options, (snapshot, n) => {
    if (at.includes(n)) {
      seen.set(n, snapshot());
    }
  });
  expect(seen.get(0)).toBe(null);
  for (const n of at.slice(1)) {
    const prefix = await analysed(chunks.slice(0, n), options);
    expect({ ...seen.get(n), interim: true }, `${n}`).toEqual({
      ...prefix,
      complete: false,
      interim: true,
    });
  }
});

test("without a model", async () => {
  const chunks = chunksOf(linesOf("mt-baton12-g244", 30_000), 1500);
  const options = { ...TWO_WHAT_IFS, model: false, whatIfs: [] };
  let last: Report | null = null;
  const report = await analysed(chunks, options, (snapshot) => {
    last = snapshot();
  });
  expect({ ...(last ?? {}), complete: true, interim: undefined }).toEqual({
    ...report,
    interim: undefined,
  });
});

test("after the log's end there is none", async () => {
  let take: () => Report | null = () => null;
  await analysed(chunksOf(linesOf("mt-baton12-g244", 3000), 1000), TWO_WHAT_IFS, (snapshot) => {
    take = snapshot;
  });
  expect(take()).toBe(null);
});
