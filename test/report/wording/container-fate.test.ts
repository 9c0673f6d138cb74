import { expect, test } from "vitest";
import { fateOf, needsOf } from "../../../src/report/wording/container-fate.ts";
import { scenario } from "../../support/report-builder.ts";

const MIB = 2 ** 20;

test("what was measured of the recorded run bounds what other settings may need", () => {
  const recorded = scenario("as recorded", { peakMiB: 100 });
  const other = scenario("A=1", { peakMiB: 60 });
  const base = { baseRssBytes: 10 * MIB, measuredBytes: 130 * MIB };
  const needs = (one: typeof other) => {
    const { leastBytes, mostBytes } = needsOf(one, recorded, base);
    return [leastBytes / MIB, mostBytes / MIB];
  };
  expect(needs(recorded)).toEqual([130, 130]);
  expect(needs(other)).toEqual([70, 90]);
  const fates = (limitMib: number) =>
    [recorded, other].map((one) => fateOf(one, recorded, limitMib * MIB, base));
  expect([130, 120, 80, 60].map(fates)).toEqual([
    ["fits", "fits"],
    ["killed", "fits"],
    ["killed", "may not fit"],
    ["killed", "killed"],
  ]);
  expect(needsOf(other, recorded, { baseRssBytes: 0 })).toEqual({
    leastBytes: 60 * MIB,
    mostBytes: 60 * MIB,
  });
});
