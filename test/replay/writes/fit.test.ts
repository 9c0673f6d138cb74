import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PLANES } from "../../../src/ptmalloc/resident.ts";
import { type Family, fitPart, relativeError } from "../../../src/replay/writes/fit.ts";
import { PART_BY_FACTS, pagesAtPart, pagesAtRatio } from "../../../src/replay/writes/reading.ts";

const PAGE = 4096;

/** Pages by plane: policy, none, all, and the ratios 0, ¼, ½, ¾, 1. */
function planes(none: number, all: number, ...ratios: number[]): number[] {
  expect(ratios.length).toBe(PLANES - 3);
  return [all, none, all, ...ratios];
}

const SOME = planes(10, 120, 20, 30, 50, 60, 100);

describe("fitting", () => {
  const linear: Family = (pages, part) => pages[1]! * part;

  it("meets one observation exactly if it is within reach", () => {
    fc.assert(
      fc.property(fc.double({ min: 20, max: 100, noNaN: true }), (pages) => {
        const fit = fitPart([{ bytes: pages * PAGE, pages: SOME }], pagesAtRatio)!;
        // The last step looks at parts 0.00005 apart.
        expect(pagesAtRatio(SOME, fit.part)).toBeCloseTo(pages, 1);
        expect(Math.abs(fit.error.max)).toBeLessThan(0.001);
        expect(fit.outside).toBeNull();
      }),
    );
  });

  it("meets one where all the difference lies in a small part of the family", () => {
    const small = planes(1000, 100_000, 100_000, 100_000, 100_000, 100_000, 100_000);
    const known = planes(1000, 100_000, 1000, 1000, 1000, 1000, 1000);
    fc.assert(
      fc.property(
        fc.constantFrom(small, known),
        fc.double({ min: 1000, max: 100_000, noNaN: true }),
        (pages, measured) => {
          const { part } = fitPart([{ bytes: measured * PAGE, pages }], pagesAtPart)!;
          expect(pagesAtPart(pages, part)).toBeCloseTo(measured, 3);
        },
      ),
    );
  });

  it("takes the nearest parameter if none meets the observation, and reports the side", () => {
    expect(fitPart([{ bytes: 110 * PAGE, pages: SOME }], pagesAtRatio)).toMatchObject({
      part: 1,
      outside: "above",
      error: { max: -10 / 110 },
    });
    expect(fitPart([{ bytes: 16 * PAGE, pages: SOME }], pagesAtRatio)).toMatchObject({
      part: 0,
      outside: "below",
      error: { max: 0.25 },
    });
  });

  it("takes the largest of equally good parameters", () => {
    const step = planes(10, 40, 20, 20, 20, 40, 40);
    expect(fitPart([{ bytes: 20 * PAGE, pages: step }], pagesAtRatio)?.part).toBeCloseTo(0.5, 3);
    expect(fitPart([{ bytes: 40 * PAGE, pages: step }], pagesAtRatio)?.part).toBe(1);
  });

  it("finds no parameter if none makes a difference", () => {
    const same = planes(10, 40, 20, 20, 20, 20, 20);
    expect(fitPart([{ bytes: 15 * PAGE, pages: same }], pagesAtRatio)).toBeNull();
    expect(fitPart([], pagesAtRatio)).toBeNull();
  });

  it("minimises the sum of absolute errors, so that one outlier of four does not count", () => {
    const at = (part: number) => ({ bytes: 1000 * part * PAGE, pages: [0, 1000] });
    const fit = fitPart([at(0.3), at(0.3), at(0.3), at(0.9)], linear)!;
    expect(fit.part).toBeCloseTo(0.3, 3);
    expect(fit.error.median).toBeCloseTo(0, 2);
    expect(fit.error.max).toBeCloseTo(-2 / 3, 2);
  });
});

describe("the family from nothing written to all", () => {
  const count = fc.integer({ min: 0, max: 1_000_000 });
  /** As the planes of a process are: none ⊆ ratios ⊆ all. */
  const nested = fc
    .array(count, { minLength: PLANES - 1, maxLength: PLANES - 1 })
    .map((counts) => counts.sort((a, b) => a - b))
    .map(([none = 0, ...more]) => planes(none, more.at(-1)!, ...more.slice(0, -1)));

  it("meets any number between the two within 1 %", () => {
    fc.assert(
      fc.property(nested, fc.double({ min: 0, max: 1, noNaN: true }), (pages, at) => {
        const [none, all] = [pages[1]!, pages[2]!];
        fc.pre(none < all);
        const bytes = Math.round((none + (all - none) * at) * PAGE);
        const fit = fitPart([{ bytes, pages }], pagesAtPart, PART_BY_FACTS)!;
        expect(fit.outside).toBeNull();
        const modelled = pagesAtPart(pages, fit.part) * PAGE;
        expect(Math.abs(modelled - bytes)).toBeLessThanOrEqual(Math.max(PAGE, bytes / 100));
      }),
    );
  });

  it("has a side for every number beyond", () => {
    fc.assert(
      fc.property(nested, fc.integer({ min: 1, max: 1_000_000 }), (pages, beyond) => {
        const [none, all] = [pages[1]!, pages[2]!];
        fc.pre(none < all);
        const above = fitPart([{ bytes: (all + beyond) * PAGE, pages }], pagesAtPart)!;
        expect([above.outside, pagesAtPart(pages, above.part)]).toEqual(["above", all]);
        fc.pre(none > 0);
        const bytes = Math.max(0, none - beyond) * PAGE;
        const below = fitPart([{ bytes, pages }], pagesAtPart)!;
        expect([below.outside, pagesAtPart(pages, below.part)]).toEqual(["below", none]);
      }),
    );
  });

  it("prefers the facts among equally good values", () => {
    const same = planes(10, 40, 20, 25, 30, 35, 40);
    const fit = fitPart([{ bytes: 40 * PAGE, pages: same }], pagesAtPart, PART_BY_FACTS);
    expect(fit?.part).toBe(PART_BY_FACTS);
  });
});

describe("relative errors", () => {
  it("keep their sign; the largest is the one farthest from 0", () => {
    const samples = [
      { bytes: 100, modelledBytes: 110 },
      { bytes: 100, modelledBytes: 60 },
      { bytes: 100, modelledBytes: 100 },
    ];
    expect(relativeError(samples)).toEqual({ median: 0, max: -0.4 });
    expect(relativeError([])).toEqual({ median: 0, max: 0 });
    expect(relativeError([{ bytes: 0, modelledBytes: 7 }])).toEqual({ median: 0, max: 0 });
  });
});
