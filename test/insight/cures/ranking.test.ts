import { describe, expect, it } from "vitest";
import { dependsOnOrder, isSurelyLower, ranked } from "../../../src/insight/cures/ranking.ts";
import type { Scenario } from "../../../src/report/contract/report.ts";
import { MiB, scenario } from "../../support/report-builder.ts";

const RECORDED = scenario("as recorded", { endMiB: 100, peakMiB: 200 });

/** Scenarios as name, RSS at the end and peak RSS in MiB. */
function tried(...rows: readonly [name: string, endMiB: number, peakMiB: number][]): Scenario[] {
  return rows.map(([name, endMiB, peakMiB]) => scenario(name, { endMiB, peakMiB }));
}

function names(scenarios: readonly Scenario[]): string[] {
  return scenarios.map(({ name }) => name);
}

describe("ranked", () => {
  const all = tried(["A=1", 90, 150], ["B=1", 50, 200], ["C=1", 80, 100], ["D=1", 99, 199]);

  it("has those that lower RSS notably at that moment, most first", () => {
    expect(names(ranked(RECORDED, all, "peak"))).toEqual(["C=1", "A=1"]);
    expect(names(ranked(RECORDED, all, "end"))).toEqual(["B=1", "C=1", "A=1"]);
  });

  it("leaves out those under which calls fail", () => {
    const failing = scenario("F=1", { endMiB: 1, peakMiB: 1, failedCalls: 1 });
    expect(names(ranked(RECORDED, [failing, ...all], "peak"))).toEqual(["C=1", "A=1"]);
    const asMany = { ...RECORDED, failedCalls: 1 };
    expect(names(ranked(asMany, [failing, ...all], "peak"))).toEqual(["F=1", "C=1", "A=1"]);
  });

  it("has the simplest first of those whose gain is within 2 % of the best, in each place", () => {
    const alike = tried(
      ["A=1,B=2", 50, 100],
      ["A=1", 51, 101],
      ["glibc.malloc.a=1:glibc.malloc.b=2", 50, 100.5],
      ["C=1,D=1", 60, 140],
      ["C=1", 60, 141],
      ["D=1", 60, 142],
    );
    expect(names(ranked(RECORDED, alike, "peak"))).toEqual([
      "A=1",
      "A=1,B=2",
      "glibc.malloc.a=1:glibc.malloc.b=2",
      "C=1",
      "C=1,D=1",
      "D=1",
    ]);
  });

  it("has a setting that may need too many mappings after one as good", () => {
    const alike = tried(["MALLOC_MMAP_THRESHOLD_=65536", 50, 100], ["A=1", 50, 101]);
    expect(names(ranked(RECORDED, alike, "peak"))).toEqual(["A=1", "MALLOC_MMAP_THRESHOLD_=65536"]);
  });

  it("has another glibc, which is more than a setting, after one as good", () => {
    const alike = tried(
      ["glibc=2.39", 50, 100],
      ["MALLOC_MMAP_THRESHOLD_=65536", 50, 101],
      ["glibc.malloc.a=1", 50, 101.5],
    );
    expect(names(ranked(RECORDED, alike, "peak"))).toEqual([
      "glibc.malloc.a=1",
      "MALLOC_MMAP_THRESHOLD_=65536",
      "glibc=2.39",
    ]);
  });
});

describe("a setting whose gain depends on the order of threads", () => {
  /** `others`: in other orders, in MiB */
  const replayed = (name: string, mib: number, ...others: number[]): Scenario => {
    const { rss, ...rest } = scenario(name, { endMiB: mib, peakMiB: mib });
    const otherOrders = others.map((one) => ({ endBytes: one * MiB, peakBytes: one * MiB }));
    return { ...rest, rss: { ...rss, contendedRuns: others.length, otherOrders } };
  };

  it("may be no lower than the recorded run", () => {
    expect(dependsOnOrder(replayed("A=1", 50, 40, 99), RECORDED, "end")).toBe(false);
    expect(dependsOnOrder(replayed("A=1", 50, 40, 100), RECORDED, "end")).toBe(true);
    expect(dependsOnOrder(replayed("A=1", 50, 40, 100), RECORDED, "peak")).toBe(false);
    expect(dependsOnOrder(replayed("A=1", 50), RECORDED, "end")).toBe(false);
  });

  it("comes after those that are lower in every order", () => {
    const all = [replayed("A=1", 50, 110), replayed("B=1", 60, 90), replayed("C=1", 70)];
    expect(names(ranked(RECORDED, all, "end"))).toEqual(["B=1", "C=1", "A=1"]);
    expect(names(ranked(RECORDED, all, "peak"))).toEqual(["A=1", "B=1", "C=1"]);
  });
});

describe("surely lower", () => {
  const ranged = (low: number, high: number): Scenario => {
    const { rss, ...rest } = scenario("A=1", { endMiB: 50, peakMiB: 50 });
    const end = { lowBytes: low * MiB, highBytes: high * MiB };
    return { ...rest, rss: { ...rss, ...end, peakLowBytes: low * MiB, peakHighBytes: high * MiB } };
  };

  it("is what lies below the range of the recorded run", () => {
    expect(isSurelyLower(ranged(40, 99), RECORDED, "end")).toBe(true);
    expect(isSurelyLower(ranged(40, 100), RECORDED, "end")).toBe(false);
    expect(isSurelyLower(ranged(40, 199), RECORDED, "peak")).toBe(true);
    expect(isSurelyLower(ranged(40, 200), RECORDED, "peak")).toBe(false);
    expect(isSurelyLower(scenario("A=1", { endMiB: 60 }), ranged(55, 110), "end")).toBe(false);
  });

  it("is what is lower at both ends where the range is of the program's writes, which are the same", () => {
    const byWrites = (low: number, high: number, contendedRuns = 0, touch = high - low) => {
      const { rss, ...rest } = ranged(low, high);
      const spread = { ...rss.spread, touchBytes: touch * MiB };
      return { ...rest, rss: { ...rss, spread, contendedRuns } };
    };
    for (const moment of ["end", "peak"] as const) {
      expect(isSurelyLower(byWrites(15, 17), byWrites(16, 20), moment)).toBe(true);
      expect(isSurelyLower(byWrites(16, 17), byWrites(16, 20), moment)).toBe(false);
      expect(isSurelyLower(byWrites(15, 20), byWrites(16, 20), moment)).toBe(false);
    }
    // 2 of 10 MiB are of the locks that are held: the setting's 32 and 40 may be the recorded run's 33 and 41 with other locks.
    const recorded = byWrites(33, 43, 2, 8);
    expect(isSurelyLower(byWrites(30, 40, 2, 8), recorded, "end")).toBe(true);
    expect(isSurelyLower(byWrites(31, 40, 2, 7), recorded, "end")).toBe(false);
    expect(isSurelyLower(byWrites(31.5, 41, 2, 9), recorded, "end")).toBe(false);
    // At the peak it is not known how much of the range is of the locks.
    expect(isSurelyLower(byWrites(30, 40, 2, 8), recorded, "peak")).toBe(false);
  });
});
