import { describe, expect, it } from "vitest";
import type { AnalysisOptions } from "../../../src/pipeline/analysis-options.ts";
import { AsGiven, ByFacts, Fitted } from "../../../src/replay/writes/reading.ts";
import { touchReading } from "../../../src/replay/writes/touch-reading.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { analyse, scenario, UNKNOWN_PROCESS } from "../../support/corpus.ts";

/** One block of 1 MiB in a mapping of 257 pages, of which the first, with the header, is always resident. */
const PAGE = 4096;
const MIB = 2 ** 20;
const BLOCK = "1 malloc(1048576) = 0x7f0000000010";
const NEXT = "1 mark(x)";
const TRIM = scenario("malloc_trim=end", {}, true);
const ALL_MAPPED = scenario("mapped", { MALLOC_MMAP_THRESHOLD_: "40000" }, false);

function reportOf(lines: readonly string[], options: Partial<AnalysisOptions> = {}): Report {
  return analyse(Buffer.from(`${lines.join("\n")}\n`), {
    ...UNKNOWN_PROCESS,
    recordedWith: {},
    // without a tcache, which has a page of its own
    glibc: "2.23",
    cpus: 2,
    touch: { fitted: null },
    ...options,
  });
}

/** Pages by plane: policy, none, all, and the ratios 0, ¼, ½, ¾, 1. */
const PAGES = [100, 1, 120, 20, 40, 60, 80, 100];

describe("a policy", () => {
  it("that is given is read as it is", () => {
    const given = [
      touchReading("all", [], 0.25),
      touchReading("none", [], 0.25),
      touchReading({ ratio: 0.5 }, [], 0.25),
    ];
    expect(given.map(({ name, fit }) => [name, fit])).toEqual([
      ["all", null],
      ["none", null],
      ["0.5", null],
    ]);
    for (const { reading } of given) {
      expect([reading instanceof AsGiven, reading instanceof ByFacts]).toEqual([true, false]);
    }
  });

  it("of facts has a range", () => {
    const { name, reading, fit } = touchReading("facts", [], 0.25);
    expect([name, reading instanceof ByFacts, fit]).toEqual(["facts", true, null]);
  });

  it("that is fitted meets the observations", () => {
    const observations = [{ bytes: 50 * PAGE, pages: PAGES }];
    const { name, reading, fit } = touchReading({ fitted: null }, observations, 0.25);
    expect([name, reading instanceof Fitted, fit?.source]).toEqual(["fitted", true, "rss samples"]);
    // Halfway between the ratios ¼ and ½.
    expect(fit?.ratio).toBeCloseTo(0.375, 3);
    expect(reading.bytes(PAGES)).toBe(50 * PAGE);
    // The share (50 − 1) / 119 of the pages that are not certain meets it, too.
    expect([reading.lowBytes(PAGES), reading.highBytes(PAGES)]).toEqual([50 * PAGE, 50 * PAGE]);
  });

  it("that is fitted leaves the facts where nothing makes a difference, and has its error", () => {
    const same = PAGES.map(() => 100);
    const observations = [{ bytes: 80 * PAGE, pages: same }];
    const { name, reading, fit } = touchReading({ fitted: 80 * PAGE }, observations, 0.25);
    expect([name, reading instanceof ByFacts]).toEqual(["facts", true]);
    expect(fit).toEqual({
      ratio: null,
      smallRatio: null,
      knownRatio: null,
      source: "--observed-rss",
      outside: "below",
      error: { median: 0.25, max: 0.25 },
      bounds: { measuredBytes: 80 * PAGE, noneBytes: 100 * PAGE, allBytes: 100 * PAGE },
    });
    expect(touchReading({ fitted: null }, [], 0.25).fit).toBeNull();
  });

  it("reaches from nothing written to everything", () => {
    const at = (pages: number) =>
      touchReading({ fitted: 1 }, [{ bytes: pages * PAGE, pages: PAGES }], 0.25);
    expect(at(1).fit).toMatchObject({ ratio: 0, smallRatio: 0, outside: null });
    expect(at(120).fit).toMatchObject({ ratio: 1, knownRatio: 1, outside: null });
    const { reading, fit } = at(10.5);
    expect(fit?.smallRatio).toBeCloseTo(0.5, 3);
    expect(reading.amount(PAGES)).toBeCloseTo(10.5, 3);
    expect(at(110).fit?.knownRatio).toBeCloseTo(0.5, 3);
    expect(at(121).fit?.outside).toBe("above");
    expect(at(0.5).fit?.outside).toBe("below");
  });

  it("keeps to the ratios where the log states writes, except for a number that is given", () => {
    const observations = [{ bytes: 10 * PAGE, pages: PAGES }];
    const samples = touchReading({ fitted: null }, observations, 0.25, true);
    expect(samples.fit).toMatchObject({ ratio: 0, smallRatio: 1, outside: null });
    const { reading } = samples;
    expect([reading.lowBytes(PAGES), reading.highBytes(PAGES)]).toEqual([20 * PAGE, 20 * PAGE]);
    const given = touchReading({ fitted: 10 * PAGE }, observations, 0.25, true);
    expect(given.fit?.smallRatio).toBeCloseTo(9 / 19, 3);
  });
});

describe("--observed-rss", () => {
  it("is met at the end, and all figures are those of the fitted ratio", () => {
    const lines = [BLOCK, NEXT, NEXT];
    const { model, scenarios, timeline } = reportOf(lines, {
      touch: { fitted: 100 * PAGE },
      whatIfs: [TRIM],
    });
    expect(model).toMatchObject({
      touch: "fitted",
      fit: { source: "--observed-rss", outside: null, error: { max: expect.closeTo(0, 4) } },
    });
    expect(model?.fit?.ratio).toBeCloseTo(100 / 256, 2);
    for (const { name, rss } of scenarios) {
      expect([rss.endBytes, rss.peakBytes]).toEqual([100 * PAGE, 100 * PAGE]);
      expect(timeline.perScenario[name]?.at(-1)).toBe(100 * PAGE);
    }
    expect(model?.assumedWritten.bytes).toBe(Math.round(MIB * model!.fit!.ratio!));
  });

  it("holds for what-ifs, in which the same blocks lie elsewhere", () => {
    const blocks = Array.from({ length: 40 }, (_, i) => {
      const at = (0x5580_0000_0010 + i * 60_000).toString(16);
      return `1 malloc(59984) = 0x${at}`;
    });
    const all = reportOf(blocks, { touch: "all", whatIfs: [ALL_MAPPED] }).scenarios;
    const measured = Math.round(all[0]!.rss.endBytes / PAGE / 2) * PAGE;
    const { scenarios, model } = reportOf(blocks, {
      touch: { fitted: measured },
      whatIfs: [ALL_MAPPED],
    });
    const [recorded, mapped] = scenarios.map(({ rss }) => rss);
    expect(recorded!.endBytes).toBe(measured);
    // Each of the 40 has a mapping of 15 pages, of which the first is written by the allocator.
    const { ratio } = model!.fit!;
    expect(Math.abs(mapped!.endBytes / PAGE / (40 * 15 * ratio!) - 1)).toBeLessThan(0.1);
    expect(mapped!.lowBytes).toBeLessThanOrEqual(mapped!.endBytes);
    expect(mapped!.highBytes).toBeGreaterThanOrEqual(mapped!.endBytes);
  });

  it("takes the nearest value if it is out of reach, and reports the side", () => {
    const { model, scenarios } = reportOf([BLOCK, NEXT], { touch: { fitted: 300 * PAGE } });
    const bounds = { measuredBytes: 300 * PAGE, noneBytes: PAGE, allBytes: 257 * PAGE };
    expect(model?.fit).toMatchObject({ ratio: 1, outside: "above", bounds });
    expect(scenarios[0]?.rss.endBytes).toBe(257 * PAGE);
  });

  it.each([16, 32, 64])("is met by the written part of pools of %d KiB", (kib) => {
    const bytes = kib * 1024;
    const pools = Array.from(
      { length: 40 },
      (_, i) => `1 malloc(${bytes}) = 0x${(0x5580_0000_0010 + i * (bytes + 16)).toString(16)}`,
    );
    const [all, none] = (["all", "none"] as const).map(
      (touch) => reportOf([...pools, NEXT], { touch }).scenarios[0]!.rss.endBytes,
    );
    const measured = none! + Math.round((all! - none!) / 4 / PAGE) * PAGE;
    const { model, scenarios } = reportOf([...pools, NEXT], { touch: { fitted: measured } });
    expect(scenarios[0]?.rss.endBytes).toBe(measured);
    expect(model?.fit).toMatchObject({ outside: null, smallRatio: 1, knownRatio: 0 });
  });

  it("is met by the part of a block of a few pages that is written", () => {
    const small = "1 malloc(16000) = 0x558000000010";
    const { model, scenarios } = reportOf([small, NEXT], { touch: { fitted: 3 * PAGE } });
    expect(model?.fit).toMatchObject({ ratio: 0.5, outside: null });
    expect(scenarios[0]?.rss.endBytes).toBe(3 * PAGE);
  });

  it("leaves the facts if there are no blocks", () => {
    const options = { touch: { fitted: 9 * PAGE } };
    const { model, scenarios } = reportOf([NEXT], options);
    expect(model).toMatchObject({ touch: "facts", fit: { ratio: null, outside: "above" } });
    expect(scenarios[0]?.rss).toEqual(reportOf([NEXT], { touch: "facts" }).scenarios[0]?.rss);
  });
});

describe("RSS samples in the log", () => {
  const rss = (pages: number) => `# rss ${pages * PAGE}`;

  it("fit the ratio of the whole run, wherever the first one stands", () => {
    const late = Array.from({ length: 9000 }, () => NEXT);
    const lines = [BLOCK, ...late, rss(60), NEXT, rss(60), NEXT, rss(200), NEXT];
    const { model, measured, scenarios } = reportOf(lines);
    expect(model).toMatchObject({ touch: "fitted", fit: { source: "rss samples" } });
    expect(scenarios[0]?.rss.endBytes).toBe(60 * PAGE);
    expect(measured?.rssSamples.map(({ modelledBytes }) => modelledBytes / PAGE)).toEqual([
      60, 60, 60,
    ]);
  });

  it("are ignored if the policy or the RSS at the end is given", () => {
    const lines = [BLOCK, NEXT, rss(60), NEXT];
    expect(reportOf(lines, { touch: "facts" }).model).toMatchObject({ touch: "facts", fit: null });
    const given = reportOf(lines, { touch: { fitted: 100 * PAGE } });
    expect(given.model?.fit?.source).toBe("--observed-rss");
    expect(given.scenarios[0]?.rss.endBytes).toBe(100 * PAGE);
  });

  it("do not scale blocks whose holes the log states", () => {
    const hole = "# hole 0x7f0000000010 4080+409600";
    const stated = ["# holes min=4096", BLOCK, NEXT, hole, rss(157), NEXT, hole];
    const { model, scenarios } = reportOf(stated);
    expect(model).toMatchObject({ touch: "facts", fit: { ratio: null } });
    expect(scenarios[0]?.rss.endBytes).toBe(157 * PAGE);
    const other = "1 malloc(1048576) = 0x7f0000200010";
    const mixed = [BLOCK, NEXT, other, NEXT, hole, rss(157 + 101), NEXT, hole];
    const both = reportOf(mixed);
    expect(both.model?.fit?.ratio).toBeCloseTo(100 / 256, 2);
    expect(both.scenarios[0]?.rss.endBytes).toBe((157 + 101) * PAGE);
  });

  it("leave the facts if there are none", () => {
    expect(reportOf([BLOCK, NEXT]).model).toMatchObject({ touch: "facts", fit: null });
  });
});

describe("the range", () => {
  const rssWith = (touch: AnalysisOptions["touch"]) =>
    reportOf([BLOCK, NEXT], { touch }).scenarios[0]!.rss;

  it("of the facts is from nothing to all of the blocks if they are of one size", () => {
    expect(rssWith("facts")).toMatchObject({
      endBytes: 257 * PAGE,
      lowBytes: PAGE,
      highBytes: 257 * PAGE,
      peakLowBytes: PAGE,
      peakHighBytes: 257 * PAGE,
      spread: { touchBytes: 256 * PAGE, arenasBytes: 0, exitsBytes: 0 },
      contendedRuns: 0,
      otherOrders: [],
    });
  });

  it("of the facts is from a quarter to all if they are of several sizes", () => {
    const others = ["1 malloc(1048000) = 0x7f0000200010", "1 malloc(1047000) = 0x7f0000400010"];
    const { endBytes, lowBytes, highBytes } = reportOf([BLOCK, ...others, NEXT], {
      touch: "facts",
    }).scenarios[0]!.rss;
    const pages = [endBytes, lowBytes, highBytes].map((bytes) => bytes / PAGE);
    expect(pages).toEqual([257 + 256 + 256, 65 + 64 + 64, 257 + 256 + 256]);
  });

  it("of a given policy is empty", () => {
    for (const touch of ["all", "none", { ratio: 0.5 }] as const) {
      const rss = rssWith(touch);
      expect([rss.lowBytes, rss.highBytes]).toEqual([rss.endBytes, rss.endBytes]);
    }
    expect(rssWith({ ratio: 0.5 }).endBytes).toBe(129 * PAGE);
  });

  it("of a block that a fact covers is empty: no ratio scales it", () => {
    const pool = "1 malloc(72704) = 0x558000000010";
    const { lowBytes, highBytes } = reportOf([pool, NEXT], { touch: "facts" }).scenarios[0]!.rss;
    expect(highBytes).toBe(lowBytes);
  });
});
