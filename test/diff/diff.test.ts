import { Chalk } from "chalk";
import { describe, expect, test } from "vitest";
import { type Diff, diffOf } from "../../src/diff/diff.ts";
import { diffText } from "../../src/diff/diff-text.ts";
import { diffVerdict } from "../../src/diff/diff-verdict.ts";
import { presentDiff } from "../../src/diff/present-diff.ts";
import type {
  CallerSummary,
  Causes,
  Report,
  ThreadSummary,
} from "../../src/report/contract/report.ts";
import {
  arena,
  caller,
  MiB,
  MODEL,
  NO_CAUSES,
  NO_SITES,
  report,
  scenario,
  thread,
} from "../support/report-builder.ts";

function diff(base: Report, head: Report, runs: readonly Report[] = []): Diff {
  return diffOf(
    { file: "base.json", report: base },
    { file: "head.json", report: head },
    "0.0.0",
    runs.map((report, i) => ({ file: `run-${i}.json`, report })),
  );
}

function ofThreads(base: readonly ThreadSummary[], head: readonly ThreadSummary[]) {
  return diff(report({ threads: base }), report({ threads: head })).threads;
}

const live = (tid: number, mib: number, name: string | null = null): ThreadSummary =>
  thread(tid, { name, liveBytes: mib * MiB });

/** An earlier run and a later one, with more memory, more arenas and another what-if. */
function earlier(): Report {
  return report({
    threads: [live(100, 5, "main"), live(101, 4, "worker"), live(102, 1, "gc")],
    scenarios: [
      scenario("as recorded", { arenas: [arena(0), arena(1, { rssBytes: 3 * MiB })] }),
      scenario("malloc_trim=end", { endMiB: 18 }),
      scenario("MALLOC_ARENA_MAX=1", { endMiB: 15, peakMiB: 15 }),
    ],
  });
}

function later(): Report {
  return report({
    threads: [
      thread(100, { ...live(100, 5, "main"), volumeBytes: 12 * MiB }),
      live(101, 9, "worker"),
      live(103, 2, "reaper"),
    ],
    live: { bytes: 16 * MiB, blocks: 11, peakBytes: 17 * MiB, peakTime: 0.5 },
    scenarios: [
      scenario("as recorded", {
        endMiB: 27,
        peakMiB: 28,
        arenaCount: 3,
        arenas: [arena(0), arena(1, { rssBytes: 9 * MiB }), arena(2, { rssBytes: 1 * MiB })],
      }),
      scenario("malloc_trim=end", { endMiB: 18 }),
      scenario("MALLOC_ARENA_MAX=1", { endMiB: 21, peakMiB: 22 }),
      scenario("MALLOC_ARENA_MAX=2", { endMiB: 22, peakMiB: 22 }),
    ],
  });
}

describe("threads are matched", () => {
  test("by tid if most tids recur", () => {
    const { matchedBy, rows } = ofThreads(
      [live(1, 5), live(2, 1), live(3, 0)],
      [live(1, 5), live(2, 3), live(9, 1)],
    );
    expect(matchedBy).toBe("tid");
    expect(rows.map(({ tid, liveBytes }) => [tid, liveBytes.base, liveBytes.head])).toEqual([
      [2, MiB, 3 * MiB],
      [9, null, MiB],
      [3, 0, null],
      [1, 5 * MiB, 5 * MiB],
    ]);
  });

  test("by name if tids differ, summed by name", () => {
    const { matchedBy, rows } = ofThreads(
      [live(1, 5, "main"), live(2, 1, "pool"), live(3, 1, "pool"), live(4, 0)],
      [live(11, 5, "main"), live(12, 9, "pool"), live(13, 1)],
    );
    expect(matchedBy).toBe("name");
    expect(
      rows.map(({ tid, name, threads, liveBytes }) => [
        tid,
        name,
        threads.base,
        threads.head,
        liveBytes.change / MiB,
      ]),
    ).toEqual([
      [null, "pool", 2, 1, 7],
      [null, null, 1, 1, 1],
      [null, "main", 1, 1, 0],
    ]);
  });

  test("by name if equal tids have different names", () => {
    const { matchedBy } = ofThreads(
      [live(7, 5, "main"), live(8, 1, "pool")],
      [live(7, 1, "pool"), live(8, 5, "main")],
    );
    expect(matchedBy).toBe("name");
  });

  test("by name; of the others, by what they have in common but for their numbers", () => {
    const { matchedBy, rows } = ofThreads(
      [live(1, 5, "main"), live(2, 1, "Thread-7"), live(3, 1, "Thread-8"), live(4, 1, "pool-1")],
      [live(11, 5, "main"), live(12, 9, "Thread-8"), live(13, 1, "Thread-9"), live(14, 1, "gc-1")],
    );
    expect(matchedBy).toBe("name");
    const counts = rows.map(({ name, threads }) => `${name}: ${threads.base} → ${threads.head}`);
    expect(counts.sort()).toEqual([
      "Thread-*: 1 → 1",
      "Thread-8: 1 → 1",
      "gc-1: null → 1",
      "main: 1 → 1",
      "pool-1: 1 → null",
    ]);
  });

  describe("by the call site at which they request most, if names do not tell them apart", () => {
    const SITES = ["libnet.so+0x10", "libz.so+0x20"];
    /** Threads of one name, by the call site that each uses most, whose addresses are `at` higher. */
    const run = (tids: readonly number[], at: number, name: string | null): Report => {
      const address = (site: number): string => `0x${(at + site).toString(16)}`;
      return report({
        threads: tids.map((tid, i) => live(tid, i + at / 4096, name)),
        callers: [0, 1].map((site) =>
          caller(address(site), {
            module: `/lib/${SITES[site]?.split("+")[0]}`,
            offset: 16 * (site + 1),
          }),
        ),
        sites: {
          ...NO_SITES,
          tid: tids.flatMap((tid) => [tid, tid, null]),
          caller: tids.flatMap((_, i) => [address(i % 2), address((i + 1) % 2), address(0)]),
          volumeBytes: tids.flatMap(() => [10, 9, 1000]),
        },
      });
    };

    test.each([["java"], [null]])("all named %j", (name) => {
      const { threads } = diff(run([1, 2, 3], 0x1000, name), run([11, 12, 13, 14], 0x9000, name));
      expect(threads.matchedBy).toBe("site");
      expect(
        threads.rows.map((row) => [
          row.tid,
          row.name,
          row.site,
          row.threads.base,
          row.threads.head,
        ]),
      ).toEqual([
        [null, null, "libz.so+0x20", 1, 2],
        [null, null, "libnet.so+0x10", 2, 2],
      ]);
    });

    test("unnamed ones beside named ones", () => {
      const mixed = (tids: readonly number[], at: number): Report => {
        const given = run(tids, at, null);
        return { ...given, threads: [...given.threads, live(tids.length * 100 + at, 1, "main")] };
      };
      const { threads } = diff(mixed([1, 2], 0x1000), mixed([11, 12], 0x9000));
      expect(threads.matchedBy).toBe("name");
      expect(threads.rows.map(({ name, site }) => name ?? site).sort()).toEqual([
        "libnet.so+0x10",
        "libz.so+0x20",
        "main",
      ]);
    });
  });

  test("not at all if they share neither", () => {
    expect(ofThreads([live(1, 1)], [live(2, 1)])).toEqual({ matchedBy: "nothing", rows: [] });
  });
});

describe("call sites are matched", () => {
  const rows = (base: readonly CallerSummary[], head: readonly CallerSummary[]) => {
    const { callers } = diff(report({ callers: base }), report({ callers: head }));
    return callers.rows.map((row) => [row.caller, row.calls.base, row.calls.head]);
  };
  const at = (address: string, offset: number, symbol: string | null, calls: number) =>
    caller(address, { module: "/opt/app", offset, symbol, calls });

  test("by function, wherever it is in the next version, and all of it", () => {
    expect(
      rows(
        [at("0x1", 16, "load", 1), at("0x2", 32, "load", 2), at("0x3", 48, "parse", 4)],
        [at("0x7", 20, "load", 5), at("0x8", 64, "parse", 6), at("0x9", 80, "store", 7)],
      ),
    ).toEqual([
      ["load", 3, 5],
      ["store", null, 7],
      ["parse", 4, 6],
    ]);
  });

  test("by place in the module, if only one report has functions", () => {
    expect(rows([at("0x1", 16, null, 1)], [at("0x7", 16, "load", 5)])).toEqual([["load", 1, 5]]);
  });

  test("as logged, and not beyond the largest", () => {
    const merged = caller("0x0", { caller: null, merged: true });
    expect(rows([caller("main+0x8", { calls: 1 }), merged], [caller("main+0x8"), merged])).toEqual([
      ["main+0x8", 1, 10],
    ]);
  });

  test("not at all if they share none", () => {
    const given = diff(report({ callers: [caller("0x1")] }), report({ callers: [caller("0x2")] }));
    expect(given.callers).toEqual({ matched: false, rows: [] });
  });
});

test("totals, settings and arenas, the largest change first", () => {
  const { totals, scenarios, arenas } = diff(earlier(), later());
  expect(totals.map(({ key, change }) => [key, change])).toEqual([
    ["rss", 7 * MiB],
    ["peak-rss", 4 * MiB],
    ["live", 6 * MiB],
    ["peak-live", 5 * MiB],
    ["fragmentation", 1 - 11 / 27 - (1 - 11 / 20)],
    ["leaked-blocks", 1],
    ["arenas", 2],
    ["threads", 0],
    ["volume", 2 * MiB],
    ["calls", 0],
  ]);
  expect(scenarios.map(({ name }) => name)).toEqual([
    "as recorded",
    "MALLOC_ARENA_MAX=1",
    "malloc_trim=end",
    "MALLOC_ARENA_MAX=2",
  ]);
  expect(scenarios[3]?.endRssBytes).toEqual({ base: null, head: 22 * MiB, change: 22 * MiB });
  expect(arenas.map(({ id, rssBytes }) => [id, rssBytes.change / MiB])).toEqual([
    [1, 6],
    [2, 1],
    [0, 0],
  ]);
});

describe("the verdict", () => {
  test("growth, and the thread that changed most", () => {
    expect(diffVerdict(diff(earlier(), later()))).toEqual([
      "RSS at the end grew from 20 MiB to 27 MiB (+35.0 %), peak RSS grew from 24 MiB to 28 MiB (+16.7 %).",
      "Live bytes at the end grew from 10 MiB to 16 MiB (+60.0 %).",
      "Most of the growth of live bytes: thread 101 (worker), from 4 MiB to 9 MiB (+125.0 %).",
    ]);
  });

  describe("says which resident memory grew", () => {
    const caused = (endMiB: number, parts: Partial<Causes>): Report => {
      const end = { ...NO_CAUSES, ...parts };
      return report({
        scenarios: [scenario("as recorded", { endMiB })],
        causes: { "as recorded": { end, peak: end } },
      });
    };
    test.each<[string, Report, Report, string]>([
      [
        "most",
        caused(20, { live: 10 * MiB, returnable: 10 * MiB }),
        caused(28, { live: 10 * MiB, returnable: 17 * MiB, tops: MiB }),
        "Most of the growth of RSS at the end: 7 MiB are whole free pages within heaps, which malloc_trim would return.",
      ],
      [
        "more than RSS grew",
        caused(20, { live: 10 * MiB, returnable: 10 * MiB }),
        caused(26, { live: 8 * MiB, returnable: 17 * MiB, tops: MiB }),
        "Of the change of RSS at the end: +7 MiB are whole free pages within heaps, which malloc_trim would return; -2 MiB are blocks that the program holds.",
      ],
      [
        "of the program",
        caused(20, { live: 20 * MiB }),
        caused(26, { live: 18 * MiB, mapped: 12 * MiB, unwritten: -4 * MiB }),
        "Most of the growth of RSS at the end: 6 MiB are blocks that the program holds.",
      ],
      [
        "nothing more than half",
        caused(20, { live: 20 * MiB }),
        caused(30, { live: 24 * MiB, tcache: 5 * MiB, tops: MiB }),
        "Largest parts of the growth of RSS at the end: 5 MiB are freed blocks in the threads' caches (tcache); 4 MiB are blocks that the program holds.",
      ],
    ])("%s", (_, base, head, sentence) => {
      expect(diffVerdict(diff(base, head))).toContain(sentence);
    });

    test("without causes that differ as much between runs of the base", () => {
      const base = caused(20, { live: 10 * MiB, returnable: 10 * MiB });
      const other = caused(60, { live: 50 * MiB, returnable: 10 * MiB });
      const head = caused(70, { live: 45 * MiB, returnable: 25 * MiB });
      const said = diffVerdict(diff(base, head, [other])).join();
      expect(said).toContain("15 MiB are whole free pages");
      expect(said).not.toContain("blocks that the program holds");
    });

    test("at the peak, if only that grew", () => {
      const at = (peakMiB: number, tops: number): Report =>
        report({
          scenarios: [scenario("as recorded", { peakMiB })],
          causes: {
            "as recorded": { end: NO_CAUSES, peak: { ...NO_CAUSES, tops: tops * MiB } },
          },
        });
      expect(diffVerdict(diff(at(24, 4), at(28, 8)))).toContain(
        "Most of the growth of peak RSS: 4 MiB are the free tops of heaps.",
      );
    });

    test("not if other runs of the base had as much", () => {
      const [base, head] = [caused(20, { live: 20 * MiB }), caused(26, { live: 26 * MiB })];
      const within = diffVerdict(diff(base, head, [caused(27, {})]));
      expect(within[0]).toBe(
        "RSS at the end grew from 20 MiB to 26 MiB (+30.0 %), within the noise of 2 runs (20 MiB to 27 MiB), peak RSS stayed at 24 MiB.",
      );
      expect(within.join()).not.toContain("Most of");
      const above = diffVerdict(diff(base, head, [caused(25, {})]));
      expect(above[0]).toContain("above the noise of 2 runs (20 MiB to 25 MiB)");
      expect(above.join()).toContain("Most of the growth of RSS");
    });
  });

  test("no thread where there is only one", () => {
    const at = (liveMiB: number): Report =>
      report({
        live: { ...report().live, bytes: liveMiB * MiB },
        threads: [live(1, liveMiB, "main")],
      });
    expect(diffVerdict(diff(at(1), at(6))).join()).not.toContain(
      "Most of the growth of live bytes",
    );
  });

  test("the call site that grew most, unless other runs had as much", () => {
    const at = (first: number, second: number): Report =>
      report({
        live: { ...report().live, bytes: (first + second) * MiB },
        callers: [
          caller("a+1", { liveBytes: first * MiB }),
          caller("b+1", { liveBytes: second * MiB }),
        ],
      });
    expect(diffVerdict(diff(at(1, 1), at(6, 3)))).toContain(
      "Most of the growth of live bytes: call site a+1, from 1 MiB to 6 MiB (+500.0 %).",
    );
    expect(diffVerdict(diff(at(1, 1), at(6, 3), [at(7, 1)])).join()).not.toContain("a+1");
    expect(diffVerdict(diff(at(1, 1), at(6, 3), [at(6, 1)]))).toContain(
      "Largest growth of live bytes: call site b+1, from 1 MiB to 3 MiB (+200.0 %).",
    );
    expect(diffVerdict(diff(at(6, 3), at(1, 1)))).toContain(
      "Call site a+1 changed most: live bytes from 6 MiB to 1 MiB (-83.3 %).",
    );
  });

  test("growth of memory that is not live", () => {
    const base = report();
    const head = report({ scenarios: [scenario("as recorded", { endMiB: 30 })] });
    expect(diffVerdict(diff(base, head))).toContain(
      "10 MiB of the growth is not live: glibc keeps it, see the arenas.",
    );
  });

  test("nothing changed", () => {
    expect(diffVerdict(diff(later(), later()))).toEqual([
      "Nothing changed: all figures of the two reports are equal.",
    ]);
  });
});

test("remarks name what makes reports less comparable", () => {
  const other = report({
    complete: false,
    model: { ...MODEL, glibc: "2.41", touch: "all", settings: { MALLOC_ARENA_MAX: "2" } },
  });
  expect(diff(report(), other).remarks).toEqual([
    "head.json comes from an interrupted run: its figures cover a part of the log.",
    "Modelled differently: glibc: 2.36 before, 2.41 now; settings: none before, MALLOC_ARENA_MAX=2 now; --touch: facts before, all now.",
  ]);
  const bare = report({ model: null, scenarios: [] });
  expect(diff(report(), bare).remarks).toEqual(["One of the reports was made with --no-model."]);
  expect(diff(bare, bare).remarks).toEqual([]);
});

test("noise is the spread of the base and of further runs", () => {
  const at = (endMiB: number, liveMiB: number): Report =>
    report({
      threads: [live(1, liveMiB, "main"), live(2, 1, "gc")],
      scenarios: [scenario("as recorded", { endMiB })],
    });
  const head = report({ ...at(23, 4), threads: [live(11, 4, "main"), live(12, 1, "gc")] });
  const given = diff(at(20, 5), head, [at(24, 3), report({ model: null, scenarios: [] })]);
  expect(given.runs).toEqual(["run-0.json", "run-1.json"]);
  expect(given.totals[0]).toMatchObject({
    key: "rss",
    change: 3 * MiB,
    noise: { least: 20 * MiB, most: 24 * MiB, within: true },
  });
  expect(given.scenarios[0]?.endRssBytes.noise).toEqual(given.totals[0]?.noise);
  expect(given.threads.rows[0]).toMatchObject({ name: "main" });
  // The third run has no thread of that name.
  expect(given.threads.rows[0]?.liveBytes.noise).toEqual({ least: 0, most: 5 * MiB, within: true });
  expect(diff(at(20, 5), head).totals[0]).not.toHaveProperty("noise");
});

test("threads of reports with equal tids are matched by tid only if further runs have them, too", () => {
  const at = (tid: number, mib: number, name: string | null): Report =>
    report({ threads: [live(tid, mib, name), live(tid + 1, 1, name && "gc")] });
  const firstRow = (...[base, head, ...runs]: [Report, Report, ...Report[]]) => {
    const { matchedBy, rows } = diff(base, head, runs).threads;
    return [matchedBy, rows[0]?.liveBytes.noise?.most ?? null];
  };
  expect(firstRow(at(1, 5, "main"), at(1, 6, "main"), at(1, 7, "main"))).toEqual(["tid", 7 * MiB]);
  expect(firstRow(at(1, 5, "main"), at(1, 6, "main"), at(8, 7, "main"))).toEqual(["name", 7 * MiB]);
  // Nothing else identifies them.
  expect(firstRow(at(1, 5, null), at(1, 6, null), at(8, 7, null))).toEqual(["tid", null]);
});

describe("as text", () => {
  const text = (base: Report, head: Report, width: number, top = 10): string =>
    diffText(presentDiff(diff(base, head)), top, { width, chalk: new Chalk({ level: 0 }) });

  test.each([60, 80, 120])("%i columns", async (width) => {
    const shown = text(earlier(), later(), width);
    await expect(shown).toMatchFileSnapshot(`golden/diff-${width}.txt`);
    const longest = Math.max(...shown.split("\n").map((line) => line.length));
    expect(longest).toBeLessThanOrEqual(width);
  });

  test("without a model, without matched threads", async () => {
    const bare = (tid: number) => report({ model: null, scenarios: [], threads: [live(tid, 1)] });
    await expect(text(bare(1), bare(2), 80)).toMatchFileSnapshot("golden/diff-no-model.txt");
  });

  test("sums the rows beyond --top", () => {
    const many = (mib: number) =>
      report({ threads: Array.from({ length: 50 }, (_, i) => live(i, (i + 1) * mib)) });
    const shown = text(many(1), many(2), 80, 3);
    expect(shown).toContain("… 47 more");
    expect(text(many(1), many(2), 80, 0)).not.toContain("more");
  });

  test("takes little time for endless names", () => {
    const name = "|`<\u001b".repeat(2500);
    const given = report({ scenarios: [scenario("as recorded"), scenario(name)] });
    const began = performance.now();
    text(given, later(), 80);
    expect(performance.now() - began).toBeLessThan(3000);
  });

  test("escapes hostile names", () => {
    const evil = "\u001b[31m\n::error::x";
    const shown = text(
      report({ threads: [live(1, 1, evil)] }),
      report({ threads: [live(1, 2, evil)] }),
      120,
    );
    expect(shown).not.toContain("\u001b");
    expect(shown).not.toMatch(/^\s*::/m);
    expect(shown).toContain("\\x1b[31m\\n::error::x");
  });
});
