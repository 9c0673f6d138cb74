import * as fc from "fast-check";
import { expect, it } from "vitest";
import { dominates, paretoSet } from "../../../src/insight/cures/pareto.ts";

type Figures = readonly [peak: number, end: number, price: number];

// Few values, so that equal ones are frequent.
const figures: fc.Arbitrary<Figures> = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4));
const own = (one: Figures): Figures => one;

function beaten(one: Figures, by: readonly Figures[]): boolean {
  return by.some(
    (other) =>
      other[0] <= one[0] &&
      other[1] <= one[1] &&
      other[2] <= one[2] &&
      (other[0] < one[0] || other[1] < one[1] || other[2] < one[2]),
  );
}

it("is what no other one dominates, and a member dominates each of the others", () => {
  fc.assert(
    fc.property(fc.array(figures, { maxLength: 30 }), (all) => {
      const members = paretoSet(all, own);
      expect(members.size === 0).toBe(all.length === 0);
      for (const one of all) {
        expect(beaten(one, all)).toBe(!members.has(one));
        expect(beaten(one, [...members])).toBe(!members.has(one));
      }
    }),
  );
});

it("does not depend on the order", () => {
  fc.assert(
    fc.property(fc.array(figures, { maxLength: 20 }), (all) => {
      const sorted = (some: Iterable<Figures>): string[] => [...some].map(String).sort();
      expect(sorted(paretoSet([...all].reverse(), own))).toEqual(sorted(paretoSet(all, own)));
    }),
  );
});

it("has all of several equal ones", () => {
  const [a, b, worse] = [{ f: [1, 2] }, { f: [1, 2] }, { f: [1, 3] }];
  expect(dominates(a.f, b.f)).toBe(false);
  expect([...paretoSet([a, worse, b], ({ f }) => f)]).toEqual([a, b]);
});
