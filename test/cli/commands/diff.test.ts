import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Diff } from "../../../src/diff/diff.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { printJson } from "../../../src/report/writers/json.ts";
import type { GivenIo } from "../../support/fake-io.ts";
import { MiB, report, scenario, thread } from "../../support/report-builder.ts";
import { answers, mallog, newFolder } from "../../support/run-mallog.ts";

let folder: string;
beforeEach(() => {
  folder = newFolder();
  write("base.json", report({ scenarios: [scenario("as recorded", { endMiB: 19 })] }));
  write("head.json", report());
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => join(folder, name);
const write = (name: string, given: Report): void => writeFileSync(file(name), printJson(given));

function diff(argv: readonly string[], given: GivenIo = {}) {
  return mallog(["diff", ...argv], answers(), { cwd: folder, ...given });
}

const both = ["base.json", "head.json"];

test("the answer first; nothing is analysed", async () => {
  const { code, out, err, asked } = await diff(both);
  expect({ code, err, asked }).toEqual({ code: 0, err: "", asked: undefined });
  expect(out).toMatch(/^RSS at the end grew from 19 MiB to 20 MiB \(\+5\.3 %\)/);
  expect(out).toContain("Totals, from base.json to head.json");
});

test("one of the two reports may be standard input", async () => {
  const given = () => ({ stdin: Readable.from([printJson(report())]) });
  const { out } = await diff(["base.json", "-"], given());
  expect(out).toContain("from base.json to standard input");
  expect((await diff(["-", "-"], given())).err).toContain(
    "only one of the reports can be standard input",
  );
});

describe("budgets on changes", () => {
  test.each([
    ["rss<=+6%", 0],
    ["rss<=+5%", 1],
    ["rss<=+1MiB", 0],
    ["rss<=+1023KiB", 1],
    ["rss<=20MiB", 0],
    ["rss<=19MiB", 1],
    ["live<=+0%", 0],
    ["thread:100.live<=+0", 0],
  ])("%s: %i", async (text, code) => {
    expect((await diff([...both, "--budget", text])).code).toBe(code);
    expect((await diff([...both, "--budget", text, "--allow-failure"])).code).toBe(0);
  });

  test("failures are printed last; -q prints nothing else", async () => {
    const argv = [...both, "--budget", "rss<=+1%", "--budget", "live<=1GiB"];
    const { out } = await diff(argv);
    const failures = out.slice(out.indexOf("FAIL"));
    expect(failures).toContain("More: mallog diff base.json head.json --top 0\n1 of 2 budgets not");
    expect(await diff([...argv, "-q"])).toMatchObject({ code: 1, out: failures });
    expect((await diff([...both, "-q"])).out).toBe("");
  });

  test("from a file", async () => {
    const budgets = [{ name: "Growth", budget: "rss<=+1%" }];
    writeFileSync(file("b.json"), JSON.stringify({ budgets }));
    const { code, out } = await diff([...both, "--config", "b.json"]);
    expect(code).toBe(1);
    expect(out).toContain("FAIL  Growth: rss is 20 MiB (19 MiB before, +5.3 %)");
  });

  test("in GitHub Actions: annotations, and the text in the summary", async () => {
    const name = "``` ![x](y)";
    write("head.json", report({ threads: [thread(100, { name, liveBytes: MiB })] }));
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: file("summary.md") };
    const { code, err } = await diff([...both, "--budget", "rss<=+1%"], { env });
    expect(code).toBe(1);
    expect(err).toMatch(/^::error title=Memory budget rss growth::rss is 20 MiB/);
    const summary = readFileSync(file("summary.md"), "utf8");
    expect(summary).toMatch(/^````text\nRSS at the end grew/);
    expect(summary).toMatch(/\n````\n$/);
  });
});

describe("output", () => {
  test("--json and files hold the same comparison", async () => {
    const argv = [...both, "--budget", "rss<=+1%", "-o", "d.json", "-o", "d.txt"];
    const { out, err } = await diff([...argv, "--json"]);
    expect(readFileSync(file("d.json"), "utf8")).toBe(out);
    expect(err).toMatch(/^FAIL {2}rss/);
    const parsed: Diff = JSON.parse(out);
    expect(parsed).toMatchObject({
      schema: "mallog.diff/1",
      base: "base.json",
      head: "head.json",
      budgets: [{ key: "rss", base: 19 * MiB, ok: false }],
    });
    expect(parsed.totals[0]).toEqual({
      key: "rss",
      unit: "bytes",
      base: 19 * MiB,
      head: 20 * MiB,
      change: MiB,
    });
    expect(readFileSync(file("d.txt"), "utf8")).toContain("FAIL  rss");
    expect((await diff([...argv, "--json"])).out).toBe(out);
  });
});

describe("reports that cannot be compared", () => {
  test.each([
    [["base.json"], 2, "missing required argument 'head'"],
    [["base.json", "head.json", "more.json"], 2, "too many arguments"],
    [[...both, "--budget", "rsss<=1"], 2, "no key rsss (did you mean rss?)"],
    [[...both, "--budget", "rss@MALLOC_ARENA_MAX=1<=1"], 2, "head.json: no scenario MALLOC_ARENA"],
    [
      [...both, "--budget", "thread:7.live<=+1"],
      2,
      "head.json: no thread 7; known threads: 100, 101",
    ],
    [
      [...both, "-o", "d.html"],
      2,
      "-o d.html: unknown format; end the file's name in .txt or .json",
    ],
    [[...both, "-o", "base.json"], 2, "-o base.json: is also an input"],
    [["base.json", "no.json"], 3, "no.json: no such file"],
    [["bad.json", "head.json"], 3, "bad.json: not valid JSON; give a report made with"],
    [["later.json", "head.json"], 3, 'later.json: has schema "mallog.report/2"'],
  ])("%j: %i, %s", async (argv, code, text) => {
    writeFileSync(file("bad.json"), "16342 0.1 malloc(1) = 0x10\n");
    writeFileSync(file("later.json"), '{"schema":"mallog.report/2"}');
    const before = readdirSync(folder);
    const refused = await diff([...argv]);
    expect({ code: refused.code, out: refused.out }).toEqual({ code, out: "" });
    expect(refused.err).toContain(text);
    expect(refused.err.trimEnd().split("\n")).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(before);
  });
});
