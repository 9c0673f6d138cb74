import { describe, expect, test } from "vitest";
import { holds } from "../../../src/insight/proof/holds.ts";

const run = (predicted: number | null, measured: number, glibc = "2.36") => ({
  glibc,
  predicted: predicted === null ? null : { peakBytes: predicted, endBytes: predicted },
  measured: { peakBytes: measured, endBytes: measured },
});

describe("a prediction holds", () => {
  test("as recorded, if RSS differs from it by at most 1 %", () => {
    const exact = run(1000, 1000);
    expect(holds(exact, exact, 0)).toBe(true);
    for (const [measured, expected] of [
      [1010, true],
      [991, true],
      [1012, false],
      [980, false],
    ] as const) {
      const recorded = run(1000, measured);
      expect(holds(recorded, recorded, 0)).toBe(expected);
    }
  });

  test("under other settings, if what they save does", () => {
    const recorded = run(1000, 1100);
    expect(holds(run(600, 700), recorded, 0)).toBe(true);
    expect(holds(run(600, 600), recorded, 0)).toBe(false);
  });

  test("under another glibc, if RSS itself does", () => {
    const recorded = run(1000, 1100);
    expect(holds(run(600, 700, "2.41"), recorded, 0)).toBe(false);
    expect(holds(run(600, 605, "2.41"), recorded, 0)).toBe(true);
  });

  test("by what is replayed, not by what is in use from outside the log", () => {
    const recorded = run(100_100, 100_000);
    expect(holds(recorded, recorded, 0)).toBe(true);
    expect(holds(recorded, recorded, 99_000)).toBe(false);
  });

  test("or not, if nothing is predicted: then neither", () => {
    expect(holds(run(null, 5), run(5, 5), 0)).toBe(null);
  });
});
