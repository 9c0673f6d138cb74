import { Chalk } from "chalk";
import { describe, expect, test } from "vitest";
import { diffOf } from "../../src/diff/diff.ts";
import { diffText } from "../../src/diff/diff-text.ts";
import { diffVerdict } from "../../src/diff/diff-verdict.ts";
import { presentDiff } from "../../src/diff/present-diff.ts";
import type { Report, ThreadSummary } from "../../src/report/report.ts";
import { arena, MiB, MODEL, report, scenario, thread } from "../support/report-builder.ts";

function diff(base: Report, head: Report) {
  return diffOf({ file: "base.json", report: base }, { file: "head.json", report: head }, "0.0.0");
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

  test("not at all if they share neither", () => {
    expect(ofThreads([live(1, 1)], [live(2, 1)])).toEqual({ matchedBy: "nothing", rows: [] });
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
      "Thread 101 (worker) changed most: live bytes from 4 MiB to 9 MiB (+125.0 %).",
    ]);
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
