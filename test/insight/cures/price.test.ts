import { expect, it } from "vitest";
import { priceClause } from "../../../src/insight/cures/price.ts";
import type { SystemCalls } from "../../../src/report/report.ts";
import { scenario } from "../../support/report-builder.ts";

const FEW: SystemCalls = { brk: 200, mmap: 1200, mremap: 0, munmap: 20, madvise: 0, mprotect: 150 };

function clause(calls: Partial<SystemCalls>): string {
  const recorded = scenario("as recorded", { systemCalls: FEW });
  return priceClause(scenario("A=1", { systemCalls: { ...FEW, ...calls } }), recorded);
}

it("names the calls that are at least ten times as many, and 1,000 more", () => {
  expect(clause({ mmap: 13_200, munmap: 13_020 })).toBe(
    ", and makes 13,000 more calls of munmap and 12,000 of mmap",
  );
  expect(clause({ madvise: 1000 })).toBe(", and makes 1,000 more calls of madvise");
  expect(clause({ brk: 2000 })).toBe(", and makes 1,800 more calls of brk");
});

it("names page faults that are at least twice as many, and 10,000 more", () => {
  const faults = (from: number, to: number, calls: Partial<SystemCalls> = {}): string => {
    const recorded = scenario("as recorded", { systemCalls: FEW, pageFaults: from });
    const systemCalls = { ...FEW, ...calls };
    return priceClause(scenario("A=1", { systemCalls, pageFaults: to }), recorded);
  };
  expect(faults(24_000, 61_000)).toBe(", and makes 37,000 more page faults");
  expect(faults(24_000, 61_000, { madvise: 1000 })).toBe(
    ", and makes 1,000 more calls of madvise and 37,000 more page faults",
  );
  expect(faults(24_000, 47_999)).toBe("");
  expect(faults(100, 10_099)).toBe("");
  expect(faults(61_000, 24_000)).toBe("");
});

it("is silent about others", () => {
  expect(clause({})).toBe("");
  expect(clause({ brk: 1999 })).toBe("");
  expect(clause({ madvise: 999 })).toBe("");
  expect(clause({ mmap: 11_999, brk: 0 })).toBe("");
});
