import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Report } from "../../src/report/report.ts";
import { casesOf, OWN_CORPUS } from "../support/corpus.ts";
import { commandIs, mallogHere } from "../support/mallog-command.ts";
import { blocksOf } from "../support/readme.ts";
import { expectReportJson } from "../support/report-schema.ts";
import { sharedFolder } from "../support/run-mallog.ts";

/** README's recipe for a fleet, as it stands there, over the logs of fixtures/corpus and one that is none. */

const HEADING = "### A log a pod, thousands of pods";
const [onOneHost = "", onMany = ""] = blocksOf(HEADING, "sh");
const [inSpark = ""] = blocksOf(HEADING, "python");
const sql = blocksOf(HEADING, "sql");

const hasParallel = spawnSync("parallel", ["--version"]).status === 0;
const pods = casesOf(OWN_CORPUS).map(({ name }) => name);

describe.skipIf(!hasParallel)("a fleet", () => {
  let folder: string;

  function shell(script: string, env: Record<string, string> = {}) {
    const path = `${join(folder, "bin")}:${process.env.PATH}`;
    return spawnSync("bash", ["-c", script], {
      cwd: folder,
      env: { PATH: path, HOME: folder, ...env },
      encoding: "utf8",
    });
  }

  beforeAll(() => {
    folder = sharedFolder();
    mkdirSync(join(folder, "logs"));
    for (const { name, folder: from } of casesOf(OWN_CORPUS)) {
      symlinkSync(join(from, "trace.log.gz"), join(folder, "logs", `${name}.log.gz`));
    }
    writeFileSync(join(folder, "logs", "broken.log.gz"), "no log\n");
    // Each run also leaves its JSON, so that there is something to compare with.
    commandIs(join(folder, "bin"), "mallog", `${mallogHere()} "$@" -o "$HOME/json/$$.json"`);
    mkdirSync(join(folder, "json"));
    // Without what the README calls a failed log there would be nothing to see of exit codes.
    expect(shell(onOneHost).status).toBe(1);
  }, 600_000);

  afterAll(() => rmSync(folder, { recursive: true }));

  test("has one report a log, and the exit code of each", () => {
    const expected = pods.map((name) => `${name}.log.gz.ndjson`);
    expect(readdirSync(join(folder, "reports")).sort()).toEqual(expected.sort());
    const [, ...jobs] = readFileSync(join(folder, "jobs.tsv"), "utf8").trimEnd().split("\n");
    const codes = jobs.map((line) => line.split("\t")).map((cells) => [cells[6], cells[8]]);
    expect(codes).toHaveLength(pods.length + 1);
    for (const [code, command] of codes) {
      expect(code).toBe(command?.endsWith("logs/broken.log.gz") ? "3" : "0");
    }
  });

  test("has reports as the schema has them", () => {
    for (const name of readdirSync(join(folder, "reports"))) {
      expectReportJson(readFileSync(join(folder, "reports", name), "utf8"));
    }
  });

  test("shares are the whole list, and none of it twice", () => {
    commandIs(join(folder, "bin"), "mallog", `echo "$4" >>"$HOME/asked.$JOB_COMPLETION_INDEX"`);
    const shares = [0, 1, 2].map((index) => {
      const env = { JOB_COMPLETION_INDEX: String(index), SHARDS: "3" };
      expect(shell(onMany, env).status).toBe(0);
      return readFileSync(join(folder, `asked.${index}`), "utf8")
        .trimEnd()
        .split("\n");
    });
    const part = (pods.length + 1) / 3;
    for (const share of shares) {
      expect(Math.abs(share.length - part)).toBeLessThan(1);
    }
    const list = readFileSync(join(folder, "logs.txt"), "utf8").trimEnd().split("\n");
    expect(shares.flat().sort()).toEqual(list.sort());
  });

  test("what Spark pipes the list into prints a line a log", () => {
    const [, command = ""] = /\.pipe\(r"([^"]+)"\)/.exec(inSpark) ?? [];
    commandIs(join(folder, "bin"), "mallog", `${mallogHere()} "$@"`);
    const { stdout } = shell(`head -n 2 logs.txt | ${command}`);
    const lines = stdout.trimEnd().split("\n");
    const sources = lines.map((line): string[] => {
      expectReportJson(line);
      const { trace }: Report = JSON.parse(line);
      return [...trace.sources];
    });
    const list = readFileSync(join(folder, "logs.txt"), "utf8").split("\n");
    const read = list.slice(0, 2).filter((log) => log !== "logs/broken.log.gz");
    expect(sources).toEqual(read.map((log) => [log]));
  });

  test("DuckDB answers as the single JSON reports do", async () => {
    const reports = readdirSync(join(folder, "json")).map(
      (name): Report => JSON.parse(readFileSync(join(folder, "json", name), "utf8")),
    );
    expect(reports).toHaveLength(pods.length);
    const [worst, best] = await answers(folder);
    expect(worst).toEqual(worstOf(reports));
    expect(best).toEqual(bestOf(reports));
    expect(best?.map(({ setting }) => setting)).toContain("MALLOC_ARENA_MAX=1,malloc_trim=end");
  });
});

type Row = Record<string, unknown>;

/** Rows of each query of the README, numbers as numbers. */
async function answers(folder: string): Promise<Row[][]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run(`SET file_search_path = '${folder}'`);
    const rows: Row[][] = [];
    for (const statement of sql.join("").split(/;\n/)) {
      if (statement.trim() === "") {
        continue;
      }
      const found = (await connection.runAndReadAll(statement)).getRowObjects();
      if (/^\s*CREATE/.test(statement)) {
        continue;
      }
      rows.push(found.map(plain));
    }
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function plain(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      typeof value === "bigint" ? Number(value) : value,
    ]),
  );
}

function worstOf(reports: readonly Report[]): Row[] {
  const rows = reports.map(({ trace, live, scenarios: [recorded] }) => ({
    log: trace.sources[0] ?? "",
    peakBytes: recorded?.rss.peakBytes ?? Number.NaN,
    beyondLiveBytes: (recorded?.rss.endBytes ?? Number.NaN) - live.bytes,
  }));
  rows.sort((a, b) => b.beyondLiveBytes - a.beyondLiveBytes || (a.log < b.log ? -1 : 1));
  return rows.slice(0, 10);
}

function bestOf(reports: readonly Report[]): Row[] {
  const names = reports[0]?.scenarios.map(({ name }) => name) ?? [];
  const rows = names.flatMap((setting) => {
    const row = { setting, endBytes: 0, peakBytes: 0, podsWithHigherPeak: 0 };
    for (const { scenarios } of reports) {
      const recorded = scenarios[0] ?? expect.fail();
      const { rss, failedCalls } = scenarios.find(({ name }) => name === setting) ?? expect.fail();
      if (failedCalls > recorded.failedCalls) {
        return [];
      }
      row.endBytes += rss.endBytes;
      row.peakBytes += rss.peakBytes;
      if (rss.peakBytes > recorded.rss.peakBytes) {
        row.podsWithHigherPeak++;
      }
    }
    return [row];
  });
  return rows.sort((a, b) => a.endBytes - b.endBytes || (a.setting < b.setting ? -1 : 1));
}
