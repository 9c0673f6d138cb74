import { Chalk } from "chalk";
import { describe, expect, test } from "vitest";
import { containerOf } from "../../src/insight/container.ts";
import { versionList } from "../../src/insight/glibc-version.ts";
import { present } from "../../src/insight/present.ts";
import type { Report, RssFigures, TouchFit } from "../../src/report/report.ts";
import { DEFAULT_SORT } from "../../src/report/sort-threads.ts";
import { writePlain } from "../../src/report/writers/plain.ts";
import { writeText } from "../../src/report/writers/text.ts";
import {
  fidelity,
  MiB,
  MODEL,
  NO_ANOMALIES,
  report,
  scenario,
  thread,
  trace,
} from "../support/report-builder.ts";
import { serviceReport } from "../support/service-report.ts";

function text(given: Report, width = 80, level: 0 | 1 = 0, top = 10): string {
  return writeText(present(given), {
    sort: DEFAULT_SORT,
    top,
    width,
    chalk: new Chalk({ level }),
  });
}

/** Look at the files when they change: they are what people see. */
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

  test("of no event at all: no empty tables, nothing on pointers", () => {
    const none = trace({ events: 0, threads: 0, firstTime: null, lastTime: null, pointerBits: 32 });
    const given = { complete: false, model: null, scenarios: [], threads: [], trace: none };
    expect(text(report(given))).toBe(
      [
        "Interrupted before the first event was read: there is nothing to tell.",
        "",
        "What was read",
        "  log: app.log (native)",
        "",
      ].join("\n"),
    );
  });

  test("colours only colour: the same text lies below", () => {
    const colourful = text(serviceReport(), 80, 1);
    expect(colourful).toContain("\u001b[32m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is colours that are looked for
    const bare = colourful.replace(/\u001b\[\d+m/g, "").replace(/ +$/gm, "");
    expect(bare).toBe(text(serviceReport()));
  });

  test("twice the same", () => expect(text(serviceReport())).toBe(text(serviceReport())));
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

  test("no block characters where the terminal shows none", async () => {
    const written = plotted(80, true);
    expect(written).not.toMatch(/[▁▂▃▄▅▆▇█┤│└]/);
    await expect(section(written)).toMatchFileSnapshot("golden/plot-ascii.txt");
  });

  test("colours only colour it", () => {
    const colourful = plotted(80, false, 1);
    expect(colourful).toContain("\u001b[36mA");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is colours that are looked for
    const bare = colourful.replace(/\u001b\[\d+m/g, "").replace(/ +$/gm, "");
    expect(bare).toBe(plotted(80));
  });

  test("of a log without times goes by events, and of one without a model has live bytes alone", () => {
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

  test("those that come to the same share a line, and of the others those are shown that need least", () => {
    const written = text(given, 120);
    const lines = written
      .slice(written.indexOf("What if"), written.indexOf("Arenas of"))
      .split("\n");
    expect(lines[0]).toContain("; those that need least");
    const rows = lines.filter((line) => /^(as recorded|MALLOC_ARENA_MAX=\d+) +\d/.test(line));
    expect(rows).toHaveLength(10);
    expect(rows.at(-1)).toMatch(/^MALLOC_ARENA_MAX=30 +71\.0 /);
    expect(written).toMatch(/^… 20 more +80\.0 – 99\.0/m);
    expect(written).toContain("\nSame as recorded: MALLOC_ARENA_MAX=1.\n");
    expect(written).toContain(
      "\nSame as MALLOC_ARENA_MAX=30: MALLOC_ARENA_MAX=31; MALLOC_ARENA_MAX=32;",
    );
  });

  test("all that differ with --top 0", () => {
    const written = text(given, 120, 0, 0);
    expect(written.match(/^MALLOC_ARENA_MAX=\d+ +\d/gm)).toHaveLength(29);
  });
});

test("ten thousand threads, some with names of 10 kB, take no more lines or columns than twelve", () => {
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

test("plain records have no rule, no colour and all rows", async () => {
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

test("what a first screen must show fits in 80 columns", () => {
  const written = text(serviceReport());
  for (const head of ["RSS", "change", "at peak", "fragm.", "arenas", "heaps", "in use"]) {
    expect(written).toContain(head);
  }
});

describe("the threads", () => {
  test("all of them with --top 0", () => {
    const written = text(serviceReport(), 80, 0, 0);
    expect(written).toContain("16385 ");
    expect(written).not.toContain("more");
  });

  test("columns of nothing but zeros are left out, the ones that tell are not", () => {
    const written = text(report({ threads: [thread(7, { failedCalls: 3 })] }), 200);
    expect(written).toContain("failed");
    expect(written).not.toContain("pinned MiB");
    expect(written).not.toContain("calloc");
    expect(written).not.toContain("name");
  });

  test("unnamed ones among named", () => {
    const written = text(report({ threads: [thread(7, { name: "main" }), thread(8)] }));
    expect(written).toMatch(/^7 +main /m);
    expect(written).toMatch(/^8 +\? /m);
  });

  test("no times in the log", () => {
    const timeless = thread(7, { firstTime: null, lastTime: null });
    const given = trace({ threads: 1, firstTime: null, lastTime: null });
    expect(text(report({ threads: [timeless], trace: given }), 200)).toContain(
      "Threads by volume (1 thread, 30 events)\n",
    );
  });
});

describe("times out of order", () => {
  test("never make a log last less than nothing", () => {
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

  test("say so in place of their changes, and how many", () => {
    const written = text(given);
    expect(written).toMatch(/^A=1 +10.0 +fails +24.0 +fails/m);
    expect(written).toMatch(/^C=1 +90.0 +-10.0 %/m);
    expect(written).toContain("\nA=1: 12,345 calls would get NULL.\n");
    expect(written).toContain("\nB=1: 1 call would get NULL.\n");
    expect(text(given, 80, 1)).toContain("\u001b[31mfails\u001b[39m");
  });

  test("and in a container", () => {
    const written = text({ ...given, container: containerOf(given, 12 * MiB, 0) }, 120);
    expect(written).toMatch(/^A=1 .*fails$/m);
  });
});

describe("oddities", () => {
  const lines = { total: 9, parsed: 4, comments: 0, malformed: 5, blank: 0 };
  const malformedSamples = [{ line: 2, text: "x\u001b[2J" }];
  const odd = (overlong: number): string =>
    text(
      report({
        trace: trace({
          lines,
          malformedSamples,
          malformedKinds: { unparsable: 5 - overlong, overlong },
          anomalies: { ...NO_ANOMALIES, impossibleSize: 2 },
        }),
      }),
    );

  test("overlong lines are told apart, where there are any", () => {
    expect(odd(0)).toContain("5 of 9 lines could not be parsed, the first:");
    expect(odd(1)).toContain("5 of 9 lines could not be parsed (1 of them overlong), the first:");
  });

  test("samples are escaped, sizes that cannot be are counted", () => {
    expect(odd(0)).toContain("line 2: x\\x1b[2J\n");
    expect(odd(0)).toContain("2 calls with sizes that no allocator grants");
  });
});

describe("what is assumed written", () => {
  const spread = (none: number, all: number, blocks = 0, mediumMiB = 0): string => {
    const medium = { mediumBlocks: mediumMiB * 10, mediumBytes: mediumMiB * MiB };
    const assumedWritten = { blocks, bytes: blocks * 2 * MiB, ...medium };
    const scenarios = [scenario("as recorded", { endMiB: 100, touchMiB: [none, all] })];
    return text(report({ scenarios, model: { ...MODEL, assumedWritten } }));
  };

  test("the range above 5 % of the RSS", () => {
    expect(spread(94, 100)).toContain("lies between 94 MiB");
    expect(spread(95, 100)).not.toContain("lies between");
  });

  test("no range where the log tells what was written", () => {
    const model = { ...MODEL, holes: { minBytes: 4096, lines: 7 } };
    const scenarios = [scenario("as recorded", { endMiB: 100, touchMiB: [10, 200] })];
    expect(text(report({ model, scenarios }))).not.toContain("lies between");
  });

  test("the blocks, however small the range", () => {
    expect(spread(100, 100, 3)).toContain(
      "3 blocks ≥ 1 MiB, 6 MiB, 6.0 % of the predicted RSS, are assumed written.",
    );
    expect(spread(100, 100, 1)).toContain("1 block ≥ 1 MiB, 2 MiB, 2.0 % of the predicted RSS, is");
    expect(spread(100, 100, 0)).not.toContain("assumed");
  });

  test("smaller ones where they are many", () => {
    expect(spread(100, 100, 0, 6).replaceAll("\n", " ")).toContain(
      "60 blocks of 32 KiB to 1 MiB, 6 MiB, 6.0 % of the predicted RSS, are assumed written.",
    );
    expect(spread(100, 100, 0, 5)).not.toContain("assumed");
  });
});

describe("ranges", () => {
  const ranged = (
    low: number,
    high: number,
    rss: Partial<RssFigures> = {},
    model = MODEL,
  ): string => {
    const recorded = scenario("as recorded", { endMiB: 100, peakMiB: 100 });
    const figures = { ...recorded.rss, lowBytes: low * MiB, highBytes: high * MiB, ...rss };
    return text(report({ model, scenarios: [{ ...recorded, rss: figures }] }));
  };
  const touched = { spread: { touchBytes: MiB, arenasBytes: 0, exitsBytes: 0 } };

  test("are shown where they are wider than 2 %", () => {
    expect(ranged(99, 101)).toMatch(/^as recorded +100\.0 +100\.0 /m);
    expect(ranged(98, 101)).toMatch(/^as recorded +98\.0 – 101\.0 +100\.0 /m);
    const peak = { peakLowBytes: 70 * MiB, peakHighBytes: 110 * MiB };
    expect(ranged(100, 100, peak)).toMatch(/^as recorded +100\.0 +70\.0 – 110\.0 /m);
  });

  test("say where they come from, and nothing where none is shown", () => {
    expect(ranged(99, 101, touched)).not.toContain("Ranges:");
    const byTouch = ranged(90, 110, touched);
    expect(byTouch).toContain("Ranges: of its blocks above 32 KiB the program may have written");
    expect(byTouch).not.toContain("further replay");
    const byArenas = ranged(90, 110, { contendedRuns: 2 });
    expect(byArenas).toContain("Ranges: which arena a thread gets");
    expect(byArenas.replaceAll("\n", " ")).toContain("(2 further replays)");
  });

  test("of a fit are those of the two ways to meet what was measured", () => {
    const written = ranged(90, 110, touched, { ...MODEL, touch: "fitted", fit: FIT });
    expect(written).toContain("Ranges: what was measured can be met by writes to a part of each");
    const outside = { ...FIT, outside: "above" as const };
    const beyond = ranged(90, 110, touched, { ...MODEL, touch: "fitted", fit: outside });
    expect(beyond).toContain("Ranges: writes to blocks above 32 KiB cannot meet what was measured");
  });
});

const FIT: TouchFit = {
  ratio: 0.455,
  source: "--observed-rss",
  outside: null,
  error: { median: -0.0001, max: -0.0001 },
};

describe("a fit", () => {
  const fitted = (given: Partial<TouchFit>): string =>
    text(report({ model: { ...MODEL, touch: "fitted", fit: { ...FIT, ...given } } }), 200);

  test("is told with its source and what is left of the error", () => {
    expect(fitted({})).toContain(
      "touch fitted to --observed-rss: 45.5 % of each block above 32 KiB written (off by 0.0 %)",
    );
    expect(fitted({ source: "rss samples", error: { median: 0.01, max: -0.2 } })).toContain(
      "fitted to the log's RSS samples: 45.5 % of each block above 32 KiB written (off by +1.0 % in the median, -20.0 % at worst)",
    );
  });

  test("that makes no difference leaves the facts", () => {
    const error = { median: 0.5, max: 0.5 };
    expect(fitted({ ratio: null, error })).toContain(
      "touch facts (--observed-rss fits no ratio: no block is above 32 KiB; off by +50.0 %)",
    );
  });

  test("that cannot reach what was measured says so first", () => {
    const above = fitted({ ratio: 1, outside: "above", error: { median: -0.3, max: -0.3 } });
    expect(above).toContain(
      "The measured RSS lies above what the model has with every block written: the nearest is taken, off by -30.0 %.",
    );
    const error = { median: 0.1, max: 0.3 };
    const below = fitted({ ratio: 0, outside: "below", source: "rss samples", error });
    expect(below).toContain("The RSS samples lie below what the model has with nothing of");
  });
});

describe("how it was modelled", () => {
  test("guesses are named as such, with the option that replaces them", () => {
    const model = { ...MODEL, glibcSource: "default", cpusSource: "default", cpus: 1 } as const;
    const written = text(report({ model }));
    expect(written).toContain("glibc 2.36 (the default, as the log does not say; see --glibc)");
    expect(written).toContain("1 CPU (this machine's, as the log does not say; see --cpus)");
  });

  test("whose word it is what the program wrote", () => {
    const told = (minBytes: number | null) =>
      text(report({ model: { ...MODEL, holes: { minBytes, lines: 7 } } }), 200);
    expect(told(4096)).toContain("touch of blocks ≥ 4 KiB from the log (7 hole lines), facts of");
    expect(told(null)).toContain("touch of some blocks from the log (7 hole lines), facts of");
  });

  describe("the glibc found out of the pointers", () => {
    const told = (of: Partial<NonNullable<Report["model"]>>): string => {
      const model = { ...MODEL, glibcSource: "detected" as const, ...of };
      return text(report({ model }), 300);
    };

    test("says which others would show the same, and that all pointers agree", () => {
      expect(told({})).toContain(
        "glibc 2.36 (found out: its rules give all 20 pointers; 2.35, 2.37 would show the same",
      );
    });

    test("names the only one, and the next best", () => {
      const glibcRunnerUp = { glibc: "2.31", ratio: 0.4 };
      expect(told({ glibcRange: ["2.36"], glibcRunnerUp })).toContain(
        "(found out: its rules give all 20 pointers; next best 2.31, ruled out when it agreed with 40.0 %)",
      );
    });

    test("tells pointers that something else explains from those nothing does", () => {
      const inferred = { ...MODEL.inferred, threadExits: 1, settingPointers: 1 };
      const { fidelity: some } = fidelity(20, 18);
      expect(told({ fidelity: some, inferred })).toContain("all pointers but 2, which");
      expect(told({ fidelity: some })).toContain(
        "found out: its rules give 90.0 % of the pointers",
      );
    });

    test("tells of threads whose arena their pointers showed", () => {
      const inferred = { ...MODEL.inferred, arenaChoices: 2 };
      const { fidelity: some } = fidelity(20, 18);
      const written = told({ inferred, fidelity: some });
      expect(written).toContain("all pointers but 2, which what was found out besides explains");
      expect(written).toContain("2 threads given the arena that their first pointer shows");
      expect(told({})).not.toContain("their first pointer shows");
    });

    test("tells of sizes that the hook cut", () => {
      const inferred = { ...MODEL.inferred, cutSizes: 1 };
      expect(told({ inferred, fidelity: fidelity(20, 19).fidelity })).toContain(
        "1 size that the hook printed cut to 32 bits, set right as pointers show",
      );
      expect(told({})).not.toContain("cut to 32 bits");
    });

    test("tells of moves of the break that malloc did not make", () => {
      const inferred = { ...MODEL.inferred, foreignSbrks: 2, foreignSbrkBytes: 131072 };
      expect(told({ inferred })).toContain(
        "break moved 2 times by something other than malloc, as pointers show: 128 KiB between its blocks",
      );
      expect(told({ inferred, fidelity: fidelity(20, 18).fidelity })).toContain(
        "all pointers but 2, which",
      );
    });

    test("is unsure where much goes wrong, and a guess where nothing can be compared", () => {
      expect(told({ fidelity: fidelity(20, 10).fidelity })).toContain(
        "unsure: its rules give 50.0 % of the pointers",
      );
      expect(told({ fidelity: fidelity(0, 0).fidelity })).toContain("a guess");
      const glibcRunnerUp = { glibc: "2.31", ratio: 0.4 };
      const { fidelity: half } = fidelity(20, 10);
      expect(told({ fidelity: half, glibcRunnerUp })).not.toContain("next best");
    });

    test("lists versions that follow one another as a range", () => {
      expect(versionList(["2.30", "2.37-tag", "2.31", "2.32", "2.35", "2.36", "2.38-tag"])).toBe(
        "2.30 to 2.32, 2.35, 2.36, 2.37-tag, 2.38-tag",
      );
    });
  });

  describe("the settings of the recorded process", () => {
    const told = (of: Partial<NonNullable<Report["model"]>>): string =>
      text(report({ model: { ...MODEL, ...of } }), 300);
    const settings = { MALLOC_MMAP_THRESHOLD_: "65536" };

    test("are named as they are, where somebody told them", () => {
      const written = told({ settings, settingsSource: { MALLOC_MMAP_THRESHOLD_: "log" } });
      expect(written).toContain("recorded with MALLOC_MMAP_THRESHOLD_=65536\n");
    });

    test("that the pointers showed say so, with what they leave open", () => {
      const settingsSource = { MALLOC_MMAP_THRESHOLD_: "detected" as const };
      expect(told({ settings, settingsSource })).toContain(
        "MALLOC_MMAP_THRESHOLD_=65536 (as the log's pointers show)",
      );
      const to = { MALLOC_MMAP_THRESHOLD_: { from: 40001, to: 70000 } };
      expect(told({ settings, settingsSource, settingsRange: to })).toContain(
        "(the log's pointers show 40,001 to 70,000)",
      );
      const settingsRange = { MALLOC_MMAP_THRESHOLD_: { from: 40001, to: null } };
      const settingsOrElse = { MALLOC_MMAP_THRESHOLD_: ["MALLOC_TOP_PAD_"] };
      expect(told({ settings, settingsSource, settingsRange, settingsOrElse })).toContain(
        "(the log's pointers show 40,001 or more; MALLOC_TOP_PAD_ would show alike)",
      );
    });
  });

  test("settings, cut pointers, the first pointer that differs", () => {
    const model = { ...fidelity(20, 19), settings: { MALLOC_ARENA_MAX: "2" } };
    const written = text(report({ model, trace: trace({ pointerBits: 32 }) }));
    expect(written).toContain("recorded with MALLOC_ARENA_MAX=2");
    expect(written).toContain("cut to 32 bits");
    expect(written).toContain(
      "first pointer not reproduced: line 1,234, main heap + 0x4c0 where the log\n    has main heap + 0x2a0",
    );
  });

  test("a log's name cannot steer the terminal", () => {
    const written = text(report({ trace: trace({ sources: ["a\u001b]0;x\u0007.log"] }) }));
    expect(written).toContain("a\\x1b]0;x\\x07.log");
  });
});
