import { describe, expect, it } from "vitest";
import {
  bitOf,
  PLANE_ALL,
  PLANE_NONE,
  PLANE_POLICY,
  PLANES,
  ratioPlane,
} from "../../../src/ptmalloc/resident.ts";
import {
  AsGiven,
  ByFacts,
  Fitted,
  PART_BY_FACTS,
  pagesAtPart,
  pagesAtRatio,
  pagesAtShare,
  partAtRatio,
  type Reading,
  readingOf,
  writtenAtPart,
} from "../../../src/replay/writes/reading.ts";

const PAGE = 4096;

/** Pages by plane: policy, none, all, and the ratios 0, ¼, ½, ¾, 1. */
const SOME = [80, 10, 120, 20, 30, 50, 60, 100];

it("the pages of a plane are at the number of its bit", () => {
  expect(SOME).toHaveLength(PLANES);
  const planes = [PLANE_POLICY, PLANE_NONE, PLANE_ALL, ratioPlane(0), ratioPlane(4)];
  expect(planes.map((plane) => SOME[bitOf(plane)])).toEqual([80, 10, 120, 20, 100]);
});

describe("the pages at a ratio", () => {
  it("are interpolated between the planes of the two nearest ratios", () => {
    const at = [0, 0.125, 0.25, 0.4, 0.5, 0.75, 0.9, 1].map((q) => pagesAtRatio(SOME, q));
    const expected = [20, 25, 30, 42, 50, 60, 84, 100];
    at.forEach((pages, i) => {
      expect(pages).toBeCloseTo(expected[i]!, 9);
    });
  });
});

describe("the pages at a part of the family", () => {
  it("go from nothing written over the ratios to all", () => {
    const at = [0, 1, 2, 3, 4, 5, 6].map((step) => pagesAtPart(SOME, step / 6));
    [10, 20, 30, 50, 60, 100, 120].forEach((pages, i) => {
      expect(at[i]).toBeCloseTo(pages, 9);
    });
    expect(pagesAtPart(SOME, 0.5 / 6)).toBeCloseTo(15, 9);
    expect(pagesAtPart(SOME, 5.5 / 6)).toBeCloseTo(110, 9);
    for (const ratio of [0, 0.125, 0.4, 0.75, 1]) {
      expect(pagesAtPart(SOME, partAtRatio(ratio))).toBeCloseTo(pagesAtRatio(SOME, ratio), 9);
    }
  });

  it("are described by what is written", () => {
    const at = (part: number) => {
      const { ratio, smallRatio, knownRatio } = writtenAtPart(part);
      return [smallRatio, ratio, knownRatio].map((one) => Math.round(one * 1000) / 1000);
    };
    expect(at(0)).toEqual([0, 0, 0]);
    expect(at(0.5 / 6)).toEqual([0.5, 0, 0]);
    expect(at(1 / 6)).toEqual([1, 0, 0]);
    expect(at(3 / 6)).toEqual([1, 0.5, 0]);
    expect(at(PART_BY_FACTS)).toEqual([1, 1, 0]);
    expect(at(5.5 / 6)).toEqual([1, 1, 0.5]);
    expect(at(1)).toEqual([1, 1, 1]);
  });
});

describe("the pages at a share", () => {
  it("are that part of all pages that are not certain", () => {
    expect([0, 0.5, 1].map((share) => pagesAtShare(SOME, share))).toEqual([10, 65, 120]);
  });
});

/** The prediction, its range, and the bounds, in pages. */
function figuresOf(reading: Reading): number[] {
  return [
    reading.bytes(SOME),
    reading.lowBytes(SOME),
    reading.highBytes(SOME),
    reading.noneBytes(SOME),
    reading.allBytes(SOME),
  ].map((bytes) => bytes / PAGE);
}

describe("a reading", () => {
  it("of a given policy has no range", () => {
    expect(figuresOf(new AsGiven())).toEqual([80, 80, 80, 10, 120]);
    expect(new AsGiven().plane).toBe(PLANE_POLICY);
  });

  it("by facts ranges from the lowest ratio to all of the large blocks", () => {
    expect(figuresOf(new ByFacts(0.25))).toEqual([80, 30, 100, 10, 120]);
    expect(figuresOf(new ByFacts(0))).toEqual([80, 20, 100, 10, 120]);
  });

  it("by facts has a range that includes its own prediction", () => {
    const low = SOME.with(0, 25);
    expect(new ByFacts(0.25).lowBytes(low)).toBe(25 * PAGE);
    const high = SOME.with(0, 110);
    expect(new ByFacts(0.25).highBytes(high)).toBe(110 * PAGE);
  });

  it("that was fitted ranges from one fit to the other", () => {
    // At a ratio of 0.4: 42 pages; at a share of 0.5: 65.
    expect(figuresOf(new Fitted(partAtRatio(0.4), 0.5, []))).toEqual([42, 42, 65, 10, 120]);
    expect(figuresOf(new Fitted(partAtRatio(0.9), 0.5, []))).toEqual([84, 65, 84, 10, 120]);
    // Whole pages.
    expect(figuresOf(new Fitted(partAtRatio(0.9), 0.502, []))[1]).toBe(65);
  });

  it("that was fitted ranges as far as the measurement at the most similar size allows", () => {
    const measured = (pages: number, none: number, all: number) => ({
      measuredBytes: pages * PAGE,
      noneBytes: none * PAGE,
      allBytes: all * PAGE,
    });
    const rangeOf = (...all: ReturnType<typeof measured>[]) =>
      figuresOf(new Fitted(partAtRatio(0.4), null, all)).slice(1, 3);
    // Of 110 uncertain pages here, 30 of 200 were not written, and 90 at least were.
    expect(rangeOf(measured(170, 0, 200))).toEqual([42, 120]);
    expect(rangeOf(measured(110, 100, 210))).toEqual([20, 42]);
    // The measurement at this very size: just what was measured, beside what was fitted.
    expect(rangeOf(measured(50, 10, 120))).toEqual([42, 50]);
    expect(rangeOf(measured(110, 100, 210), measured(50, 10, 120))).toEqual([42, 50]);
    // 100 of the pages here were not there: nothing is known of them.
    expect(rangeOf(measured(12, 10, 20))).toEqual([12, 112]);
    // A measurement that no policy meets.
    expect(rangeOf(measured(5, 10, 120))).toEqual([10, 42]);
    expect(rangeOf(measured(500, 10, 120))).toEqual([42, 120]);
  });

  it("that was fitted to the ratio alone has no range", () => {
    expect(figuresOf(new Fitted(partAtRatio(0.4), null, []))).toEqual([42, 42, 42, 10, 120]);
  });

  it("that was fitted looks pages up in the nearest plane", () => {
    const planeOf = (part: number) => new Fitted(part, 1, []).plane;
    expect([0.1, 0.4, 0.9].map((ratio) => planeOf(partAtRatio(ratio)))).toEqual([
      ratioPlane(0),
      ratioPlane(2),
      ratioPlane(4),
    ]);
    expect([planeOf(0), planeOf(1)]).toEqual([PLANE_NONE, PLANE_ALL]);
  });

  it("is the same after its way to another thread", () => {
    for (const reading of [
      new AsGiven(),
      new ByFacts(0.1),
      new Fitted(0.4, 0.5, [{ measuredBytes: 3, noneBytes: 1, allBytes: 5 }]),
      new Fitted(0.4, null, []),
    ]) {
      const received = readingOf(structuredClone(reading.form));
      expect(received.constructor).toBe(reading.constructor);
      expect(figuresOf(received)).toEqual(figuresOf(reading));
    }
  });
});
