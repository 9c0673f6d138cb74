import { describe, expect, it } from "vitest";
import { predictionInterval } from "../../src/what-if/prediction-interval.ts";

/** Numbers from 0 to 1, the same in each run of the test. */
function uniform(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

describe("the prediction interval", () => {
  it.each([2, 3, 4, 6])("of %d values contains four further ones in five", (count) => {
    const next = uniform();
    const normal = () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
    const value = () => 1e9 * Math.exp(0.1 * normal());
    let inside = 0;
    for (let i = 0; i < 20_000; i++) {
      const [low, high] = predictionInterval(Array.from({ length: count }, value));
      const further = value();
      inside += Number(low <= further && further <= high);
    }
    expect(inside / 20_000).toBeGreaterThan(0.79);
    expect(inside / 20_000).toBeLessThan(0.82);
  });

  it("contains the given values, and is one of them where all are the same or none is another", () => {
    const [low, high] = predictionInterval([100, 100, 400]);
    expect(low).toBeLessThanOrEqual(100);
    expect(high).toBeGreaterThanOrEqual(400);
    expect(predictionInterval([7])).toEqual([7, 7]);
    expect(predictionInterval([7, 7, 7])).toEqual([7, 7]);
  });

  it("is that of the extremes if a value is 0", () => {
    expect(predictionInterval([0, 5, 9])).toEqual([0, 9]);
  });
});
