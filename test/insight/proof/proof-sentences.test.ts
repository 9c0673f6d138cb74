import { describe, expect, test } from "vitest";
import { holding, proofSentences } from "../../../src/insight/proof/proof-sentences.ts";
import type { MeasuredRun, Measurements } from "../../../src/report/contract/measurements.ts";

const MiB = 2 ** 20;

function run(
  name: string,
  peak: number,
  end: number,
  some: Partial<MeasuredRun> = {},
): MeasuredRun {
  return {
    name,
    allocator: "glibc",
    glibc: "2.36",
    settings: {},
    predicted: null,
    measured: { peakBytes: peak * MiB, endBytes: end * MiB },
    freeRuns: null,
    purged: null,
    error: null,
    holds: null,
    failedCalls: 0,
    callsPerSecond: 1,
    ...some,
  };
}

/** `purged`: MiB at the peak and at the end. */
const other = (
  peak: number,
  end: number,
  purged: readonly [peak: number, end: number] | null,
): MeasuredRun =>
  run("jemalloc", peak, end, {
    allocator: "jemalloc",
    purged: purged && { peakBytes: purged[0] * MiB, endBytes: purged[1] * MiB },
  });

function measurements(...runs: MeasuredRun[]): Measurements {
  return {
    schema: "mallog.replay/1",
    tool: { name: "mallog", version: "test" },
    complete: true,
    model: {
      glibc: "2.36",
      glibcRange: ["2.36"],
      settings: {},
      fidelity: { compared: 1, equal: 1, ratio: 1, firstDivergence: null },
      touch: "facts",
    },
    grade: null,
    outsideBytes: 0,
    runs,
    unavailable: [],
  };
}

const texts = (measured: Measurements): string[] =>
  proofSentences(measured).map(({ text }) => text);

const sentences = (...runs: MeasuredRun[]): string[] => texts(measurements(...runs));

const GLIBC = [run("as recorded", 100, 100), run("malloc_trim=end", 100, 20)] as const;

describe("another allocator is compared with glibc's best settings", () => {
  test("with its freed memory returned, and not: it returns it only after a time", () => {
    const [answer] = sentences(...GLIBC, other(120, 90, [97, 20]));
    expect(answer).toBe(
      "jemalloc: no reason to switch: at the peak 97 MiB to 120 MiB against 100 MiB of glibc (as recorded), at the end, with freed memory returned, 20 MiB against 20 MiB of glibc (malloc_trim=end).",
    );
  });

  test("right after the last call, if no purge of it is known", () => {
    const [answer] = sentences(...GLIBC, other(100, 90, null));
    expect(answer).toMatch(
      /^jemalloc: a switch would cost memory: .* at the end, right after the last call, 90 MiB/,
    );
  });

  test.each([
    [50, 10, "a switch would save memory"],
    [50, 40, "a switch would save memory at one moment only"],
    [130, 20, "a switch would cost memory"],
  ])("%i MiB at the peak, %i MiB at the end: %s", (peak, end, answer) => {
    expect(sentences(...GLIBC, other(peak, end, [peak, end]))[0]).toContain(`jemalloc: ${answer}:`);
  });

  test("and the pauses that the replay leaves out are named once", () => {
    const pauses = /^The log's pauses are left out/;
    const two = [...GLIBC, other(50, 40, [50, 10]), other(50, 40, [50, 10])];
    expect(sentences(...two).filter((text) => pauses.test(text))).toHaveLength(1);
    expect(sentences(...GLIBC).filter((text) => pauses.test(text))).toEqual([]);
  });

  test("not at all, if calls failed", () => {
    const failing = { ...other(50, 40, [50, 10]), failedCalls: 2 };
    expect(sentences(...GLIBC, failing)[0]).toBe(
      "jemalloc: 2 calls failed, so that its figures compare with nothing.",
    );
  });
});

test("a prediction that does not hold is named", () => {
  const right = { ...run("as recorded", 1, 1), holds: true };
  const wrong = { ...run("MALLOC_ARENA_MAX=1", 1, 1), holds: false };
  expect(holding([right, wrong])[0]?.text).toContain(
    "1 of 2 predictions does not hold: MALLOC_ARENA_MAX=1.",
  );
  expect(holding([{ ...right, holds: false }])[0]?.text).toContain(
    "the prediction does not hold: as recorded.",
  );
});

test("an interruption is named: nothing, or not everything, has been measured", () => {
  const none = { ...measurements(), complete: false };
  expect(texts(none)).toEqual(["Interrupted: nothing has been measured."]);
  const some = { ...measurements(run("as recorded", 1, 1)), complete: false };
  expect(texts(some)[0]).toBe("Interrupted: not everything has been measured.");
});

test("free runs without RSS, or of which none is predicted, have figures, too", () => {
  const nothing = { peakBytes: 0, endBytes: 0 };
  const freeRuns = [nothing, nothing, nothing];
  expect(sentences(run("as recorded", 0, 0, { freeRuns, predicted: nothing }))[0]).toMatch(
    /: RSS is the same in all of them; the medians are what is predicted for the log's order\.$/,
  );
  const some = [{ peakBytes: MiB, endBytes: 0 }];
  expect(sentences(run("as recorded", 1, 0, { freeRuns: some, predicted: nothing }))[0]).toMatch(
    /; the medians are within 100\.0 % of what is predicted/,
  );
});

test("free runs differ from each other, and from what is predicted for the log's order", () => {
  const free = (...peaks: number[]): MeasuredRun["freeRuns"] =>
    peaks.map((peak) => ({ peakBytes: peak * MiB, endBytes: 50 * MiB }));
  const predicted = { peakBytes: 96 * MiB, endBytes: 50 * MiB };
  const recorded = run("as recorded", 100, 50, { freeRuns: free(100, 103, 98), predicted });
  const [answer] = sentences(recorded, run("MALLOC_ARENA_MAX=1", 90, 50, { freeRuns: free(90) }));
  expect(answer).toBe(
    "Measured: the threads ran freely, 3 times, so that their calls may be in another order each time: between runs RSS differs by at most 5.0 %; the medians are within 4.2 % of what is predicted for the log's order.",
  );
  const same = run("as recorded", 96, 50, { freeRuns: free(96, 96, 96), predicted });
  expect(sentences(same)[0]).toMatch(
    /: RSS is the same in all of them; the medians are what is predicted for the log's order\.$/,
  );
});
