import { describe, expect, it } from "vitest";
import { type Case, casesOf, OWN_CORPUS, SHARED_CORPUS } from "../support/corpus.ts";
import { otherSettings } from "./fitted.ts";
import { errorOf, isReal, median, type Prediction, predict, type Row } from "./predictions.ts";
import { isBetweenBounds, isInside, isInsideShown } from "./ranges.ts";
import { rankingOf } from "./ranking.ts";
import { recordedErrors } from "./real-programs.ts";

/**
 * Predictions without knowing what the program writes, against truth: the figures of `npm run truth`, for the cases
 * that travel with the repository and the whole corpus where it is at hand.
 */
const own = casesOf(OWN_CORPUS);
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
  it.skip("../shared/corpus is not beside this checkout");
}

/** touch.md's figures are of these versions, and have one decimal. */
const MEASURED_VERSIONS = ["2.36", "2.41"];
const ROUNDING = 0.0005;

describe.each([...own, ...shared])("$name", (one) => {
  it("lies in the range of the report wherever the log's own calls were measured", () => {
    const { byFacts, fitted } = predictOnce(one);
    const rows = byFacts.rows.filter(({ sameCalls }) => sameCalls);
    expect(rows.length).toBeGreaterThan(0);
    const holds = writesPartOfAll(one) ? isBetweenBounds : isInside;
    expect(rows.filter((row) => !holds(row)).map(where)).toEqual([]);
    const [errors] = recordedErrors([byFacts]);
    if (errors !== undefined && MEASURED_VERSIONS.includes(one.meta.glibc)) {
      expect(Math.abs(errors.exit)).toBeLessThanOrEqual(Math.abs(errors.recommended!) + ROUNDING);
    }
    if (fitted === null) {
      return;
    }
    expect(fitted.report.model?.fit?.outside).toBeNull();
    expect(Math.abs(fitted.report.model!.fit!.error.max)).toBeLessThan(0.001);
  });
});

describe("all of them", () => {
  // The four that travel are too few for a median to say much: they are held one by one.
  it.skipIf(shared.length === 0)("real programs as recorded: ≤ 2 % in the median", () => {
    const errors = recordedErrors(predictions);
    for (const of of ["exit", "trimmed", "along"] as const) {
      expect(median(errors.map((one) => Math.abs(one[of])))).toBeLessThanOrEqual(0.02);
    }
  });

  it("fitted to one measured number, other settings: ≤ 1 % in the median, ≤ 8 % at worst", () => {
    const errors = fits
      .flatMap((one) => otherSettings(one, "exit"))
      .map((row) => Math.abs(errorOf(row)));
    expect(errors.length).toBeGreaterThan(5);
    expect(median(errors)).toBeLessThanOrEqual(0.01);
    expect(Math.max(...errors)).toBeLessThanOrEqual(0.08);
  });

  it("measured inside what is shown, other runs of the program included: ≥ 95 %", () => {
    const rows = predictions.flatMap((one) => one.rows);
    const inside = rows.filter(isInsideShown).length;
    expect(inside / rows.length).toBeGreaterThanOrEqual(0.95);
  });

  it("the setting that is predicted to need least is the one that does: ≥ 95 %", () => {
    for (const moment of ["exit", "trimmed"] as const) {
      const rankings = predictions.flatMap((one) => rankingOf(one, moment) ?? []);
      const right = rankings.filter(({ isRight }) => isRight).length;
      expect(rankings.length).toBeGreaterThan(10);
      expect(right / rankings.length).toBeGreaterThanOrEqual(0.95);
    }
  });
});

/** True for test programs that write half of each block, or none, however small: no program worth its name does. */
function writesPartOfAll(one: Case): boolean {
  return !isReal(one) && / (half|none) /.test(one.meta.command);
}

function where({ setting, moment }: Row): string {
  return `${setting}, ${moment}`;
}
