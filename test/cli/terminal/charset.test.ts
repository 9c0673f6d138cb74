import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import { isAsciiOnly } from "../../../src/cli/terminal/capabilities.ts";
import { FakeOutput } from "../../support/fake-io.ts";
import { mallog, sharedFolder } from "../../support/run-mallog.ts";

const LEAK = fileURLToPath(new URL("../../../fixtures/runs/leak.log.gz", import.meta.url));

const cwd = sharedFolder();
afterAll(() => rmSync(cwd, { recursive: true }));

const analyse = reportOfLog("test", null);

/** The same log, with names in other scripts. */
beforeAll(async () => {
  const log = gunzipSync(readFileSync(LEAK)).toString();
  const [tid] = /^\d+/m.exec(log) ?? [];
  writeFileSync(join(cwd, "größe.log"), `${log}# thread ${tid} größe 線程 👷\n${tid} mark(Käse)\n`);
  await mallog(named(["größe.log", "-q", "-o", "größe.json"]), analyse, { cwd });
});

/** Logs are opened as the process names them. */
const named = (argv: readonly string[]) =>
  argv.map((word) => (word === "größe.log" ? join(cwd, word) : word));

async function runIn(env: Record<string, string>, argv: readonly string[], columns = 100) {
  const [stdout, stderr] = [new FakeOutput({ columns }), new FakeOutput({ columns })];
  const { code, out, err } = await mallog(named(argv), analyse, { cwd, env, stdout, stderr });
  return { code, out, err };
}

const COMMANDS: readonly (readonly [argv: readonly string[], code: number])[] = [
  [["größe.log", "--plot"], 0],
  [["größe.log", "--by", "caller", "--top", "0"], 0],
  [["größe.log", "--by", "size"], 0],
  [["check", "größe.log", "--budget", "rss<=1KiB"], 1],
  [["diff", "größe.json", "größe.json"], 0],
  [["inspect", "größe.log", "--at", "mark:Käse", "--bins", "--map", "--trim"], 0],
  [["sweep", "größe.log", "--grid", "MALLOC_ARENA_MAX=1,2"], 0],
  [["--help"], 0],
  [["shrink", "--help"], 0],
  [["convert", "--help"], 0],
  [["größe.lag"], 3],
  [["--größe"], 2],
  [["größe.log", "--what-if", "größe=1"], 2],
  [["inspect", "größe.log", "--at", "mark:Köse"], 2],
];

test.each(COMMANDS)("nothing but ASCII leaves under LC_ALL=C: %j", async (argv, code) => {
  const found = await runIn({ LC_ALL: "C" }, argv);
  expect(found.out + found.err).toMatch(/^[\0-\x7f]+$/);
  expect(found.code).toBe(code);
});

test.each(COMMANDS)("the same holds for pipes: %j", async (argv, code) => {
  const env = { LC_ALL: "POSIX" };
  const found = await mallog(named(argv), analyse, { cwd, env });
  expect(found.out + found.err).toMatch(/^[\0-\x7f]+$/);
  expect(found.code).toBe(code);
});

test("names are escaped, and files stay UTF-8", async () => {
  const { out } = await runIn({ LC_ALL: "C" }, ["größe.log", "-o", "report.txt"]);
  expect(out).toContain(String.raw`gr\xf6\xdfe`);
  expect(readFileSync(join(cwd, "report.txt"), "utf8")).toContain("größe");
});

test("JSON stays UTF-8", async () => {
  const { out } = await runIn({ LC_ALL: "C" }, ["größe.log", "--json"]);
  expect(out).toContain("größe");
});

describe("columns stay where they are", () => {
  test.each([
    ["--plot", []],
    ["by caller", ["--by", "caller"]],
  ])("%s", async (_, options) => {
    // No sparklines in either: they have columns of their own.
    const utf8 = await runIn({ LC_ALL: "C.UTF-8", TERM: "linux" }, [LEAK, ...options]);
    const ascii = await runIn({ LC_ALL: "C" }, [LEAK, ...options]);
    const lines = utf8.out.split("\n");
    const others = ascii.out.split("\n");
    const isTable = (line: string) => / {2}/.test(line.trim()) && !/[≥≤→]/.test(line);
    const tables = lines
      .map((line, i) => [line, others[i] ?? ""] as const)
      .filter(([line]) => isTable(line));
    expect(tables.length).toBeGreaterThan(5);
    expect(tables.filter(([line, other]) => line.length !== other.length)).toEqual([]);
  });
});

describe("the locale", () => {
  const terminal = new FakeOutput({ columns: 80 });
  const pipe = new FakeOutput();
  test.each([
    ["LC_ALL=C", pipe, { LC_ALL: "C", LANG: "de_DE.UTF-8" }, true],
    ["LC_CTYPE", pipe, { LC_CTYPE: "de_DE.ISO-8859-1", LANG: "de_DE.UTF-8" }, true],
    ["LANG", pipe, { LANG: "C" }, true],
    ["UTF-8", terminal, { LANG: "C.utf8" }, false],
    ["an empty LC_ALL counts as none", terminal, { LC_ALL: "", LANG: "en_US.UTF-8" }, false],
    ["none, on a terminal", terminal, {}, true],
    ["none, in a pipe", pipe, {}, false],
  ])("%s", (_, stream, env, expected) => expect(isAsciiOnly(stream, env)).toBe(expected));
});
