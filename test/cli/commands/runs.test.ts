import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import type { Diff } from "../../../src/diff/diff.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { codeBlocks } from "../../support/documents.ts";
import { expectDiffJson, expectReportJson } from "../../support/report-schema.ts";
import { mallog } from "../../support/run-mallog.ts";

/** Real reports: runs of fixtures/runs/jobs.c, in which threads, tids, arenas and addresses differ. */
const LOGS = fileURLToPath(new URL("../../../fixtures/runs/", import.meta.url));
const NAMES = ["run-1", "run-2", "run-3", "another", "leak"] as const;
const RUNS = ["run-1.json", "run-2.json", "run-3.json"];

const analyse = reportOfLog("test", null);
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mallog-runs-"));
  for (const name of NAMES) {
    writeFileSync(join(folder, `${name}.log`), logOf(name));
    await analysed(name);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const logOf = (name: string): string =>
  gunzipSync(readFileSync(join(LOGS, `${name}.log.gz`))).toString("latin1");

/** Logs are found in the folder, too. Its path is no part of the output. */
const run = async (argv: readonly string[]) => {
  const within = argv.map((word) => (word.endsWith(".log") ? join(folder, word) : word));
  const ran = await mallog(within, analyse, { cwd: folder, env: { COLUMNS: "80" } });
  const text = (given: string): string => given.replaceAll(`${folder}/`, "");
  return { ...ran, out: text(ran.out), err: text(ran.err) };
};

async function analysed(name: string): Promise<void> {
  expect((await run([`${name}.log`, "-q", "-o", `${name}.json`])).code).toBe(0);
}

const diff = async (...argv: string[]): Promise<Diff> => {
  const { out } = await run(["diff", ...argv, "--json"]);
  expectDiffJson(out);
  return JSON.parse(out);
};

/** Of 1 MiB, the program's noise would be no growth in any case. */
const STRICT = ["--min-delta", "32KiB"];

describe("another run of the same program", () => {
  const argv = ["check", "another.log", ...STRICT];

  test("fails against one run, and is within the noise of three", async () => {
    const alone = await run([...argv, "--baseline", "run-1.json"]);
    expect(alone.code).toBe(1);
    expect(alone.out).toContain("FAIL  rss is 408 KiB (304 KiB before, +34.2 %)");
    const { code, out, err } = await run([...argv, "--runs", ...RUNS]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    await expect(out).toMatchFileSnapshot("golden/check-noise.txt");
    const [block] = codeBlocks("docs/ci.md", "console").filter((text) => text.includes("--runs"));
    expect(block).toContain(out.trimEnd());
  });

  test("is the same with the baseline among the runs, or as one more", async () => {
    const among = await run([...argv, "--baseline", "run-1.json", "--runs", ...RUNS]);
    const beside = await run([...argv, "--baseline", "run-1.json", "--runs", ...RUNS.slice(1)]);
    expect(among.code).toBe(0);
    expect(beside.out).toBe(among.out);
    expect(among.out).toContain("304 KiB before, +34.2 %), within the noise\n      of 3 runs");
  });

  test("has its noise in the JSON report", async () => {
    const { out } = await run([...argv, "--json", "--runs", ...RUNS]);
    expectReportJson(out);
    const { budgets }: Report = JSON.parse(out);
    expect(budgets[0]).toMatchObject({
      key: "rss",
      ok: true,
      base: 315_392,
      noise: { runs: 3, least: 311_296, most: 692_224, within: true },
    });
  });

  test("is compared by diff, threads by name", async () => {
    const { out } = await run(["diff", "run-1.json", "another.json", "--runs", ...RUNS]);
    await expect(out).toMatchFileSnapshot("golden/diff-noise.txt");
    const compared = await diff("run-1.json", "another.json", "--runs", ...RUNS);
    expect(compared.runs).toEqual(RUNS.slice(1));
    expect(compared.threads.matchedBy).toBe("name");
    // The program does the same at each call site, whichever thread does it.
    expect(compared.callers.matched).toBe(true);
    expect(compared.callers.rows.filter(({ liveBytes }) => liveBytes.change !== 0)).toEqual([]);
  });

  test("keeps a budget of diff on growth", async () => {
    const budget = ["run-1.json", "another.json", "--budget", "rss<=+5%"];
    expect((await run(["diff", ...budget])).code).toBe(1);
    expect((await run(["diff", ...budget, "--runs", ...RUNS])).code).toBe(0);
  });
});

describe("the program with a leak", () => {
  test("fails, above the noise, and the leak's call site is named", async () => {
    const { code, out } = await run(["check", "leak.log", ...STRICT, "--runs", ...RUNS]);
    expect(code).toBe(1);
    await expect(out).toMatchFileSnapshot("golden/check-leak.txt");
    expect(out.replace(/\s+/g, " ")).toContain(
      "Most of the growth of live bytes: call site jobs+0x11f7, new, 439.5 KiB.",
    );
  });

  test("shows in diff what leaked, and of what kind the memory is", async () => {
    const { out } = await run(["diff", "run-1.json", "leak.json", "--runs", ...RUNS]);
    await expect(out).toMatchFileSnapshot("golden/diff-leak.txt");
    const { callers, causes, totals } = await diff("run-1.json", "leak.json", "--runs", ...RUNS);
    expect(callers.rows[0]).toMatchObject({
      caller: "jobs+0x11f7",
      liveBytes: { base: null, head: 450_000, noise: { least: 0, most: 0, within: false } },
      liveBlocks: { head: 150 },
    });
    // Causes add up to RSS: so do their changes.
    const grown = causes.reduce((sum, { endBytes }) => sum + endBytes.change, 0);
    expect(grown).toBe(totals[0]?.change);
    expect(causes[0]).toMatchObject({ cause: "live", endBytes: { change: 450_000 } });
  });

  test("names the call site against an absolute budget, too", async () => {
    const { code, out } = await run(["check", "leak.log", "--budget", "live<=400KiB"]);
    expect(code).toBe(1);
    expect(out).toContain("Most of it comes from call site jobs+0x11f7: 439.5 KiB (70.6 %).");
  });
});

test("threads that the log does not name are matched by their call sites", async () => {
  for (const name of ["run-2", "run-3"]) {
    const unnamed = logOf(name).replace(/^# thread .*\n/gm, "");
    writeFileSync(join(folder, `unnamed-${name}.log`), unnamed);
    await analysed(`unnamed-${name}`);
  }
  const { threads } = await diff("unnamed-run-2.json", "unnamed-run-3.json");
  expect(threads.matchedBy).toBe("site");
  const rows = threads.rows.map((row) => [row.site, row.threads.base, row.threads.head]);
  // Workers, the reporter, and the main thread, which allocates what its threads need. Of workers that request little, the
  // reports do not tell at which sites.
  expect(rows).toEqual([
    [null, 3, 1],
    ["jobs+0x1214", 1, 3],
    ["jobs+0x12c6", 1, 1],
    ["ld-linux-x86-64.so.2+0x10cb3", 1, 1],
  ]);
});

describe("--runs refuses", () => {
  test.each([
    [["check", "another.log", "--runs", "run-1.json"], 2, "--runs needs another report"],
    [
      ["diff", "run-1.json", "another.json", "--runs", "./run-1.json"],
      2,
      "--runs needs another report",
    ],
    [
      ["check", "--runs", "run-1.json", "run-2.json", "another.log"],
      3,
      "another.log: not valid JSON (--runs takes all words up to the next option); give a report",
    ],
    [
      ["check", "another.log", "--runs", "run-1.json", "-", "--baseline", "-"],
      2,
      "only one of the log and the earlier reports can be standard input (-)",
    ],
  ])("%j", async (argv, code, text) => {
    const refused = await run(argv);
    expect({ code: refused.code, out: refused.out }).toEqual({ code, out: "" });
    expect(refused.err).toContain(text);
    expect(refused.err.trimEnd().split("\n")).toHaveLength(1);
  });
});
