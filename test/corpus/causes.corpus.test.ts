import { describe, expect, it } from "vitest";
import type { LogResult } from "../../src/pipeline/analysis-result.ts";
import type { Causes, Report } from "../../src/report/contract/report.ts";
import {
  analyse,
  type Case,
  logOf,
  oneOfEachKind,
  optionsFor,
  resultOf,
  scenario,
  truthOf,
  withRssSamples,
} from "../support/corpus.ts";

/** Why memory is resident, and what keeps it so, on recorded logs. */

const MiB = 1024 * 1024;

const WHAT_IFS = [
  scenario("malloc_trim=end", {}, true),
  scenario("MALLOC_ARENA_MAX=1", { MALLOC_ARENA_MAX: "1" }, false),
  scenario("MALLOC_TRIM_THRESHOLD_=131072", { MALLOC_TRIM_THRESHOLD_: "131072" }, false),
];

describe.each(oneOfEachKind())("$name", (one) => {
  it("the causes add up to RSS; call sites and sizes pin together what threads pin", () => {
    const options = optionsFor(one, "default", WHAT_IFS, "facts");
    const report = analyse(log(one), options);
    const { scenarios, causes, live, thresholdRaise } = report;
    expect(scenarios).toHaveLength(WHAT_IFS.length + 1);
    for (const { name, rss } of scenarios) {
      const { end, peak } = causes?.[name] ?? fail();
      expect(sumOf(end)).toBe(rss.endBytes);
      expect(sumOf(peak ?? fail())).toBe(rss.peakBytes);
      expect(end.live + end.mapped).toBe(live.bytes);
      for (const { unwritten, ...others } of [end, peak ?? fail()]) {
        expect(unwritten).toBeLessThanOrEqual(0);
        expect(Math.min(...Object.values(others))).toBe(0);
      }
    }
    // Trimmed, no whole page is free.
    expect(causes?.["malloc_trim=end"]?.end.returnable).toBe(0);
    // What raised thresholds keep is what frozen ones do not.
    const frozen = scenarios.find(({ name }) => name === "MALLOC_TRIM_THRESHOLD_=131072") ?? fail();
    const saved = scenarios[0]!.rss.endBytes - frozen.rss.endBytes;
    const retained = thresholdRaise?.retainedBytes ?? 0;
    if (retained > 0) {
      expect(saved).toBeGreaterThanOrEqual(retained * 0.95);
    }
    const { threads, callers, sizes, sites } = report;
    const pinned = (rows: readonly { pinnedBytes: number }[]) =>
      sumOf(rows.map((row) => row.pinnedBytes));
    expect(pinned(callers)).toBe(pinned(threads));
    expect(pinned(sizes)).toBe(pinned(threads));
    expect(sumOf(sites.pinnedBytes)).toBe(pinned(threads));
  });

  it("the causes add up to RSS between two assumptions on what the program wrote", () => {
    const { timeline } = truthOf(one, "default") ?? { timeline: [] };
    // Less than was measured: met, if at all, by a ratio between those that are replayed.
    const samples = timeline.map((sample) => ({
      ...sample,
      heap_rss: Math.round(sample.heap_rss * 0.7),
    }));
    const options = { ...optionsFor(one, "default", WHAT_IFS), touch: { fitted: null } };
    const { scenarios, causes } = analyse(withRssSamples(log(one), samples), options);
    for (const { name, rss } of scenarios) {
      const { end, peak } = causes?.[name] ?? fail();
      expect(sumOf(end)).toBe(rss.endBytes);
      if (peak !== null) {
        expect(sumOf(peak)).toBe(rss.peakBytes);
      }
    }
  });

  it("what a pin's blocks give back is what RSS falls by if the log goes on with their frees", () => {
    const options = optionsFor(one, "default", []);
    const result = resultOf(log(one), options);
    const [claim] = (result.model?.pins ?? []).filter((pin) => pin.returnedIfFreedBytes > MiB);
    if (claim === undefined) {
      return;
    }
    const before = result.model?.scenarios[0]?.figures.rss.endBytes ?? fail();
    const text = log(one).toString("latin1");
    const frees = freesOf(text, claim.blocks, result);
    const after = endBytes(analyse(Buffer.from(text + frees, "latin1"), options));
    expect(before - after).toBeGreaterThanOrEqual(claim.returnedIfFreedBytes * 0.95);
  });
});

/** Lines that free these blocks, each by the thread that allocated it, or by the main thread if that one has ended. */
function freesOf(
  text: string,
  blocks: readonly number[],
  { ledger }: Pick<LogResult, "ledger">,
): string {
  const lines = text.split("\n");
  const last = lines.findLast((line) => line !== "") ?? fail();
  const main = tidOf(lines[0]!);
  const ended = new Set(lines.filter((line) => line.includes("thread_exit()")).map(tidOf));
  const [, time] = last.split(/\s+/);
  return blocks
    .map((block) => {
      const line = lines[ledger.blocks.lineOf(block) - 1] ?? fail();
      const pointer = /=\s*(0x[\da-f]+)\s*$/.exec(line)?.[1];
      const tid = ended.has(tidOf(line)) ? main : tidOf(line);
      return `${tid} ${time} [0x00000000] free(${pointer})\n`;
    })
    .join("");
}

function tidOf(line: string): string {
  return line.split(/\s+/, 1)[0]!;
}

function log(one: Case): Buffer {
  return logOf(one, "default") ?? fail();
}

function endBytes({ scenarios }: Report): number {
  return scenarios[0]?.rss.endBytes ?? fail();
}

function sumOf(causes: Causes | readonly number[]): number {
  return Object.values(causes).reduce((sum: number, bytes: number) => sum + bytes, 0);
}

function fail(): never {
  throw new Error("the corpus case is not complete");
}
