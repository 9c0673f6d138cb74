import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { LoggedProgram } from "../support/model-log.ts";
import { mallog, newFolder } from "../support/run-mallog.ts";

const analyse = reportOfLog("0.0.0", null);
const LACKING = "glibc.malloc.tcache_count=0";
const WHAT_IFS = ["--what-if", LACKING, "--what-if", "MALLOC_TOP_PAD_=0"];

describe("a what-if that the log's glibc lacks", () => {
  let log: string;
  beforeEach(() => {
    log = join(newFolder(), "log");
  });

  /** Writes the log of a program under 2.17. */
  function write(...comments: string[]): void {
    const p = new LoggedProgram("2.17");
    for (let i = 0; i < 20; i++) {
      p.malloc(100);
    }
    writeFileSync(log, [...comments, ...p.lines, ""].join("\n"));
  }

  test("has a row that says so, and the run ends with 0", async () => {
    write("# glibc 2.17");
    const { code, out, err } = await mallog([log, ...WHAT_IFS], analyse);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^glibc\.malloc\.tcache_.*not in glibc 2\.17$/m);
    expect(out).toContain("MALLOC_TOP_PAD_=0");
  });

  test("is in the JSON report, apart from the scenarios", async () => {
    write("# glibc 2.17");
    const { code, out } = await mallog([log, "--json", ...WHAT_IFS], analyse);
    const { scenarios, unavailable }: Report = JSON.parse(out);
    expect(code).toBe(0);
    expect(scenarios.map(({ name }) => name)).toEqual(["as recorded", "MALLOC_TOP_PAD_=0"]);
    expect(unavailable).toMatchObject([{ name: LACKING, glibc: "2.17" }]);
  });

  test("is wrong usage if the user has stated the version", async () => {
    write();
    const { code, err } = await mallog([log, "--glibc", "2.17", ...WHAT_IFS], analyse);
    expect(code).toBe(2);
    expect(err).toContain("2.17");
  });
});

describe("a log in which all calls of free are unread", () => {
  const lines = ["7 0.1 malloc(1000) = 0x5581000002a0", "7 0.2 free(0x5581000002a0) = gone", ""];
  const budget = ["--budget", "live<=1GiB"];

  test.each([[[]], [["--no-model"]], [["--json"]]])("ends with 3, with %j", async (options) => {
    const log = join(newFolder(), "log");
    writeFileSync(log, lines.join("\n"));
    expect((await mallog([log, ...options], analyse)).code).toBe(3);
    expect((await mallog(["check", log, ...budget, ...options], analyse)).code).toBe(3);
  });

  test("says so first", async () => {
    const log = join(newFolder(), "log");
    writeFileSync(log, lines.join("\n"));
    const first = "50 % of the lines, all calls of free, were not read: line 2: 7 0.2";
    expect((await mallog([log], analyse)).out.trimStart().startsWith(first)).toBe(true);
    expect((await mallog(["check", log, ...budget], analyse)).out.startsWith(first)).toBe(true);
  });
});
