import { expect, it } from "vitest";
import { coresOf } from "./cores.ts";
import { costRatios, inTurns, median } from "./row.ts";
import type { Cost } from "./sandbox.ts";

it("each round starts with another measure", () => {
  const begun: string[] = [];
  const measure = (name: string) => () => begun.push(name);
  const rounds = inTurns(3, [measure("a"), measure("b")]);
  expect(begun.join("")).toBe("abbaab");
  expect(rounds).toEqual([
    [1, 2],
    [4, 3],
    [5, 6],
  ]);
});

it("a median is the middle value, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it("each pair gives a ratio of wall time and one of processor time", () => {
  const costs = (wall: readonly number[]) => {
    const left = wall.values();
    return (): Cost => {
      const wallSeconds = left.next().value ?? Number.NaN;
      return { wallSeconds, processorSeconds: 3 * wallSeconds + 1, peakBytes: 0 };
    };
  };
  expect(costRatios(2, costs([2, 3]), costs([1, 2]))).toEqual({
    ratios: [2, 1.5],
    processor: [7 / 4, 10 / 7],
  });
});

it("two programs that take as long as one have two cores, and one core if they take twice as long", () => {
  expect(coresOf([0.1], [0.1])).toBe(2);
  expect(coresOf([0.1, 0.1, 0.3], [0.2, 0.2, 0.1])).toBe(1);
});
