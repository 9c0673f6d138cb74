import { describe, expect, it } from "vitest";
import { bitOf, PLANE_ALL, PLANE_NONE, PLANE_POLICY } from "../../src/ptmalloc/resident.ts";
import { RssRecord } from "../../src/replay/rss-record.ts";
import { process } from "../support/model-driver.ts";

const PAGE = 4096;
const POLICY = bitOf(PLANE_POLICY);

/** A process without a tcache, of whose blocks half is written under the policy, and all in the plane of all writes. */
const newProcess = () => {
  const p = process("2.23", { MALLOC_MMAP_THRESHOLD_: "131072" }, { touch: "half" });
  p.m.core.calls.beginReplay(Number.POSITIVE_INFINITY);
  return p;
};

describe("the RSS of a model", () => {
  it("has a series for each plane", () => {
    const p = newProcess();
    const rss = new RssRecord(p.m);
    // A mapping of three pages, of which the allocator writes the first.
    p.malloc(200_000, "block");
    p.m.core.calls.recordRss(0, 5);
    p.free("block");
    p.m.core.calls.recordRss(1, 6);
    const series = (plane: number) => rss.pages[bitOf(plane)]!.points();
    expect(series(PLANE_NONE)).toEqual([1, 0]);
    // 200016 bytes are 49 pages, 100016 are 25.
    expect([series(PLANE_POLICY), series(PLANE_ALL)]).toEqual([
      [25, 0],
      [49, 0],
    ]);
  });

  it("has the time of each plane's first peak", () => {
    const p = newProcess();
    const rss = new RssRecord(p.m);
    p.malloc(200_000, "large");
    p.m.core.calls.recordRss(0, 5);
    p.free("large");
    p.m.core.calls.recordRss(1, 6);
    p.malloc(200_000, "as large");
    p.m.core.calls.recordRss(2, 7);
    expect(rss.peakTimes[POLICY]).toBe(5);
    p.malloc(200_000);
    p.m.core.calls.recordRss(3, 8);
    expect([rss.peakTimes[POLICY], rss.pages[POLICY]!.peakEvent]).toEqual([8, 3]);
  });

  it("has nothing before the first event, but the memory obtained by then", () => {
    const p = newProcess();
    const rss = new RssRecord(p.m);
    p.malloc(200_000);
    p.m.core.calls.recordRss(-1, 5);
    expect(rss.pages[POLICY]!.length).toBe(0);
    expect(rss.systemPeakBytes).toBe(49 * PAGE);
  });

  it("has the most bytes that were obtained from the kernel at once", () => {
    const p = newProcess();
    const rss = new RssRecord(p.m);
    p.malloc(200_000, "block");
    p.m.core.calls.recordRss(0, 5);
    p.free("block");
    p.m.core.calls.recordRss(1, 6);
    expect([rss.systemPeakBytes, p.m.systemBytes]).toEqual([49 * PAGE, 0]);
  });
});

describe("a probe", () => {
  it("has the pages of that moment", () => {
    const p = newProcess();
    const rss = new RssRecord(p.m);
    p.malloc(200_000);
    rss.probe(p.m);
    p.malloc(200_000);
    rss.probe(p.m);
    expect(rss.probes.map((pages) => pages[POLICY])).toEqual([25, 50]);
  });
});

describe("a trim", () => {
  it("adds the pages that leave the resident set, in each plane", () => {
    const p = newProcess();
    const rss = new RssRecord(p.m);
    p.malloc(10 * PAGE, "low");
    p.malloc(10 * PAGE, "high");
    p.free("high");
    p.m.core.calls.trim(0);
    // The block's pages are 10 to 20. Page 10 stays; page 20 held the header of the old top. Half of the block is 10 to 15.
    expect(rss.trimmedPages[bitOf(PLANE_NONE)]).toBe(1);
    expect(rss.trimmedPages[POLICY]).toBe(6);
    expect(rss.trimmedPages[bitOf(PLANE_ALL)]).toBe(10);
    p.m.core.calls.trim(0);
    expect(rss.trimmedPages[POLICY]).toBe(6);
  });
});

describe("a copy", () => {
  it("has any number of probes, and one object for those that are alike", () => {
    const p = newProcess();
    const rss = new RssRecord(p.m);
    for (let i = 0; i < 300_000; i++) {
      rss.probe(p.m);
    }
    p.malloc(200_000);
    rss.probe(p.m);
    const copy = new RssRecord(p.m);
    copy.copy(rss);
    expect([copy.probes.length, new Set(copy.probes).size]).toEqual([300_001, 2]);
  });
});
