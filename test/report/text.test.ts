import { Chalk } from "chalk";
import { describe, expect, test } from "vitest";
import { containerOf } from "../../src/insight/cures/container.ts";
import { present } from "../../src/insight/present.ts";
import type { Report, RssFigures } from "../../src/report/contract/report.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { writePlain } from "../../src/report/writers/plain.ts";
import { writeText } from "../../src/report/writers/text.ts";
import { MiB, report, scenario, thread, trace, unavailable } from "../support/report-builder.ts";
import { serviceReport } from "../support/service-report.ts";

function text(given: Report, width = 80, level: 0 | 1 = 0, top = 10): string {
  return writeText(present(given), {
    sort: DEFAULT_SORT,
    top,
    width,
    chalk: new Chalk({ level }),
  });
}

/** Read the golden files when they change: they are what people see. */
describe("the whole report", () => {
  test.each([60, 80, 120, 200])("%i columns wide", async (width) => {
    const written = text(serviceReport(), width);
    for (const line of written.split("\n")) {
      expect([...line].length).toBeLessThanOrEqual(width);
    }
    await expect(written).toMatchFileSnapshot(`golden/service-${width}.txt`);
  });

  test("in a container", async () => {
    const given = serviceReport();
    const container = containerOf(given, 512 * MiB, 120 * MiB);
    const written = text({ ...given, container });
    for (const line of written.split("\n")) {
      expect([...line].length).toBeLessThanOrEqual(80);
    }
    await expect(written).toMatchFileSnapshot("golden/service-container.txt");
  });

  test("of a small clean log", async () => {
    await expect(text(report())).toMatchFileSnapshot("golden/small.txt");
  });

  test("without a model", async () => {
    const given = report({ model: null, scenarios: [] });
    await expect(text(given)).toMatchFileSnapshot("golden/no-model.txt");
  });

  test("without events: no empty tables, nothing on pointers", () => {
    const none = trace({ events: 0, threads: 0, firstTime: null, lastTime: null, pointerBits: 32 });
    const given = { complete: false, model: null, scenarios: [], threads: [], trace: none };
    expect(text(report(given))).toBe(
      [
        "Interrupted before the first event was read: nothing to report.",
        "",
        "What was read",
        "  log: app.log (native)",
        "",
      ].join("\n"),
    );
  });

  test("colours change only the colour", () => {
    const colourful = text(serviceReport(), 80, 1);
    expect(colourful).toContain("\u001b[32m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for colours
    const bare = colourful.replace(/\u001b\[\d+m/g, "").replace(/ +$/gm, "");
    expect(bare).toBe(text(serviceReport()));
  });

  test("is deterministic", () => expect(text(serviceReport())).toBe(text(serviceReport())));
});

test.each([60, 80, 200])("says why a what-if has no figures, %i columns wide", (width) => {
  const written = text(report({ unavailable: [unavailable()] }), width);
  expect(written).toMatch(/^glibc\.malloc\.tcache_.* not in glibc 2\.17\b/m);
  expect([...written.split("\n")].every((line) => [...line].length <= width)).toBe(true);
});

describe("over time", () => {
  const plotted = (width: number, ascii = false, level: 0 | 1 = 0): string => {
    const chalk = new Chalk({ level });
    const options = { sort: DEFAULT_SORT, top: 10, width, chalk, ascii, plot: true };
    return writeText(present(serviceReport()), options);
  };
  const section = (written: string): string =>
    written.slice(written.indexOf("Over time"), written.indexOf("Arenas of"));

  test.each([60, 80, 120, 200])("a plot %i columns wide", async (width) => {
    const written = section(plotted(width));
    for (const line of written.split("\n")) {
      expect([...line].length).toBeLessThanOrEqual(width);
    }
    await expect(written).toMatchFileSnapshot(`golden/plot-${width}.txt`);
  });

  test("no block characters if the terminal shows none", async () => {
    const written = plotted(80, true);
    expect(written).not.toMatch(/[▁▂▃▄▅▆▇█┤│└]/);
    await expect(section(written)).toMatchFileSnapshot("golden/plot-ascii.txt");
  });

  test("colours change only the colour", () => {
    const colourful = plotted(80, false, 1);
    expect(colourful).toContain("\u001b[36mA");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for colours
    const bare = colourful.replace(/\u001b\[\d+m/g, "").replace(/ +$/gm, "");
    expect(bare).toBe(plotted(80));
  });

  test("uses events if the log has no times, and live bytes only without a model", () => {
    const { timeline } = serviceReport();
    const timeless = { ...timeline, time: timeline.time.map(() => null), perScenario: {} };
    const given = { ...serviceReport(), timeline: timeless, scenarios: [], model: null };
    const chalk = new Chalk({ level: 0 });
    const written = writeText(present(given), {
      sort: DEFAULT_SORT,
      top: 10,
      width: 80,
      chalk,
      plot: true,
    });
    expect(written).toContain("Over time: live bytes in MiB\n");
    expect(written).toMatch(/^ +0 +432,207 +864,414 events$/m);
    expect(written).not.toContain(" A ");
  });
});

describe("fifty settings", () => {
  const settings = Array.from({ length: 50 }, (_, i) =>
    scenario(`MALLOC_ARENA_MAX=${i + 1}`, { endMiB: 100 - Math.min(i, 29), peakMiB: 130 }),
  );
  const given = report({
    scenarios: [scenario("as recorded", { endMiB: 100, peakMiB: 130 }), ...settings],
  });

  test("equal ones share a line, and those with the lowest RSS are shown", () => {
    const written = text(given, 120);
    const lines = written
      .slice(written.indexOf("What if"), written.indexOf("Arenas of"))
      .split("\n");
    expect(lines[0]).toContain("; lowest RSS shown");
    const rows = lines.filter((line) => /^(as recorded|MALLOC_ARENA_MAX=\d+) +\d/.test(line));
    expect(rows).toHaveLength(10);
    expect(rows.at(-1)).toMatch(/^MALLOC_ARENA_MAX=30 +71\.0 /);
    expect(written).toMatch(/^… 20 more +80\.0 – 99\.0/m);
    expect(written).toContain("\nSame as the recorded run: MALLOC_ARENA_MAX=1.\n");
    expect(written).toContain(
      "\nSame as MALLOC_ARENA_MAX=30: MALLOC_ARENA_MAX=31; MALLOC_ARENA_MAX=32;",
    );
  });

  test("all different ones with --top 0", () => {
    const written = text(given, 120, 0, 0);
    expect(written.match(/^MALLOC_ARENA_MAX=\d+ +\d/gm)).toHaveLength(29);
  });
});

test("ten thousand threads, some with names of 10 kB, take as many lines and columns as twelve", () => {
  const many = (count: number): string[] => {
    const threads = Array.from({ length: count }, (_, i) =>
      thread(1000 + i, { name: "\u001b[2J\u202e".repeat(i % 50 === 0 ? 2000 : 1) }),
    );
    return text(report({ threads, trace: trace({ threads: count }) })).split("\n");
  };
  const lines = many(10_000);
  expect(lines).toHaveLength(many(12).length);
  expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(80);
  expect(lines.join("")).toContain("… 9,990 more");
  expect(lines.join("")).not.toContain("\u001b");
});

test("plain records have no rules, no colour and all rows", async () => {
  const options = { sort: DEFAULT_SORT, top: 1, width: 80, chalk: new Chalk({ level: 1 }) };
  const hostile = thread(7, { name: "a\tb\n\u001b[31mc" });
  const { threads, ...rest } = serviceReport();
  const written = writePlain(present({ ...rest, threads: [hostile, ...threads] }), options);
  expect(written).not.toContain("\u001b");
  expect(written).not.toMatch(/[─▁]/);
  const lines = written.trimEnd().split("\n");
  const records = lines
    .filter((line) => line.startsWith("thread\t"))
    .map((line) => line.split("\t"));
  expect(records).toHaveLength(45);
  const head = lines.find((line) => line.startsWith("#thread\t"))?.split("\t");
  expect(records.every((fields) => fields.length === head?.length)).toBe(true);
  expect(records[0]?.[head?.indexOf("name") ?? 0]).toBe("a\\tb\\n\\x1b[31mc");
  await expect(written).toMatchFileSnapshot("golden/service-plain.txt");
});

test("the most important columns fit in 80 characters", () => {
  const written = text(serviceReport());
  for (const head of ["RSS", "change", "at peak", "fragm.", "arenas", "heaps", "in use"]) {
    expect(written).toContain(head);
  }
});

describe("the threads", () => {
  test("all of them with --top 0", () => {
    const written = text(serviceReport(), 80, 0, 0);
    expect(written).toContain("16385 ");
    expect(written).not.toMatch(/^… \d+ more/m);
  });

  test("columns that are 0 throughout are left out", () => {
    const written = text(report({ threads: [thread(7, { failedCalls: 3 })] }), 200);
    expect(written).toContain("failed");
    expect(written).not.toContain("pinned MiB");
    expect(written).not.toContain("calloc");
    expect(written).not.toContain("name");
  });

  test("unnamed threads among named ones", () => {
    const written = text(report({ threads: [thread(7, { name: "main" }), thread(8)] }));
    expect(written).toMatch(/^7 +main /m);
    expect(written).toMatch(/^8 +\? /m);
  });

  test("without times in the log", () => {
    const timeless = thread(7, { firstTime: null, lastTime: null });
    const given = trace({ threads: 1, firstTime: null, lastTime: null });
    expect(text(report({ threads: [timeless], trace: given }), 200)).toContain(
      "Threads by volume (1 thread, 30 events)\n",
    );
  });
});

describe("times out of order", () => {
  test("never give a negative duration", () => {
    const given = trace({ firstTime: 10, lastTime: 5 });
    expect(text(report({ trace: given }))).toContain("Threads by volume (2 threads, 30 events)\n");
  });
});

describe("settings under which calls fail", () => {
  const given = report({
    scenarios: [
      scenario("as recorded", { endMiB: 100 }),
      scenario("A=1", { endMiB: 10, failedCalls: 12_345 }),
      scenario("B=1", { endMiB: 10, failedCalls: 1 }),
      scenario("C=1", { endMiB: 90 }),
    ],
  });

  test("show it in place of their changes", () => {
    const written = text(given);
    expect(written).toMatch(/^A=1 +10.0 +fails +24.0 +fails/m);
    expect(written).toMatch(/^C=1 +90.0 +-10.0 %/m);
    expect(written).toContain("\nA=1: 12,345 calls would return NULL.\n");
    expect(written).toContain("\nB=1: 1 call would return NULL.\n");
    expect(text(given, 80, 1)).toContain("\u001b[31mfails\u001b[39m");
  });

  test("show it in a container, too", () => {
    const written = text({ ...given, container: containerOf(given, 12 * MiB, 0) }, 120);
    expect(written).toMatch(/^A=1 .*fails$/m);
  });
});

test("samples of malformed lines are escaped", () => {
  const lines = { total: 9, parsed: 8, comments: 0, malformed: 1, blank: 0 };
  const malformedSamples = [{ line: 2, text: "x\u001b[2J" }];
  const written = text(report({ trace: trace({ lines, malformedSamples }) }));
  expect(written).toContain("1 of 9 lines could not be parsed, for example:\n");
  expect(written).toContain("line 2: x\\x1b[2J\n");
});

test("ranges are shown if they are wider than 2 %", () => {
  const ranged = (given: Partial<RssFigures>): string => {
    const recorded = scenario("as recorded", { endMiB: 100, peakMiB: 100 });
    return text(report({ scenarios: [{ ...recorded, rss: { ...recorded.rss, ...given } }] }));
  };
  const narrow = { lowBytes: 99 * MiB, highBytes: 101 * MiB };
  expect(ranged(narrow)).toMatch(/^as recorded +100\.0 +100\.0 /m);
  const wide = { lowBytes: 98 * MiB, highBytes: 101 * MiB };
  expect(ranged(wide)).toMatch(/^as recorded +98\.0 – 101\.0 +100\.0 /m);
  const peak = { peakLowBytes: 70 * MiB, peakHighBytes: 110 * MiB };
  expect(ranged(peak)).toMatch(/^as recorded +100\.0 +70\.0 – 110\.0 /m);
});
