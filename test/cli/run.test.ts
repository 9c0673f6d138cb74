import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { beforeEach, describe, expect, test } from "vitest";
import type { Analyse, AnalysisHooks } from "../../src/cli/io.ts";
import { Failure } from "../../src/cli/problems.ts";
import { run } from "../../src/cli/run.ts";
import type { AnalysisOptions } from "../../src/replay/scenario.ts";
import type { Report } from "../../src/report/report.ts";
import { FakeOutput, fakeIo, type GivenIo } from "../support/fake-io.ts";
import { MiB, report, scenario, thread, trace } from "../support/report-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mallog-cli-"));
});

const answers =
  (given: Partial<Report> = {}): Analyse =>
  async () =>
    report(given);

/** Runs mallog and returns what is seen of it, and what it asked of the analysis. */
async function mallog(argv: string[], analyse: Analyse = answers(), given: GivenIo = {}) {
  const io = fakeIo({ cwd: folder, ...given });
  const asked: { inputs: readonly string[]; options: AnalysisOptions; hooks: AnalysisHooks }[] = [];
  const code = await run(argv, io, (inputs, options, hooks) => {
    asked.push({ inputs, options, hooks });
    return analyse(inputs, options, hooks);
  });
  return { code, out: io.stdout.text, err: io.stderr.text, io, asked: asked[0] };
}

describe("what reaches the analysis", () => {
  test("by default", async () => {
    const { asked } = await mallog(["a.log", "b.log"]);
    expect(asked?.inputs).toEqual(["a.log", "b.log"]);
    expect(asked?.options).toMatchObject({
      model: true,
      recordedWith: null,
      glibc: "auto",
      cpus: null,
      hostCpus: 4,
      touch: "facts",
      thp: null,
    });
    expect(asked?.options.whatIfs.map(({ name }) => name)).toEqual([
      "malloc_trim=end",
      "MALLOC_ARENA_MAX=1",
      "MALLOC_ARENA_MAX=2",
      "MALLOC_ARENA_MAX=1,malloc_trim=end",
    ]);
  });

  test("every option of the model, the command named", async () => {
    const { asked } = await mallog(
      ["analyze", "--glibc", "2.41", "--cpus", "2", "--touch", "0.5", "--thp", "always"].concat(
        ["--recorded-with", "MALLOC_ARENA_MAX=2", "--what-if", "malloc_trim=end", "-"],
        ["--what-if", "MALLOC_TOP_PAD_=0", "--what-if", "malloc_trim=end"],
      ),
    );
    expect(asked?.inputs).toEqual(["-"]);
    expect(asked?.options).toMatchObject({
      recordedWith: { MALLOC_ARENA_MAX: "2" },
      glibc: "2.41",
      cpus: 2,
      touch: { ratio: 0.5 },
      thp: "always",
    });
    const names = asked?.options.whatIfs.map(({ name }) => name);
    expect(names).toEqual(["malloc_trim=end", "MALLOC_TOP_PAD_=0"]);
  });

  test("--no-what-if and --no-model", async () => {
    const bare = await mallog(["--no-what-if", "x"]);
    expect(bare.asked?.options).toMatchObject({ model: true, whatIfs: [] });
    const none = await mallog(["--no-model", "x"], answers({ model: null, scenarios: [] }));
    expect(none.asked?.options).toMatchObject({ model: false, whatIfs: [] });
    expect(none.code).toBe(0);
  });

  test("the settings of this shell do not matter", async () => {
    const env = { MALLOC_ARENA_MAX: "1", GLIBC_TUNABLES: "glibc.malloc.arena_max=1" };
    const inShell = await mallog(["x"], answers(), { env });
    const outside = await mallog(["x"]);
    expect(inShell.asked?.options).toEqual(outside.asked?.options);
    expect(inShell.out).toBe(outside.out);
  });

  test("operands behind -- are files", async () => {
    expect((await mallog(["-q", "--", "--json"])).asked?.inputs).toEqual(["--json"]);
    expect((await mallog(["--", "-x.log"])).asked?.inputs).toEqual(["-x.log"]);
  });
});

describe("the report on standard output", () => {
  const threads = [thread(1, { liveBytes: 7 }), thread(2, { liveBytes: 9 })];

  test("--json is the report and nothing else", async () => {
    const { out, code } = await mallog(["--json", "x"]);
    expect(JSON.parse(out)).toEqual(report());
    expect(code).toBe(0);
  });

  test.each([
    [
      ["--sort", "live"],
      [2, 1],
    ],
    [
      ["--sort", "-live"],
      [1, 2],
    ],
    [["--sort=-tid"], [1, 2]],
    [
      ["--sort", "-volume"],
      [1, 2],
    ],
    [
      ["--sort", "tid"],
      [2, 1],
    ],
  ])("%j sorts the threads", async (argv, tids) => {
    const { out } = await mallog(["--json", ...argv], answers({ threads }));
    const parsed: Report = JSON.parse(out);
    expect(parsed.threads.map(({ tid }) => tid)).toEqual(tids);
  });

  test("--container-limit and --base-rss", async () => {
    const argv = ["--json", "--container-limit", "32MiB", "--base-rss", "10MiB"];
    const { out } = await mallog(argv, answers({ scenarios: [scenario("as recorded")] }));
    const parsed: Report = JSON.parse(out);
    expect(parsed.container).toEqual({
      limitBytes: 32 * MiB,
      baseRssBytes: 10 * MiB,
      scenarios: [{ name: "as recorded", peakBytes: 34 * MiB, fits: false, killedTime: 0.5 }],
    });
  });

  test("colours follow the terminal and the options", async () => {
    const stdout = () => new FakeOutput({ columns: 100 });
    const colour = "\u001b[1m";
    expect((await mallog(["x"])).out).not.toContain(colour);
    expect((await mallog(["x", "--color"])).out).toContain(colour);
    expect((await mallog(["x"], answers(), { stdout: stdout() })).out).toContain(colour);
    const plain = { stdout: stdout(), env: { NO_COLOR: "1" } };
    expect((await mallog(["x"], answers(), plain)).out).not.toContain(colour);
  });

  test("a terminal on standard error gets progress, and no trace of it stays", async () => {
    const slow: Analyse = async (_, __, { onProgress }) => {
      await new Promise((resolve) => setTimeout(resolve, 220));
      onProgress({ bytes: 1, totalBytes: 3, events: 1 });
      return report();
    };
    const stderr = () => new FakeOutput({ columns: 80 });
    const shown = await mallog(["x"], slow, { stderr: stderr() });
    expect(shown.err).toContain("events");
    expect(shown.err.endsWith("\r\u001b[K")).toBe(true);
    expect((await mallog(["x", "-q"], slow, { stderr: stderr() })).err).toBe("");
    expect((await mallog(["x", "--no-progress"], slow, { stderr: stderr() })).err).toBe("");
    expect((await mallog(["x"], slow)).err).toBe("");
  });
});

describe("report files", () => {
  const file = (name: string): string => join(folder, name);

  test("several formats in one run, without colours, and the terminal's report besides", async () => {
    const argv = ["x", "--color", "-o", "r.json", "-o", file("r.txt")];
    const { code, out } = await mallog(argv);
    expect(code).toBe(0);
    expect(out).toContain("Threads");
    expect(JSON.parse(readFileSync(file("r.json"), "utf8"))).toEqual(report());
    expect(readFileSync(file("r.txt"), "utf8")).not.toContain("\u001b");
    expect(readdirSync(folder).sort()).toEqual(["r.json", "r.txt"]);
  });

  test("-q with -o prints nothing", async () => {
    expect((await mallog(["x", "-q", "-o", "r.txt"])).out).toBe("");
    expect((await mallog(["x", "-q"])).out).toContain("Threads");
  });

  test("an old file is replaced, and kept when the run fails", async () => {
    writeFileSync(file("r.json"), "old");
    const fails: Analyse = async () => {
      expect(readdirSync(folder).length).toBe(2);
      throw new Failure({ code: "input", text: "x: no such file" });
    };
    expect((await mallog(["x", "-o", "r.json"], fails)).code).toBe(3);
    expect(readFileSync(file("r.json"), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["r.json"]);
    await mallog(["x", "-o", "r.json"]);
    expect(readFileSync(file("r.json"), "utf8")).toContain("mallog.report/1");
  });

  test("a link stays a link", async () => {
    writeFileSync(file("real.json"), "old");
    symlinkSync("real.json", file("link.json"));
    await mallog(["x", "-o", "link.json"]);
    expect(readFileSync(file("real.json"), "utf8")).toContain("mallog.report/1");
  });

  test.each([
    [["-o", "r.xyz"], 2, "-o r.xyz: the file's ending chooses the format; end it in .txt or .json"],
    [["-o", "-"], 2, "-o -: the file's ending chooses the format"],
    [["-o", "r.txt", "-o", "./r.txt"], 2, "-o ./r.txt: given twice"],
    [["-o", "log.txt"], 2, "-o log.txt: is the log itself"],
    [["-o", "no/r.txt"], 3, "cannot write no/r.txt: its directory does not exist"],
    [["-o", "a.txt", "-o", "no/r.txt"], 3, "cannot write no/r.txt"],
    [["-o", "dir.txt"], 3, "cannot write dir.txt: it is a directory"],
  ])("%j is refused before the work: %i %s", async (argv, code, text) => {
    writeFileSync(file("log.txt"), "");
    symlinkSync(folder, file("dir.txt"));
    const refused = await mallog(["log.txt", ...argv]);
    expect(refused.code).toBe(code);
    expect(refused.err).toContain(text);
    expect(refused.asked).toBeUndefined();
    expect(readdirSync(folder).sort()).toEqual(["dir.txt", "log.txt"]);
  });
});

describe("help", () => {
  test.each([[["--help"]], [["-h"]], [["x", "--top", "3", "--help"]], [["help"]]])(
    "%j: the options of the default command, examples, exit codes",
    async (argv) => {
      const { code, out, err, asked } = await mallog(argv);
      expect(code).toBe(0);
      expect(err).toBe("");
      expect(asked).toBeUndefined();
      expect(out).toContain("--what-if");
      expect(out).toContain("zcat malloc.log.gz | mallog");
      expect(out).toContain("Exit codes:");
    },
  );

  test("--version", async () => {
    expect(await mallog(["--version"])).toMatchObject({ code: 0, out: "1.2.3\n" });
    expect(await mallog(["-V"])).toMatchObject({ code: 0, out: "1.2.3\n" });
  });

  test("a terminal on standard input and no log: short help, no waiting", async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const bare = await mallog([], answers(), { stdin });
    expect(bare.code).toBe(2);
    expect(bare.out).toBe("");
    expect(bare.err).toContain("zcat malloc.log.gz | mallog");
    expect(bare.asked).toBeUndefined();
    expect((await mallog(["-"], answers(), { stdin })).code).toBe(0);
  });
});

describe("wrong usage ends with 2, one line, and no work", () => {
  test.each([
    [["--srot", "live"], "unknown option '--srot' (Did you mean --sort?); see mallog --help"],
    [["--sort", "volum"], "Did you mean volume? Keys are volume, calls, live, peak, tid, pinned;"],
    [["--sort"], "option '--sort <key>' argument missing"],
    [["--top", "-1"], "Give a whole number, 0 for all rows"],
    [["--top", "ten"], "Give a whole number"],
    [["--cpus", "0"], "Give a whole number from 1"],
    [["--touch", "1.5"], "Give facts, all, none, or a ratio from 0 to 1"],
    [["--thp", "maybe"], "Allowed choices are always, madvise, never"],
    [["--glibc", "3.0"], "known are 2.17 to 2.43, and auto"],
    [["--container-limit", "much"], "Give a size like 900MiB"],
    [["--container-limit", "0"], "A limit is more than 0"],
    [["--container-limit", "1GiB", "--no-model"], "cannot be used with option '--no-model'"],
    [["--what-if", "malloc_trim=end", "--no-model"], "--what-if cannot be used with --no-model"],
    [["--what-if", "MALLOC_ARENA_MAX=none"], "--what-if: MALLOC_ARENA_MAX=none: glibc takes"],
    [["--recorded-with", "cpus=4"], "--recorded-with: use --cpus for the recorded run"],
    [["analize"], "analize: no such file or command; did you mean mallog analyze?"],
  ])("%j", async (argv, text) => {
    const { code, out, err, asked } = await mallog(argv);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(text);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(err.startsWith("mallog: ")).toBe(true);
    expect(asked).toBeUndefined();
  });

  test("--no-what-if with --no-model asks for nothing impossible", async () => {
    const none = answers({ model: null, scenarios: [] });
    expect((await mallog(["--no-model", "--no-what-if", "x"], none)).code).toBe(0);
  });

  test("a file may be called like a command", async () => {
    writeFileSync(join(folder, "analyz"), "");
    expect((await mallog(["analyz"])).asked?.inputs).toEqual(["analyz"]);
  });
});

describe("input of no use ends with 3", () => {
  test("unreadable", async () => {
    const fails: Analyse = async () => {
      throw new Failure({ code: "input", text: "x.log: no such file; check the path" });
    };
    const { code, err, out } = await mallog(["x.log"], fails);
    expect({ code, err, out }).toEqual({
      code: 3,
      err: "mallog: x.log: no such file; check the path\n",
      out: "",
    });
  });

  test("empty", async () => {
    const lines = { total: 0, parsed: 0, comments: 0, malformed: 0 };
    const { code, err } = await mallog(["x"], answers({ trace: trace({ events: 0, lines }) }));
    expect(code).toBe(3);
    expect(err).toContain("app.log: empty");
  });

  test("no line that is a call: the first one is shown, and what was expected", async () => {
    const lines = { total: 2, parsed: 0, comments: 0, malformed: 2 };
    const malformedSamples = [{ line: 1, text: "PK\\x03\\x04" }];
    const given = trace({ events: 0, lines, malformedSamples });
    const { code, err, out } = await mallog(["x", "-o", "r.txt"], answers({ trace: given }));
    expect(code).toBe(3);
    expect(out).toBe("");
    expect(err).toContain("none of 2 lines is a malloc call, the first is line 1: PK\\x03\\x04");
    expect(err).toContain("expected lines like: 16342 00:00:01.5");
    expect(existsSync(join(folder, "r.txt"))).toBe(false);
  });
});

describe("standard output that fails", () => {
  test("a reader that has gone is no error", async () => {
    const stdout = new FakeOutput({ failWith: "EPIPE" });
    expect(await mallog(["x"], answers(), { stdout })).toMatchObject({ code: 0, err: "" });
    const help = new FakeOutput({ failWith: "EPIPE" });
    expect(await mallog(["--help"], answers(), { stdout: help })).toMatchObject({ code: 0 });
  });

  test("a full disk is", async () => {
    const stdout = new FakeOutput({ failWith: "ENOSPC" });
    const { code, err } = await mallog(["x"], answers(), { stdout });
    expect(code).toBe(3);
    expect(err).toBe("mallog: cannot write standard output: no space left on the device\n");
  });
});

describe("signals", () => {
  const untilAborted: Analyse = async (_, __, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return report({ complete: false });
  };

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("%s: the report so far, marked incomplete", async (name, code) => {
    const io = fakeIo({ cwd: folder });
    const running = run(["x", "-o", "r.json"], io, untilAborted);
    await new Promise((resolve) => setImmediate(resolve));
    io.signals.emit(name, name);
    expect(await running).toBe(code);
    expect(io.stdout.text).toContain("Interrupted: all figures are those of the first 30 events");
    expect(io.stderr.text).toContain("interrupted, reporting what was read");
    expect(JSON.parse(readFileSync(join(folder, "r.json"), "utf8"))).toMatchObject({
      complete: false,
    });
    expect(io.left).toEqual([]);
    expect(io.signals.listenerCount(name)).toBe(0);
  });

  test("the second one leaves at once, and leaves no file behind", async () => {
    const io = fakeIo({ cwd: folder });
    void run(["x", "-o", "r.json"], io, () => new Promise(() => {}));
    await new Promise((resolve) => setImmediate(resolve));
    io.signals.emit("SIGINT", "SIGINT");
    io.signals.emit("SIGINT", "SIGINT");
    expect(io.left).toEqual([130]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a fault of mallog itself", () => {
  const broken: Analyse = async () => {
    throw new TypeError("x is not a function");
  };

  test("one line, no stack trace, exit 70", async () => {
    const { code, err } = await mallog(["x"], broken);
    expect(code).toBe(70);
    expect(err).toContain("mallog: internal error: x is not a function; this is a fault of mallog");
    expect(err).not.toContain("    at ");
  });

  test("the stack under MALLOG_DEBUG", async () => {
    const { err } = await mallog(["x"], broken, { env: { MALLOG_DEBUG: "1" } });
    expect(err).toContain("    at ");
  });
});
