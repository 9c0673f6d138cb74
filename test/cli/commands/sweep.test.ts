import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import { OWN_CORPUS } from "../../support/corpus.ts";
import { codeBlocks } from "../../support/documents.ts";
import { remembered } from "../../support/remembered.ts";
import { expectSweepJson } from "../../support/report-schema.ts";
import { mallog, newFolder } from "../../support/run-mallog.ts";

const analyse = remembered(reportOfLog("test", null));
const THREADS = join(OWN_CORPUS, "threadfrag-g217", "trace.log.gz");
const JEMALLOC = fileURLToPath(
  new URL("../../../fixtures/allocators/jemalloc-perl.log.gz", import.meta.url),
);
const GRID = ["--grid", "MALLOC_ARENA_MAX=recorded,1,2", "--grid", "malloc_trim=recorded,end"];

const sweep = (argv: readonly string[], columns = 80) =>
  mallog(["sweep", ...argv], analyse, { env: { COLUMNS: String(columns) } });

describe("mallog sweep prints", () => {
  test.each([60, 80, 120])("all combinations in %i columns", async (columns) => {
    const { out, code, err } = await sweep([THREADS, ...GRID], columns);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n").filter((line) => [...line].length > columns)).toEqual([]);
    await expect(out).toMatchFileSnapshot(`golden/sweep-${columns}.txt`);
  });

  test("JSON, with the figures of the report", async () => {
    const { out, code } = await sweep([THREADS, ...GRID, "--json"]);
    expect(code).toBe(0);
    expectSweepJson(out);
    const { grid, scenarios, model } = JSON.parse(out);
    expect(grid).toEqual([
      { name: "MALLOC_ARENA_MAX", values: ["recorded", "1", "2"] },
      { name: "malloc_trim", values: ["recorded", "end"] },
    ]);
    expect(model.fidelity.ratio).toBe(1);
    expect(scenarios).toHaveLength(6);
    const whatIf = ["--what-if", "MALLOC_ARENA_MAX=2,malloc_trim=end"];
    const { out: text } = await mallog([THREADS, ...whatIf, "--json"], analyse);
    const report = JSON.parse(text);
    for (const { rss, systemCalls, pageFaults, name } of report.scenarios) {
      const same = scenarios.find((one: { name: string }) => one.name === name);
      expect(same).toMatchObject({ rss, systemCalls, pageFaults });
    }
    // Fewer arenas cost no calls, and madvise makes room at the end.
    const [recorded, trimmed] = report.scenarios;
    expect(trimmed.systemCalls.madvise).toBeGreaterThan(recorded.systemCalls.madvise);
  });

  test("combinations that the log's glibc does not have", async () => {
    const { out, code } = await sweep([THREADS, "--grid", "glibc.malloc.tcache_count=0"]);
    expect(code).toBe(0);
    expect(out).toContain("under 1 combination of settings");
    expect(out).toContain("not in glibc 2.25");
  });

  test("a part of the rows, and files", async () => {
    const folder = newFolder();
    const files = ["a.txt", "b.json"].map((name) => join(folder, name));
    const argv = [THREADS, ...GRID, "--top", "2", "-q", "-o", files[0]!, "-o", files[1]!];
    const { out, code } = await sweep(argv);
    expect({ out, code }).toEqual({ out: "", code: 0 });
    const text = readFileSync(files[0]!, "utf8");
    expect(text).toContain("… 3 more");
    expect(text).toMatch(/^ {3}as recorded /m);
    expectSweepJson(readFileSync(files[1]!, "utf8"));
  });
});

describe("mallog sweep ends with", () => {
  test.each([
    [[], "no grid given; add --grid 'MALLOC_ARENA_MAX=1,2,4'"],
    [["--grid", "MALLOC_ARENA_MAX"], "give a setting and its values"],
    [["--grid", "MALLOC_ARENA_MX=1"], "unknown setting MALLOC_ARENA_MX (did you mean"],
    [["--grid", "malloc_trim=never"], "malloc_trim=never: give end, or an interval"],
    [["--grid", "glibc=1.0"], "not modelled"],
    [["--grid", "MALLOC_ARENA_MAX=1", "--what-if", "cpus=1"], "unknown option '--what-if'"],
    [["--grid", "MALLOC_ARENA_MAX=1", "-o", "sweep.csv"], "sweep.csv"],
  ])("2 and one line after %j", async (argv, message) => {
    const { out, err, code } = await sweep([THREADS, ...argv]);
    expect({ out, code }).toEqual({ out: "", code: 2 });
    expect(err).toContain(message);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test("3 if there is no call in the log", async () => {
    const { out, err, code } = await sweep(["--grid", "MALLOC_ARENA_MAX=1"]);
    expect({ out, code }).toEqual({ out: "", code: 3 });
    expect(err).toContain("empty");
  });

  test("4 if the log does not support the model, unless that is allowed", async () => {
    const argv = [JEMALLOC, "--grid", "MALLOC_ARENA_MAX=1"];
    const { out, err, code } = await sweep(argv);
    expect({ out, code }).toEqual({ out: "", code: 4 });
    expect(err).toContain("jemalloc");
    const allowed = await sweep([...argv, "--allow-unreliable"]);
    expect(allowed.code).toBe(0);
    expect(allowed.out).toContain("Sweep");
  });
});

test("docs/sweep.md quotes what is printed", async () => {
  const { out } = await sweep([THREADS, ...GRID]);
  const [quoted = ""] = codeBlocks("docs/sweep.md", "text");
  expect(out.slice(0, quoted.length)).toBe(quoted);
  expect(quoted).toContain("*  MALLOC_ARENA_MAX=1");
});
