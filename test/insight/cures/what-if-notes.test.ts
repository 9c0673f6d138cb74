import { describe, expect, test } from "vitest";
import { whatIfNotes } from "../../../src/insight/cures/what-if-notes.ts";
import type { RssFigures, TouchFit } from "../../../src/report/contract/report.ts";
import { arena, MiB, MODEL, report, scenario } from "../../support/report-builder.ts";

test("failing calls", () => {
  const scenarios = [
    scenario("as recorded", { failedCalls: 1 }),
    scenario("A=1", { failedCalls: 12_345 }),
    scenario("B=1", { failedCalls: 1 }),
    scenario("C=1", { failedCalls: 2 }),
  ];
  expect(whatIfNotes(report({ scenarios }))).toEqual([
    "A=1: 12,345 calls would return NULL.",
    "C=1: 2 calls would return NULL.",
  ]);
});

test("what-ifs that are compared with a baseline", () => {
  const model = { ...MODEL, baseline: { rssEndBytes: MiB, rssPeakBytes: MiB } };
  expect(whatIfNotes(report({ model }))).toEqual([
    "Other settings were replayed without the log's pointers: what they change against the recorded settings, replayed in the same way, is added to the recorded run.",
  ]);
});

test("none without a model", () => {
  expect(whatIfNotes(report({ model: null, scenarios: [] }))).toEqual([]);
});

describe("what is assumed written", () => {
  const notes = (none: number, all: number, blocks = 0, mediumMiB = 0): string[] => {
    const medium = { mediumBlocks: mediumMiB * 10, mediumBytes: mediumMiB * MiB };
    const assumedWritten = { blocks, bytes: blocks * 2 * MiB, ...medium };
    const scenarios = [scenario("as recorded", { endMiB: 100, touchMiB: [none, all] })];
    return whatIfNotes(report({ scenarios, model: { ...MODEL, assumedWritten } }));
  };

  test("the bounds, if they are more than 5 % of the RSS apart", () => {
    expect(notes(94, 100)).toEqual([
      "RSS of the recorded run at the end is 94 MiB if the program wrote nothing to its blocks, 100 MiB if it wrote all of them.",
    ]);
    expect(notes(95, 100)).toEqual([]);
  });

  test("no bounds if the log records what was written", () => {
    const model = { ...MODEL, holes: { minBytes: 4096, lines: 7 } };
    const scenarios = [scenario("as recorded", { endMiB: 100, touchMiB: [10, 200] })];
    expect(whatIfNotes(report({ model, scenarios }))).toEqual([]);
  });

  test("large blocks, even if the bounds are equal", () => {
    expect(notes(100, 100, 3)).toEqual([
      "3 blocks ≥ 1 MiB (6 MiB, 6.0 % of the predicted RSS) are assumed written.",
    ]);
    expect(notes(100, 100, 1)).toEqual([
      "1 block ≥ 1 MiB (2 MiB, 2.0 % of the predicted RSS) is assumed written.",
    ]);
    expect(notes(100, 100, 0)).toEqual([]);
  });

  test("medium blocks above 5 % of the RSS", () => {
    expect(notes(100, 100, 0, 6)).toEqual([
      "60 blocks of 32 KiB to 1 MiB (6 MiB, 6.0 % of the predicted RSS) are assumed written.",
    ]);
    expect(notes(100, 100, 0, 5)).toEqual([]);
  });
});

describe("arenas", () => {
  const note = (...threads: number[][]): string[] => {
    const [main, ...others] = threads.map((users, id) =>
      arena(id, { main: id === 0, threads: users }),
    );
    const recorded = scenario("as recorded", { endMiB: 100, peakMiB: 100 });
    return whatIfNotes(report({ scenarios: [{ ...recorded, arenas: [main!, ...others] }] }));
  };

  test("may be others without the hook", () => {
    expect(note([1], [2, 3], [4])).toContain(
      "Without the recording hook, threads may take other arenas: RSS at the end is then 78.6 MiB to 127.3 MiB in nine runs of ten.",
    );
  });

  test("have no note if threads have none but the main one", () => {
    expect(note([1, 2, 3]).join()).not.toContain("hook");
    expect(note([1, 2, 3], []).join()).not.toContain("hook");
  });
});

describe("ranges", () => {
  const note = (
    low: number,
    high: number,
    rss: Partial<RssFigures> = {},
    model = MODEL,
  ): string | undefined => {
    const recorded = scenario("as recorded", { endMiB: 100, peakMiB: 100 });
    const figures = { ...recorded.rss, lowBytes: low * MiB, highBytes: high * MiB, ...rss };
    return whatIfNotes(report({ model, scenarios: [{ ...recorded, rss: figures }] }))[0];
  };
  const byTouch = { spread: { touchBytes: MiB, arenasBytes: 0, exitsBytes: 0 } };
  const byExits = { spread: { touchBytes: 0, arenasBytes: 0, exitsBytes: MiB } };

  test("have no note if the table shows none", () => {
    expect(note(99, 101, byTouch)).toBeUndefined();
  });

  test("by the program's writes", () => {
    expect(note(90, 110, byTouch)).toBe(
      "Ranges: the program may have written anything from 25.0 % to all of its blocks of 4 KiB or more. Changes compare the most likely values.",
    );
  });

  test("by the program's writes to blocks of one size", () => {
    expect(note(90, 110, byTouch, { ...MODEL, lowestRatio: 0 })).toBe(
      "Ranges: the program may have written nothing or all of its blocks of 4 KiB or more, most of which are of one size. Changes compare the most likely values.",
    );
  });

  test("by shared arenas", () => {
    expect(note(90, 110, { contendedRuns: 1 })).toBe(
      "Ranges: where threads share arenas, those of another run may meet in another order (the range is where nine runs in ten are expected, by 1 replay in another order). Changes compare the most likely values.",
    );
  });

  test("by thread exits", () => {
    expect(note(90, 110, byExits)).toContain(
      "Ranges: the log does not show whether threads other than the main one had ended.",
    );
    const inferred = { ...MODEL.inferred, lastExits: 1 };
    expect(note(90, 110, byExits, { ...MODEL, inferred })).toContain(
      "Ranges: threads that seem to have ended, because their last calls are free(NULL), may still run.",
    );
  });

  test("of a fit cover the two kinds of writes that give the measured RSS", () => {
    const fit: TouchFit = {
      ratio: 0.455,
      smallRatio: 1,
      knownRatio: 0,
      bounds: null,
      source: "--observed-rss",
      outside: null,
      error: { median: -0.0001, max: -0.0001 },
    };
    const fitted = { ...MODEL, touch: "fitted", fit };
    expect(note(90, 110, byTouch, fitted)).toContain(
      "Ranges: the measured RSS does not show which blocks the program wrote.",
    );
  });
});
