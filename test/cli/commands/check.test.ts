import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { run } from "../../../src/cli/command-line.ts";
import type { Analyse } from "../../../src/cli/io.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { printJson } from "../../../src/report/writers/json.ts";
import { fakeIo, type GivenIo } from "../../support/fake-io.ts";
import { MiB, MODEL, report, scenario, thread } from "../../support/report-builder.ts";
import { expectReportJson } from "../../support/report-schema.ts";
import { answers, mallog, newFolder } from "../../support/run-mallog.ts";

let folder: string;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => join(folder, name);

/** A report with every scenario that was asked for; each lowers RSS by 1 MiB more. */
const ANALYSIS: Analyse = async (_, { whatIfs, model }) =>
  report({
    ...(model ? {} : { model: null }),
    threads: [thread(100, { name: "main" }), thread(101, { liveBytes: 1 * MiB })],
    scenarios: model
      ? ["as recorded", ...whatIfs.map(({ name }) => name)].map((name, i) =>
          scenario(name, { endMiB: 20 - i, peakMiB: 24 - i }),
        )
      : [],
  });

function check(argv: readonly string[], given: GivenIo = {}, analyse: Analyse = ANALYSIS) {
  return mallog(["check", ...argv], analyse, { cwd: folder, ...given });
}

function budget(...texts: readonly string[]): string[] {
  return texts.flatMap((text) => ["--budget", text]);
}

describe("a budget", () => {
  test("that is kept: one line, and 0", async () => {
    expect(await check(["x.log", ...budget("rss<=20MiB", "live<=1GiB")])).toMatchObject({
      code: 0,
      out: "ok    rss is 20 MiB (limit 20 MiB)\nok    live is 10 MiB (limit 1,024 MiB)\n2 budgets kept\n",
      err: "",
    });
  });

  test("that is not kept: the reason, a cure, a command that shows more, and 1", async () => {
    const { code, out, err } = await check([
      "my log",
      "--glibc=2.36",
      "--thp",
      "never",
      ...budget("rss<=19.5MiB", "live<=1GiB", "rss@MALLOC_ARENA_MAX=8<=1MiB"),
    ]);
    expect({ code, err }).toEqual({ code: 1, err: "" });
    await expect(out).toMatchFileSnapshot("golden/check-exceeded.txt");
  });

  test("that is not kept, with --allow-failure: reported, but 0", async () => {
    const { code, out } = await check(["x.log", "--allow-failure", ...budget("rss<=1MiB")]);
    expect(code).toBe(0);
    expect(out).toContain("FAIL  rss is 20 MiB");
    expect(out).toContain("1 of 1 budget not kept: rss (allowed: --allow-failure)");
  });

  test("for a log on standard input: no command that shows more", async () => {
    expect((await check(budget("rss<=1MiB"))).out).not.toContain("More:");
    expect((await check(["-", ...budget("rss<=1MiB")])).out).not.toContain("More:");
  });

  test("-q prints only those that are not kept", async () => {
    const { out } = await check(["x.log", "-q", ...budget("rss<=1MiB", "live<=1GiB")]);
    expect(out).toMatch(/^FAIL {2}rss/);
    expect((await check(["x.log", "-q", ...budget("live<=1GiB")])).out).toBe("");
  });
});

describe("options that the analysis gets", () => {
  const names = async (argv: readonly string[]) =>
    (await check(argv)).asked?.options.whatIfs.map(({ name }) => name);

  test("the scenario of a budget, once, after those of --what-if", async () => {
    const defaults = await names(["x", ...budget("rss<=1")]);
    expect(defaults).toHaveLength(4);
    const own = budget(
      "rss@MALLOC_ARENA_MAX=1<=1",
      "rss@MALLOC_TOP_PAD_=0<=1",
      "rss@as recorded<=1",
    );
    expect(await names(["x", ...own])).toEqual([...(defaults ?? []), "MALLOC_TOP_PAD_=0"]);
    expect(await names(["x", "--no-what-if", ...own])).toEqual([
      "MALLOC_ARENA_MAX=1",
      "MALLOC_TOP_PAD_=0",
    ]);
    const whatIf = [
      "--what-if",
      "MALLOC_TOP_PAD_=0 , malloc_trim=end",
      ...budget("rss@MALLOC_TOP_PAD_=0, malloc_trim=end<=1"),
    ];
    expect(await names(["x", ...whatIf])).toEqual(["MALLOC_TOP_PAD_=0,malloc_trim=end"]);
  });

  test("the model's options", async () => {
    const { asked } = await check(["x", "--glibc", "2.41", "--cpus", "2", ...budget("rss<=1")]);
    expect(asked?.options).toMatchObject({ glibc: "2.41", cpus: 2 });
  });
});

describe("refused with 2 and one line, before the log is read", () => {
  test.each([
    [
      [],
      "no budget given; add --budget 'rss<=900MiB', mallog.config.json, or --baseline BASE.json; see mallog check --help",
    ],
    [budget("rss"), "--budget 'rss': no comparison; give KEY<=VALUE, in quotes"],
    [budget("rsss<=1"), "--budget 'rsss<=1': no key rsss (did you mean rss?); see mallog check"],
    [
      budget("x<=1"),
      "no key x; known keys: rss, peak-rss, live, peak-live, fragmentation, leaked-",
    ],
    [budget("rss@MALLOC_ARENA_MX=1<=1"), "(did you mean MALLOC_ARENA_MAX?)"],
    [budget("rss@fast<=1"), '@fast: "fast" is not of the form NAME=VALUE'],
    [budget("rss<=+5%"), "growth is relative to an earlier report; add --baseline BASE.json"],
    [["--fail-increase", "5%", ...budget("rss<=1")], "--fail-increase needs --baseline BASE.json"],
    [["--min-delta", "1MiB", ...budget("rss<=1")], "--min-delta needs --baseline BASE.json"],
    [["--fail-increase", "5"], "--fail-increase 5: give a percentage like 5%"],
    [["--no-model", ...budget("rss<=1")], "rss needs the model; leave out --no-model"],
    [
      ["--budgt", "rss<=1"],
      "unknown option '--budgt' (did you mean --budget?); see mallog check --help",
    ],
    [["--config", "no.json"], "no.json: no such file"],
    [["--config", "."], ".: is a directory"],
    [["--baseline", "-"], "only one of the log and the earlier reports can be standard input (-)"],
    [budget("live.byts<=1"), "no key live.byts (did you mean live.bytes?)"],
    [budget("rss.endByte@malloc_trim=end<=1"), "no key rss.endByte (did you mean rss.endBytes?)"],
    [budget("thread:7.liveByte<=1"), "no key liveByte (did you mean liveBytes?)"],
    [budget("model.glibc<=1"), "model.glibc is not a number"],
    [budget("\u001b[2J<=1"), "\\x1b[2J<=1"],
  ])("%j: %s", async (argv, text) => {
    const { code, out, err, asked } = await check(argv);
    expect({ code, out, asked }).toEqual({ code: 2, out: "", asked: undefined });
    expect(err).toContain(text);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(err).not.toContain("\u001b");
  });

  test("a terminal on standard input and no log: short help", async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    expect((await check(budget("rss<=1"), { stdin })).code).toBe(2);
  });
});

test.each([
  ["thread:105.live<=1", "no thread 105 (did you mean 100?)"],
  ["thread:mian.live<=1", "no thread mian; known threads: 100, main, 101"],
  ["model.holes.lines<=1", "model.holes is unknown for this log (null)"],
])("%s: refused with 2 also if only the report shows the error", async (text, reason) => {
  const { code, out, err } = await check(["x", "-o", "r.json", ...budget(text)]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toBe(`mallog: --budget '${text}': ${reason}; see mallog check --help\n`);
  expect(readdirSync(folder)).toEqual([]);
});

test("an unusable log: 3", async () => {
  const trace = { ...report().trace, events: 0 };
  expect((await check(budget("rss<=1"), {}, answers({ trace }))).code).toBe(3);
});

test("an interrupted run: 130, even if a budget is not kept", async () => {
  const untilAborted: Analyse = async (_, __, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return report({ complete: false });
  };
  const io = fakeIo({ cwd: folder });
  const running = run(["check", "x", ...budget("rss<=1")], io, untilAborted);
  await vi.waitFor(() => expect(io.signals.listenerCount("SIGINT")).toBe(1));
  io.signals.emit("SIGINT", "SIGINT");
  expect(await running).toBe(130);
  expect(io.stdout.text).toMatch(/^Interrupted: all figures cover the first/);
  expect(io.stdout.text).toContain("FAIL  rss");
});

describe("output", () => {
  const argv = ["x.log", ...budget("rss<=19MiB", "live<=1GiB"), "-o", "r.json", "-o", "r.txt"];

  test("the report has the budgets, as its schema describes them", async () => {
    expect((await check(argv)).code).toBe(1);
    const json = readFileSync(file("r.json"), "utf8");
    expectReportJson(json);
    const written: Report = JSON.parse(json);
    expect(written.budgets).toEqual([
      {
        key: "rss",
        unit: "bytes",
        operator: "<=",
        limit: 19 * MiB,
        actual: 20 * MiB,
        base: null,
        ok: false,
        name: null,
        message: null,
        explanation: [
          "10 MiB are live, most of it from thread 100 (main): 5 MiB (83.3 %).",
          "MALLOC_ARENA_MAX=2 would keep the budget: 17 MiB.",
        ],
        command: "mallog --sort live x.log",
      },
      expect.objectContaining({ key: "live", ok: true, explanation: [], command: null }),
    ]);
    expect(readFileSync(file("r.txt"), "utf8")).toMatch(/^ok {4}live is 10 MiB.*\nFAIL {2}rss/);
  });

  test("--json: only the report on standard output; failures on standard error", async () => {
    const { code, out, err } = await check([...argv, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ budgets: [{ ok: false }, { ok: true }] });
    expect(err).toMatch(/^FAIL {2}rss is 20 MiB/);
    expect(err).not.toContain("ok ");
  });

  test("two runs give the same bytes", async () => {
    const first = await check(argv);
    const files = ["r.json", "r.txt"].map((name) => readFileSync(file(name), "utf8"));
    const second = await check(argv);
    expect([second.out, second.err]).toEqual([first.out, first.err]);
    expect(["r.json", "r.txt"].map((name) => readFileSync(file(name), "utf8"))).toEqual(files);
  });
});

describe("an earlier report", () => {
  /** 18 MiB RSS at the end, 24 MiB at the peak; live bytes as in the head report. */
  function base(given: Partial<Report> = {}): void {
    const before = report({
      scenarios: [scenario("as recorded", { endMiB: 18, peakMiB: 24 })],
      ...given,
    });
    writeFileSync(file("base.json"), printJson(before));
  }
  const baseline = ["x.log", "--baseline", "base.json"];

  test("growth of the recorded run beyond 5 % and 1 MiB is a failure", async () => {
    base();
    const { code, out } = await check(baseline);
    expect(code).toBe(1);
    expect(out).toContain(
      "FAIL  rss is 20 MiB (18 MiB before, +11.1 %): 1,024 KiB (5.3 %) over the limit\n      of 19 MiB",
    );
    expect(out).toContain("ok    peak-rss is 24 MiB (limit 25.20 MiB; 24 MiB before, 0.0 %)");
    expect(out).toContain("1 of 4 budgets not kept: rss");
  });

  test.each([
    [["--fail-increase", "12%"], 0],
    [["--fail-increase", "11%"], 1],
    [["--min-delta", "2MiB"], 0],
    [["--min-delta", "1.9MiB"], 1],
    [["--fail-increase", "0%", "--min-delta", "0"], 1],
    [["--allow-failure"], 0],
    [budget("peak-rss<=24MiB"), 0],
    [budget("rss<=20MiB"), 1],
    [budget("rss<=+12%"), 0],
    [budget("rss<=+10%"), 1],
  ])("%j: %i", async (argv, code) => {
    base();
    expect((await check([...baseline, ...argv])).code).toBe(code);
  });

  test("without a model, only live bytes are compared", async () => {
    base({ model: null, scenarios: [] });
    const { code, out, err } = await check([...baseline, "--no-model"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("2 budgets kept");
  });

  test("without the scenario of a budget", async () => {
    base();
    const { code, err } = await check([...baseline, ...budget("rss@MALLOC_ARENA_MAX=1<=1GiB")]);
    expect(code).toBe(2);
    expect(err).toContain(
      "base.json: no scenario MALLOC_ARENA_MAX=1; known scenarios: as recorded",
    );
  });

  test("with another model: a remark on standard error", async () => {
    base({ model: { ...MODEL, glibc: "2.31" } });
    const { err } = await check(baseline);
    expect(err).toBe("mallog: base.json: Modelled differently: glibc: 2.31 before, 2.36 now.\n");
  });

  test.each([
    ["missing.json", "missing.json: no such file; give a report made with mallog LOG -o FILE.json"],
    ["dir.json", "dir.json: is a directory"],
    ["text.json", "text.json: not valid JSON"],
    ["other.json", "other.json: not a mallog report"],
    ["later.json", 'later.json: has schema "mallog.report/2", not "mallog.report/1"'],
    ["part.json", "part.json: has no live"],
  ])("%s: unusable, 3", async (name, text) => {
    mkdirSync(file("dir.json"));
    writeFileSync(file("text.json"), "hello");
    writeFileSync(file("other.json"), "{}");
    writeFileSync(file("later.json"), '{"schema":"mallog.report/2"}');
    writeFileSync(file("part.json"), '{"schema":"mallog.report/1"}');
    const { code, out, err, asked } = await check(["x", "--baseline", name]);
    expect({ code, out, asked }).toEqual({ code: 3, out: "", asked: undefined });
    expect(err).toContain(text);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("mallog.config.json", () => {
  const config = {
    whatIf: ["MALLOC_ARENA_MAX=4"],
    budgets: [
      { name: "At the end", budget: "rss<=1MiB", message: "Ask the team before raising it." },
      { budget: "live<=1GiB" },
    ],
  };

  test("is read from the current directory, with names, messages and what-ifs", async () => {
    writeFileSync(file("mallog.config.json"), JSON.stringify(config));
    const { code, out, asked } = await check(["x.log"]);
    expect(code).toBe(1);
    expect(out).toContain("FAIL  At the end: rss is 20 MiB: 19 MiB over the limit of 1 MiB");
    expect(out).toContain("      Ask the team before raising it.\n");
    expect(out).toContain("More: mallog --what-if MALLOC_ARENA_MAX=4 --sort live x.log");
    expect(out).toContain("1 of 2 budgets not kept: At the end");
    expect(asked?.options.whatIfs.map(({ name }) => name)).toEqual(["MALLOC_ARENA_MAX=4"]);
  });

  test("options take precedence: other what-ifs, more budgets, another file", async () => {
    writeFileSync(file("mallog.config.json"), "{ nonsense");
    writeFileSync(file("mine.json"), JSON.stringify(config));
    const argv = [
      "x.log",
      "--config",
      "mine.json",
      "--what-if",
      "MALLOC_TOP_PAD_=0",
      ...budget("calls<=99"),
    ];
    const { out, asked } = await check(argv);
    expect(out).toContain("1 of 3 budgets");
    expect(asked?.options.whatIfs.map(({ name }) => name)).toEqual(["MALLOC_TOP_PAD_=0"]);
  });

  test("analyze does not read it", async () => {
    writeFileSync(file("mallog.config.json"), "{ nonsense");
    expect((await mallog(["x"], answers(), { cwd: folder })).code).toBe(0);
  });
});

describe("in GitHub Actions", () => {
  const given = () => ({
    env: { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: file("summary.md") },
  });
  const argv = ["x.log", ...budget("rss<=19MiB", "live<=1GiB")];

  test("a failure becomes an annotation, and the report is appended to the summary", async () => {
    writeFileSync(file("summary.md"), "before\n");
    const { code, err } = await check(argv, given());
    expect(code).toBe(1);
    expect(err).toBe(
      "::error title=Memory budget rss::rss is 20 MiB: 1,024 KiB (5.3 %25) over the limit of 19 MiB%0A10 MiB are live, most of it from thread 100 (main): 5 MiB (83.3 %25).%0AMALLOC_ARENA_MAX=2 would keep the budget: 17 MiB.%0AMore: mallog --sort live x.log\n",
    );
    const summary = readFileSync(file("summary.md"), "utf8");
    expect(summary).toMatch(/^before\n## mallog: /);
    expect(summary).toContain("### 1 of 2 budgets not kept");
  });

  test("an allowed failure becomes a warning; a kept budget becomes nothing", async () => {
    const allowed = await check([...argv, "--allow-failure"], given());
    expect(allowed.err).toMatch(/^::warning title=/);
    expect((await check(["x", ...budget("live<=1GiB")], given())).err).toBe("");
  });

  test("a missing or unwritable summary file does not change the exit code", async () => {
    expect((await check(argv, { env: { GITHUB_ACTIONS: "true" } })).code).toBe(1);
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: file("no/summary.md") };
    const { code, err } = await check(["x", ...budget("live<=1GiB")], { env });
    expect({ code, err }).toEqual({
      code: 0,
      err: "mallog: cannot write the job summary: its directory does not exist\n",
    });
  });

  test("outside GitHub Actions: no annotations and no summary", async () => {
    const env = { GITHUB_STEP_SUMMARY: file("summary.md") };
    expect((await check(argv, { env })).err).toBe("");
    expect(readdirSync(folder)).toEqual([]);
  });
});
