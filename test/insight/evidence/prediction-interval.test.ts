import { describe, expect, it } from "vitest";
import { predictionInterval } from "../../../src/insight/evidence/prediction-interval.ts";

/** Numbers from 0 to 1, the same in each run of the test. */
function uniform(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Returns which part of further values is inside, if values have one of these standard deviations each time. */
function insideOf(count: number, deviationOf: (normal: () => number) => number): number {
  const next = uniform();
  const normal = () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
  let inside = 0;
  for (let i = 0; i < 20_000; i++) {
    const deviation = deviationOf(normal);
    const value = () => 1e9 * Math.exp(deviation * normal());
    const [low, high] = predictionInterval(Array.from({ length: count }, value), 0.1);
    const further = value();
    inside += Number(low <= further && further <= high);
  }
  return inside / 20_000;
}

describe("the prediction interval", () => {
  it.each([1, 2, 3, 4, 5])("of %d values contains nine further ones in ten", (count) => {
    // Their variance is as uncertain as one from four degrees of freedom.
    const inside = insideOf(count, (normal) => {
      const squares = [1, 2, 3, 4].reduce((sum) => sum + normal() ** 2, 0);
      return 0.1 * Math.sqrt(4 / squares);
    });
    expect(inside).toBeGreaterThan(0.89);
    expect(inside).toBeLessThan(0.92);
  });

  it("of values that vary less than is known contains more, and of others fewer", () => {
    expect(insideOf(2, () => 0.02)).toBeGreaterThan(0.99);
    expect(insideOf(2, () => 0.3)).toBeLessThan(0.8);
  });

  it("contains the given values, and is wide even where they are the same", () => {
    const [low, high] = predictionInterval([100, 100, 400], 0.01);
    expect(low).toBeLessThanOrEqual(100);
    expect(high).toBeGreaterThanOrEqual(400);
    const [least, most] = predictionInterval([1000, 1000], 0.1);
    expect(least).toBeLessThan(900);
    expect(most).toBeGreaterThan(1100);
  });

  it("is that of the extremes if a value is 0", () => {
    expect(predictionInterval([0, 5, 9], 0.1)).toEqual([0, 9]);
  });
});
