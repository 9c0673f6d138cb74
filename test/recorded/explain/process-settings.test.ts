import { describe, expect, it } from "vitest";
import { guidedReplayOf } from "../../../src/recorded/candidates.ts";
import { ProcessSettings } from "../../../src/recorded/explain/process-settings.ts";
import { type RecordedProcess, SettingRefused } from "../../../src/replay/recorded-process.ts";
import { completed } from "../../../src/trace/in-steps.ts";
import { LoggedProgram } from "../../support/model-log.ts";
import { originOf, prepare, WHOLE_POINTERS } from "../../support/prepared-log.ts";
import { chance } from "../../support/real-log.ts";

const COUNT = "glibc.malloc.tcache_count";
const MXFAST = "glibc.malloc.mxfast";

/** The search, with a log's beginning kept, in batches of so many events. */
function searchOf(
  lines: readonly string[],
  origins: readonly RecordedProcess[] = [originOf("2.36")],
  eventsPerBatch?: number,
): ProcessSettings {
  const search = new ProcessSettings(origins, (origin) => {
    const guided = guidedReplayOf(origin, WHOLE_POINTERS);
    return guided instanceof SettingRefused ? null : guided;
  });
  for (const { work, first, logged } of prepare(lines, eventsPerBatch).batches) {
    search.keep(work, first, logged);
  }
  return search;
}

/** A program that allocates and frees `atOnce` blocks of one of four sizes at a time, 360 calls or somewhat more. */
function program(settings: Record<string, string>, atOnce: number, leastBytes = 24): string[] {
  const p = new LoggedProgram("2.36", settings, { unchecked: true });
  const random = chance(5);
  for (let round = 0; p.lines.length < 360; round++) {
    const bytes = leastBytes + 16 * Math.floor(random() * 4);
    const names = Array.from({ length: atOnce }, (_, i) => `${round}/${i}`);
    for (const name of names) {
      p.malloc(bytes, name);
    }
    // In an order that differs from that of a bin.
    p.free(...names.filter((_, i) => i % 2 === 0), ...names.filter((_, i) => i % 2 === 1));
  }
  return p.lines;
}

describe("a setting that matters from the log's beginning on", () => {
  it("is found as the value under which the pointers match longest", () => {
    const [found, ...others] = completed(searchOf(program({ [COUNT]: "3" }, 6)).explain(1));
    expect(others).toEqual([]);
    expect(found?.settings).toEqual({ [COUNT]: "3" });
    expect(found?.shown).toEqual([{ name: COUNT, value: 3, above: 2, upTo: 3, others: [] }]);
  });

  it("has the range of all values that match as long, and the likeliest of them", () => {
    // No bin ever holds more than 12 chunks: all counts from 12 on have the same effect.
    const [found] = completed(searchOf(program({ [COUNT]: "20" }, 12, 200)).explain(1));
    expect(found?.shown).toEqual([
      { name: COUNT, value: 16, above: 11, upTo: Number.POSITIVE_INFINITY, others: [] },
    ]);
  });

  it("is found together with another one that explains little alone", () => {
    const lines = program({ [COUNT]: "3", [MXFAST]: "0" }, 6);
    const [found] = completed(searchOf(lines).explain(1));
    expect(found?.settings).toEqual({ [COUNT]: "3", [MXFAST]: "0" });
    expect(found?.shown.map(({ name }) => name)).toEqual([COUNT, MXFAST]);
  });

  it("is found for each version that matches as long with it", () => {
    const origins = ["2.39", "2.36", "2.23"].map((glibc) => originOf(glibc));
    const found = completed(searchOf(program({ [COUNT]: "3" }, 6), origins).explain(1));
    // glibc 2.23 has no tcache.
    expect(found.map(({ glibc }) => glibc)).toEqual(["2.39", "2.36"]);
  });

  it("comes on top of settings that are given", () => {
    const settings = { MALLOC_ARENA_MAX: "2" };
    const [found] = completed(
      searchOf(program({ [COUNT]: "3" }, 6), [originOf("2.36", settings)]).explain(1),
    );
    expect(found?.settings).toEqual({ ...settings, [COUNT]: "3" });
  });
});

describe("no setting is found", () => {
  it("while every pointer matches", () => {
    const search = searchOf(program({ [COUNT]: "3" }, 6));
    expect(completed(search.explain(0))).toEqual([]);
    expect(search.kept).toHaveLength(1);
  });

  it("until 200 events follow the mismatch that it explains", () => {
    const lines = program({ [COUNT]: "3" }, 6);
    const search = searchOf(lines.slice(0, 200));
    expect(completed(search.explain(1))).toEqual([]);
    // The search goes on with the next batch.
    expect(search.kept).toHaveLength(1);
  });

  it("if the log mismatches under every setting, and the search ends", () => {
    const lines = program({}, 6).map((line, i) =>
      i % 7 === 3 ? `1 malloc(40) = 0x${(0x5555_5560_0000 + i * 4096).toString(16)}` : line,
    );
    const search = searchOf(lines);
    expect(completed(search.explain(1))).toEqual([]);
    expect(search.kept).toEqual([]);
    search.keep(prepare(lines).batches[0]!.work, 0, []);
    expect(search.kept).toEqual([]);
  });

  it("for an anomaly that fewer than eight pointers show", () => {
    const foundFrom = (...sizes: number[]) => {
      const p = new LoggedProgram("2.36", { [COUNT]: "3" }, { unchecked: true });
      for (const bytes of sizes) {
        const names = Array.from({ length: 20 }, (_, i) => `${i} of ${bytes}`);
        for (const name of names) {
          p.malloc(bytes, name);
        }
        // Keeps the freed chunks away from the top.
        p.malloc(bytes);
        p.free(...names);
        for (let i = 0; i < 7; i++) {
          p.malloc(bytes);
        }
      }
      for (let i = 0; i < 250; i++) {
        p.malloc(5000);
      }
      return completed(searchOf(p.lines).explain(1)).map(({ settings }) => settings);
    };
    // Blocks 2 1 0 3 4 5 6 are returned, and 6 5 4 3 2 1 0 with the default count: six mismatches.
    expect(foundFrom(200)).toEqual([]);
    expect(foundFrom(200, 400)).toEqual([{ [COUNT]: "3" }]);
  });

  it("after eight batches", () => {
    const lines = program({ [COUNT]: "3" }, 6).slice(0, 360);
    const eight = searchOf(lines, undefined, 45);
    expect([eight.kept.length, completed(eight.explain(1)).length]).toEqual([8, 1]);
    const nine = searchOf(lines, undefined, 44);
    expect([nine.kept.length, completed(nine.explain(1)).length]).toEqual([0, 0]);
  });
});

it("the log's beginning is copied, because batches are reused", () => {
  const { work, first } = prepare(program({}, 6)).batches[0]!;
  const search = searchOf([]);
  search.keep(work, first, []);
  const before = work.batch.pointerOut[0];
  work.batch.pointerOut[0] = 0;
  expect(search.kept[0]?.work.batch.pointerOut[0]).toBe(before);
});
