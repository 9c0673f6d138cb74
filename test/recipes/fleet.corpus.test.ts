import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Report, Scenario } from "../../src/report/contract/report.ts";
import { casesOf, OWN_CORPUS } from "../support/corpus.ts";
import { codeBlocks } from "../support/documents.ts";
import { mallogCommand, writeCommand } from "../support/mallog-command.ts";
import { expectReportJson } from "../support/report-schema.ts";
import { sharedFolder } from "../support/run-mallog.ts";

/** Runs the recipes of docs/fleet.md on shorter logs of fixtures/corpus, and on one file that is not a log. */

const GUIDE = "docs/fleet.md";
const [onOneHost = "", onMany = ""] = codeBlocks(GUIDE, "sh");
const [inSpark = ""] = codeBlocks(GUIDE, "python");
const sql = codeBlocks(GUIDE, "sql");

const hasParallel = spawnSync("parallel", ["--version"]).status === 0;
/** More than the ten rows that the first query shows. */
const logs = casesOf(OWN_CORPUS).filter(({ meta }) => (meta.traces.default?.lines ?? 0) < 100_000);
const pods = logs.map(({ name }) => name);

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
    for (const { name, folder: from } of logs) {
      symlinkSync(join(from, "trace.log.gz"), join(folder, "logs", `${name}.log.gz`));
    }
    writeFileSync(join(folder, "logs", "broken.log.gz"), "not a log\n");
    // Each run also writes its JSON, for comparison.
    writeCommand(join(folder, "bin"), "mallog", `${mallogCommand()} "$@" -o "$HOME/json/$$.json"`);
    mkdirSync(join(folder, "json"));
    // One log fails, so that the exit codes differ.
    expect(shell(onOneHost).status).toBe(1);
  }, 600_000);

  afterAll(() => rmSync(folder, { recursive: true }));

  test("has one report for each log, and all exit codes", () => {
    const expected = pods.map((name) => `${name}.log.gz.ndjson`);
    expect(readdirSync(join(folder, "reports")).sort()).toEqual(expected.sort());
    const [, ...jobs] = readFileSync(join(folder, "jobs.tsv"), "utf8").trimEnd().split("\n");
    const codes = jobs.map((line) => line.split("\t")).map((cells) => [cells[6], cells[8]]);
    expect(codes).toHaveLength(pods.length + 1);
    for (const [code, command] of codes) {
      expect(code).toBe(command?.endsWith("logs/broken.log.gz") ? "3" : "0");
    }
  });

  test("its reports fit the schema", () => {
    for (const name of readdirSync(join(folder, "reports"))) {
      expectReportJson(readFileSync(join(folder, "reports", name), "utf8"));
    }
  });

  test("the shares partition the list", () => {
    writeCommand(join(folder, "bin"), "mallog", `echo "$4" >>"$HOME/logs.$JOB_COMPLETION_INDEX"`);
    const shares = [0, 1, 2].map((index) => {
      const env = { JOB_COMPLETION_INDEX: String(index), SHARDS: "3" };
      expect(shell(onMany, env).status).toBe(0);
      return readFileSync(join(folder, `logs.${index}`), "utf8")
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

  test("the command that Spark pipes the list into prints one line for each log", () => {
    const [, command = ""] = /\.pipe\(r"([^"]+)"\)/.exec(inSpark) ?? [];
    writeCommand(join(folder, "bin"), "mallog", `${mallogCommand()} "$@"`);
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

  test("DuckDB's answers agree with the single JSON reports", async () => {
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

/** The rows of each query of the guide; BIGINT as number. */
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
  const inAll = ({ name }: Scenario): boolean =>
    reports.every(({ scenarios }) => scenarios.some((one) => one.name === name));
  const names = reports[0]?.scenarios.filter(inAll).map(({ name }) => name) ?? [];
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
