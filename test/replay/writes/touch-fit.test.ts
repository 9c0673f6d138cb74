import { describe, expect, it } from "vitest";
import type { AnalysisOptions } from "../../../src/pipeline/analysis-options.ts";
import type { Report } from "../../../src/report/report.ts";
import { analyse, scenario } from "../../support/corpus.ts";

/**
 * One block of 1 MiB with a mapping of its own, of 257 pages: the header's page, which is the first, and what is
 * written of the block.
 */
const PAGE = 4096;
const MIB = 2 ** 20;
const BLOCK = "1 malloc(1048576) = 0x7f0000000010";
const NEXT = "1 mark(x)";
const TRIM = scenario("malloc_trim=end", {}, true);
const ALL_MAPPED = scenario("mapped", { MALLOC_MMAP_THRESHOLD_: "40000" }, false);

function reportOf(lines: readonly string[], options: Partial<AnalysisOptions> = {}): Report {
  return analyse(Buffer.from(`${lines.join("\n")}\n`), {
    model: true,
    whatIfs: [],
    recordedWith: {},
    // before the tcache, which has a page of its own
    glibc: "2.23",
    cpus: 2,
    hostCpus: 2,
    touch: { fitted: null },
    thp: null,
    ...options,
  });
}

describe("--observed-rss", () => {
  it("is met at the end, and every figure is that of the ratio", () => {
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
    expect(model?.assumedWritten.bytes).toBe(MIB * model!.fit!.ratio!);
  });

  it("goes for what-ifs, in which the same block lies elsewhere", () => {
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

  it("out of reach: the nearest, and that it is", () => {
    const { model, scenarios } = reportOf([BLOCK, NEXT], { touch: { fitted: 300 * PAGE } });
    expect(model?.fit).toMatchObject({ ratio: 1, outside: "above" });
    expect(scenarios[0]?.rss.endBytes).toBe(257 * PAGE);
  });

  it("without large blocks the facts stay", () => {
    const small = "1 malloc(16384) = 0x558000000010";
    const options = { touch: { fitted: 9 * PAGE } };
    const { model, scenarios } = reportOf([small, NEXT], options);
    expect(model).toMatchObject({ touch: "facts", fit: { ratio: null, outside: null } });
    const facts = reportOf([small, NEXT], { touch: "facts" });
    expect(scenarios[0]?.rss).toEqual(facts.scenarios[0]?.rss);
  });
});

describe("RSS samples in the log", () => {
  const rss = (pages: number) => `# rss ${pages * PAGE}`;

  it("fit the ratio, all along the run, wherever the first one stands", () => {
    const late = Array.from({ length: 9000 }, () => NEXT);
    const lines = [BLOCK, ...late, rss(60), NEXT, rss(60), NEXT, rss(200), NEXT];
    const { model, measured, scenarios } = reportOf(lines);
    expect(model).toMatchObject({ touch: "fitted", fit: { source: "rss samples" } });
    expect(scenarios[0]?.rss.endBytes).toBe(60 * PAGE);
    expect(measured?.rssSamples.map(({ modelledBytes }) => modelledBytes / PAGE)).toEqual([
      60, 60, 60,
    ]);
  });

  it("do not where the policy is given, or where the end is", () => {
    const lines = [BLOCK, NEXT, rss(60), NEXT];
    expect(reportOf(lines, { touch: "facts" }).model).toMatchObject({ touch: "facts", fit: null });
    const given = reportOf(lines, { touch: { fitted: 100 * PAGE } });
    expect(given.model?.fit?.source).toBe("--observed-rss");
    expect(given.scenarios[0]?.rss.endBytes).toBe(100 * PAGE);
  });

  it("leave blocks alone whose writes are in the log", () => {
    const hole = "# hole 0x7f0000000010 4080+409600";
    const logged = ["# holes min=4096", BLOCK, NEXT, hole, rss(157), NEXT, hole];
    const { model, scenarios } = reportOf(logged);
    expect(model).toMatchObject({ touch: "facts", fit: { ratio: null } });
    expect(scenarios[0]?.rss.endBytes).toBe(157 * PAGE);
    const other = "1 malloc(1048576) = 0x7f0000200010";
    const mixed = [BLOCK, NEXT, other, NEXT, hole, rss(157 + 101), NEXT, hole];
    const both = reportOf(mixed);
    expect(both.model?.fit?.ratio).toBeCloseTo(100 / 256, 2);
    expect(both.scenarios[0]?.rss.endBytes).toBe((157 + 101) * PAGE);
  });

  it("none: nothing is fitted", () => {
    expect(reportOf([BLOCK, NEXT]).model).toMatchObject({ touch: "facts", fit: null });
  });
});

describe("the range", () => {
  const rssWith = (touch: AnalysisOptions["touch"]) =>
    reportOf([BLOCK, NEXT], { touch }).scenarios[0]!.rss;

  it("of the facts: a quarter of the large blocks, or all", () => {
    expect(rssWith("facts")).toMatchObject({
      endBytes: 257 * PAGE,
      lowBytes: 65 * PAGE,
      highBytes: 257 * PAGE,
      peakLowBytes: 65 * PAGE,
      peakHighBytes: 257 * PAGE,
      spread: { touchBytes: 192 * PAGE, arenasBytes: 0, exitsBytes: 0 },
      contendedRuns: 0,
    });
  });

  it("of a policy that was given: none", () => {
    for (const touch of ["all", "none", { ratio: 0.5 }] as const) {
      const rss = rssWith(touch);
      expect([rss.lowBytes, rss.highBytes]).toEqual([rss.endBytes, rss.endBytes]);
    }
    expect(rssWith({ ratio: 0.5 }).endBytes).toBe(129 * PAGE);
  });

  it("of what is known of a library is narrow: no ratio scales it", () => {
    const pool = "1 malloc(73728) = 0x558000000010";
    const { lowBytes, highBytes } = reportOf([pool, NEXT], { touch: "facts" }).scenarios[0]!.rss;
    expect(highBytes).toBe(lowBytes);
  });
});
