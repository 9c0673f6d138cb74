import { describe, expect, it } from "vitest";
import { resultOf, resultsTable } from "./results.ts";
import type { Measured, Row } from "./row.ts";

const ROW: Row = {
  name: "row",
  ratioOf: "a / b",
  target: 1.2,
  stretch: 0.9,
  onRequest: false,
  measure: () => ({ ratios: [] }),
};

function resultWith(measured: Measured, row: Partial<Row> = {}) {
  return resultOf({ ...ROW, ...row }, measured, [1, 2]);
}

/** The last column of the table's only row. */
function verdictOf(measured: Measured, row: Partial<Row> = {}): string | undefined {
  const line = resultsTable([resultWith(measured, row)])
    .trim()
    .split("\n")
    .at(-1);
  return line?.trim().split(/ {2,}/).at(-1);
}

it("a result has the medians and the range of its pairs", () => {
  expect(resultWith({ ratios: [2, 1, 4], processor: [3, 5, 4] })).toMatchObject({
    median: 2,
    least: 1,
    most: 4,
    processor: 4,
    cores: [1, 2],
  });
});

describe("a limit", () => {
  it.each([
    [[1.2], [1.2], true, "yes"],
    [[0.9], [0.8], true, "yes, stretch"],
    [[0.8], [1], true, "yes"],
    [[1], [1.3], false, "wall only"],
    [[1.3], [1], false, "processor only"],
    [[1.3], [1.3], false, "no"],
  ])("of 1.2, and 0.9 as a stretch, for %j and %j: %s", (ratios, processor, holds, verdict) => {
    expect(resultWith({ ratios, processor }).holds).toBe(holds);
    expect(verdictOf({ ratios, processor })).toBe(verdict);
  });

  it("applies to the ratios alone if none of processor time were measured", () => {
    expect(resultWith({ ratios: [1.2] }).holds).toBe(true);
    expect(verdictOf({ ratios: [1.3] })).toBe("no");
  });

  it("may be absent", () => {
    expect(resultWith({ ratios: [9] }, { target: null }).holds).toBe(null);
  });
});

it("the table has the processors that were usable, their mean before and after the row", () => {
  expect(resultsTable([resultWith({ ratios: [1], processor: [1] })])).toMatch(/ 1\.50 /);
});
