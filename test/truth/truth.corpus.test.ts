import { describe, expect, it } from "vitest";
import {
  type Case,
  casesOf,
  NEXT_CORPUS,
  OWN_CORPUS,
  SHARED_CORPUS,
  truthOf,
} from "../support/corpus.ts";
import { otherSettings } from "./fitted.ts";
import { errorOf, isReal, median, type Prediction, predict, type Row } from "./predictions.ts";
import { isBetweenBounds, isInside, isInsideShown, widthOf } from "./ranges.ts";
import { rankingOf } from "./ranking.ts";
import { recordedErrors } from "./real-programs.ts";

/**
 * Predictions that do not know what the program writes, against truth: the figures of `npm run truth`, for the cases of
 * the repository, and for the first corpus where it is present. Of the second, only what was measured in the run of the log:
 * the other runs of its programs, most of which have threads that race for arenas, are outside of what ranges cover.
 */
const own = casesOf(OWN_CORPUS).filter(
  (one) => one.meta.glibc !== "2.44" && truthOf(one, "default") !== null,
);
const names = new Set(own.map(({ name }) => name));
const shared = casesOf(SHARED_CORPUS).filter(({ name }) => !names.has(name));

const predictions: Prediction[] = [];
const fits: Prediction[] = [];

function predictOnce(one: Case): { byFacts: Prediction; fitted: Prediction | null } {
  const byFacts = predict(one, "facts");
  if (byFacts === null) {
    throw new Error("the corpus case is not complete");
  }
  predictions.push(byFacts);
  const fitted = isReal(one) ? predict(one, ({ exit }) => ({ fitted: exit.heap_rss })) : null;
  if (fitted !== null) {
    fits.push(fitted);
  }
  return { byFacts, fitted };
}

if (shared.length === 0) {
  it.skip("../shared is not beside this checkout");
}

/** The versions of the figures in docs/touch.md, which have one decimal. */
const MEASURED_VERSIONS = ["2.36", "2.41"];
const ROUNDING = 0.0005;

describe.each([...own, ...shared])("$name", (one) => {
  it("the measured RSS of the log's own calls is in the range of the report", () => {
    const { byFacts, fitted } = predictOnce(one);
    const rows = byFacts.rows.filter(({ sameCalls }) => sameCalls);
    expect(rows.length).toBeGreaterThan(0);
    const holds = writesPartOfAll(one) ? isBetweenBounds : isInside;
    expect(rows.filter((row) => !holds(row)).map(where)).toEqual([]);
    const [errors] = recordedErrors([byFacts]);
    const recommended = errors?.recommended ?? null;
    if (
      errors !== undefined &&
      recommended !== null &&
      MEASURED_VERSIONS.includes(one.meta.glibc)
    ) {
      expect(Math.abs(errors.exit)).toBeLessThanOrEqual(Math.abs(recommended) + ROUNDING);
    }
    if (fitted === null) {
      return;
    }
    expect(fitted.report.model?.fit?.outside).toBeNull();
    expect(Math.abs(fitted.report.model!.fit!.error.max)).toBeLessThan(0.001);
  });
});

describe("all of them", () => {
  // The repository's four are too few for a median; each is checked by itself.
  it.skipIf(shared.length === 0)("recorded runs of real programs: median error ≤ 2 %", () => {
    const errors = recordedErrors(predictions);
    for (const of of ["exit", "trimmed", "along"] as const) {
      const known = errors.flatMap((one) => one[of] ?? []);
      expect(median(known.map(Math.abs))).toBeLessThanOrEqual(0.02);
    }
  });

  it("other settings, fitted to one measured number: median error ≤ 1 %, worst ≤ 8 %", () => {
    const errors = fits
      .flatMap((one) => otherSettings(one, "exit"))
      .map((row) => Math.abs(errorOf(row)));
    expect(errors.length).toBeGreaterThan(5);
    expect(median(errors)).toBeLessThanOrEqual(0.01);
    expect(Math.max(...errors)).toBeLessThanOrEqual(0.08);
  });

  it("the measured RSS is in the range shown, also for other runs of the program: ≥ 95 %", () => {
    const rows = predictions.flatMap((one) => one.rows);
    const inside = rows.filter(isInsideShown).length;
    expect(inside / rows.length).toBeGreaterThanOrEqual(0.95);
  });

  it.skipIf(shared.length === 0)(
    "the run of the log, at exit and trimmed: median error ≤ 1 %, 95 % in the range, median width ≤ 15 %",
    () => {
      const next = casesOf(NEXT_CORPUS).flatMap((one) => predict(one, "facts", ["default"]) ?? []);
      expect(next.length).toBeGreaterThan(10);
      for (const all of [predictions, next]) {
        const rows = all.flatMap((one) => one.rows).filter(({ setting }) => setting === "default");
        expect(median(rows.map((row) => Math.abs(errorOf(row))))).toBeLessThanOrEqual(0.01);
        expect(rows.filter(isInside).length / rows.length).toBeGreaterThanOrEqual(0.95);
        expect(median(rows.map(widthOf))).toBeLessThanOrEqual(0.15);
      }
    },
  );

  it("the setting predicted to need least memory does: ≥ 95 %", () => {
    for (const moment of ["exit", "trimmed"] as const) {
      const rankings = predictions.flatMap((one) => rankingOf(one, moment) ?? []);
      const right = rankings.filter(({ isRight }) => isRight).length;
      expect(rankings.length).toBeGreaterThan(10);
      expect(right / rankings.length).toBeGreaterThanOrEqual(0.95);
    }
  });
});

/** True for test programs that write half of each block or nothing, even of the smallest; no real program does. */
function writesPartOfAll(one: Case): boolean {
  return !isReal(one) && / (half|none) /.test(one.meta.command);
}

function where({ setting, moment }: Row): string {
  return `${setting}, ${moment}`;
}
