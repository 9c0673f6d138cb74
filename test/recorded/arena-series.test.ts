import { describe, expect, it } from "vitest";
import { residentPages } from "../../src/ptmalloc/census.ts";
import { ArenaSeries } from "../../src/recorded/arena-series.ts";
import { AsGiven } from "../../src/replay/writes/reading.ts";
import { type Process, process } from "../support/model-driver.ts";

const PAGE = 4096;
const POINTS = 32;

/** A process without a tcache, whose program writes all it allocates: the first block lies in the heap's first page. */
function smallProcess(): Process {
  const p = process("2.23", {}, { touch: "all" });
  p.malloc(100);
  return p;
}

/** Pages of each point of an arena's series, with an open point at its end if `events` has one. */
function pagesOf(series: ArenaSeries, p: Process, arena: number, events: number): number[] {
  const now = residentPages(p.m, p.m.arenas[arena]!);
  return series.rssBytes(arena, now, new AsGiven(), events).map((bytes) => bytes / PAGE);
}

describe("the RSS of an arena over time", () => {
  it("has a value for each closed point, and the present one for an open point", () => {
    const p = smallProcess();
    const series = new ArenaSeries();
    expect([series.eventsPerPoint, series.pointEnd]).toEqual([1, 1]);
    series.closePoint(p.m);
    // A block of 5000 bytes ends in the second page.
    p.malloc(5000);
    series.closePoint(p.m);
    expect(series.pointEnd).toBe(3);
    expect(pagesOf(series, p, 0, 2)).toEqual([1, 2]);
    p.malloc(5000);
    expect(pagesOf(series, p, 0, 3)).toEqual([1, 2, 3]);
  });

  it("is 0 before the arena exists", () => {
    const p = smallProcess();
    const series = new ArenaSeries();
    series.closePoint(p.m);
    p.thread().malloc(100);
    series.closePoint(p.m);
    expect(pagesOf(series, p, 1, 2)).toEqual([0, 1]);
  });

  it("keeps the larger value of two points that merge", () => {
    const p = smallProcess();
    const series = new ArenaSeries();
    for (let point = 0; point < POINTS; point += 2) {
      // Two pages, then one again: malloc_trim gives the second one back.
      p.malloc(5000, "block");
      series.closePoint(p.m);
      p.free("block");
      p.trim(0);
      series.closePoint(p.m);
    }
    expect([series.eventsPerPoint, series.pointEnd]).toEqual([2, POINTS + 2]);
    expect(pagesOf(series, p, 0, POINTS)).toEqual(new Array(POINTS / 2).fill(2));
    expect(pagesOf(series, p, 0, POINTS + 1).at(-1)).toBe(1);
  });

  it("is independent of the series that a copy records", () => {
    const p = smallProcess();
    const series = new ArenaSeries();
    series.closePoint(p.m);
    const copy = series.clone();
    copy.closePoint(p.m);
    expect([series.pointEnd, copy.pointEnd]).toEqual([2, 3]);
    expect(pagesOf(copy, p, 0, 2)).toEqual([1, 1]);
  });
});
