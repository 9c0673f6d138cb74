import { expect, it } from "vitest";
import { notablePrice } from "../../../src/insight/cures/price.ts";
import type { SystemCalls } from "../../../src/report/contract/report.ts";
import { scenario } from "../../support/report-builder.ts";

const FEW: SystemCalls = { brk: 200, mmap: 1200, mremap: 0, munmap: 20, madvise: 0, mprotect: 150 };

function clause(calls: Partial<SystemCalls>): string | null {
  const recorded = scenario("as recorded", { systemCalls: FEW });
  return notablePrice(scenario("A=1", { systemCalls: { ...FEW, ...calls } }), recorded);
}

it("names the calls that are at least ten times as many, and 1,000 more", () => {
  expect(clause({ mmap: 13_200, munmap: 13_020 })).toBe(
    "13,000 more calls of munmap and 12,000 of mmap",
  );
  expect(clause({ madvise: 1000 })).toBe("1,000 more calls of madvise");
  expect(clause({ brk: 2000 })).toBe("1,800 more calls of brk");
});

it("names page faults that are at least twice as many, and 10,000 more", () => {
  const faults = (from: number, to: number, calls: Partial<SystemCalls> = {}): string | null => {
    const recorded = scenario("as recorded", { systemCalls: FEW, pageFaults: from });
    const systemCalls = { ...FEW, ...calls };
    return notablePrice(scenario("A=1", { systemCalls, pageFaults: to }), recorded);
  };
  expect(faults(24_000, 61_000)).toBe("37,000 more page faults");
  expect(faults(24_000, 61_000, { madvise: 1000 })).toBe(
    "1,000 more calls of madvise and 37,000 more page faults",
  );
  expect(faults(24_000, 61_000, { mmap: 13_200, munmap: 13_020 })).toBe(
    "13,000 more calls of munmap, 12,000 of mmap and 37,000 more page faults",
  );
  expect(faults(24_000, 47_999)).toBeNull();
  expect(faults(100, 10_099)).toBeNull();
  expect(faults(61_000, 24_000)).toBeNull();
});

it("is silent about others", () => {
  expect(clause({})).toBeNull();
  expect(clause({ brk: 1999 })).toBeNull();
  expect(clause({ madvise: 999 })).toBeNull();
  expect(clause({ mmap: 11_999, brk: 0 })).toBeNull();
});
