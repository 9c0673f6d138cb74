import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { ENDINGS } from "../../src/report/writers/index.ts";
import { answers, mallog, newFolder } from "../support/run-mallog.ts";

describe("options that the analysis gets", () => {
  test("by default", async () => {
    const { asked } = await mallog(["a.log", "b.log"]);
    expect(asked?.inputs).toEqual(["a.log", "b.log"]);
    expect(asked?.options).toMatchObject({
      model: true,
      recordedWith: null,
      glibc: "auto",
      cpus: null,
      hostCpus: 4,
      touch: { fitted: null },
      thp: null,
    });
    expect(asked?.options.whatIfs.map(({ name }) => name)).toEqual([
      "malloc_trim=end",
      "MALLOC_ARENA_MAX=1",
      "MALLOC_ARENA_MAX=2",
      "MALLOC_ARENA_MAX=1,malloc_trim=end",
    ]);
  });

  test("every option of the model, with the command named", async () => {
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

  test("--observed-rss, to which the touch policy is fitted", async () => {
    const { asked } = await mallog(["--observed-rss", "412MiB", "x"]);
    expect(asked?.options.touch).toEqual({ fitted: 412 * 2 ** 20 });
    const given = await mallog(["--touch", "facts", "x"]);
    expect(given.asked?.options.touch).toBe("facts");
  });

  test("--columns and --pattern, which say what the lines are", async () => {
    const columns = await mallog(["--columns", "tid,time:ms,call,caller", "x"]);
    expect(columns.asked?.options.given).toEqual({
      kind: "columns",
      columns: { before: ["tid", "time"], after: ["caller"], timeDecimals: 3 },
    });
    const pattern = await mallog([
      "check",
      "--budget",
      "rss<=1GiB",
      "--pattern",
      "(?<call>.*)",
      "x",
    ]);
    expect(pattern.asked?.options.given).toEqual({ kind: "pattern", pattern: "(?<call>.*)" });
    expect((await mallog(["x"])).asked?.options.given).toBeNull();
  });

  test.each([
    [["--columns", "tid,thread"], "--columns tid,thread: unknown column thread; columns are pid,"],
    [["--pattern", "(?<call>"], "--pattern '(?<call>': no regular expression (Unterminated group)"],
    [
      ["--columns", "tid", "--pattern", "(?<call>.*)"],
      "--columns cannot be used with --pattern, whose groups name the columns",
    ],
  ])("%j is wrong usage, in one line", async (options, message) => {
    const { code, err } = await mallog([...options, "x"]);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  test("--no-what-if and --no-model", async () => {
    const bare = await mallog(["--no-what-if", "x"]);
    expect(bare.asked?.options).toMatchObject({ model: true, whatIfs: [] });
    const none = await mallog(["--no-model", "x"], answers({ model: null, scenarios: [] }));
    expect(none.asked?.options).toMatchObject({ model: false, whatIfs: [] });
    expect(none.code).toBe(0);
  });

  test("settings of this shell have no effect", async () => {
    const env = { MALLOC_ARENA_MAX: "1", GLIBC_TUNABLES: "glibc.malloc.arena_max=1" };
    const inShell = await mallog(["x"], answers(), { env });
    const outside = await mallog(["x"]);
    expect(inShell.asked?.options).toEqual(outside.asked?.options);
    expect(inShell.out).toBe(outside.out);
  });

  test("operands after -- are files", async () => {
    expect((await mallog(["-q", "--", "--json"])).asked?.inputs).toEqual(["--json"]);
    expect((await mallog(["--", "-x.log"])).asked?.inputs).toEqual(["-x.log"]);
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

  test.each(["analyze", "check"])(
    "%s --help: every file ending, and the forms of settings and sizes",
    async (command) => {
      const { out } = await mallog([command, "--help"]);
      for (const ending of ENDINGS) {
        expect(out).toContain(ending);
      }
      expect(out).toContain("<settings> are");
      expect(out).toContain("<size> is");
    },
  );

  test("the help states what holds for compressed logs and for CPUs", async () => {
    const out = (await mallog(["analyze", "--help"])).out.replace(/\s+/g, " ");
    expect(out).toContain("compressed (gzip, zstd, xz, bzip2, lz4) or not");
    expect(out).toContain("(default: what the log or its pointers say, else this machine's)");
  });

  test("the process to watch is a number", async () => {
    const { code, err } = await mallog(["watch", "java"]);
    expect(code).toBe(2);
    expect(err).toBe("mallog: watch java: give the number of a process; see mallog watch --help\n");
  });

  test("--version", async () => {
    expect(await mallog(["--version"])).toMatchObject({ code: 0, out: "1.2.3\n" });
    expect(await mallog(["-V"])).toMatchObject({ code: 0, out: "1.2.3\n" });
  });

  test("a terminal on standard input and no log: short help instead of waiting", async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const bare = await mallog([], answers(), { stdin });
    expect(bare.code).toBe(2);
    expect(bare.out).toBe("");
    expect(bare.err).toContain("zcat malloc.log.gz | mallog");
    expect(bare.asked).toBeUndefined();
    expect((await mallog(["-"], answers(), { stdin })).code).toBe(0);
  });
});

describe("wrong usage ends with 2 and one line, before any work", () => {
  test.each([
    [["--srot", "live"], "unknown option '--srot' (did you mean --sort?); see mallog --help"],
    [
      ["--sort", "volum"],
      "--sort volum: unknown key (did you mean volume?); keys are volume, calls, live, peak, tid, pinned;",
    ],
    [["--sort"], "option '--sort <key>' argument missing"],
    [["--top", "-1"], "--top -1: give a whole number; 0 shows all rows; see mallog --help"],
    [["--top", "ten"], "--top ten: give a whole number"],
    [["--cpus", "0"], "--cpus 0: give a whole number from 1 to 8192"],
    [["--touch", "1.5"], "--touch 1.5: give facts, all, none, or a ratio from 0 to 1"],
    [["--thp", "maybe"], "--thp maybe: give always, madvise or never"],
    [["--glibc", "3.0"], "--glibc 3.0: not modelled; give a version from 2.17 to 2.44, or auto"],
    [["--container-limit", "much"], "--container-limit much: give a size like 900MiB"],
    [["--container-limit", "0"], "--container-limit 0: give a size above 0"],
    [["--container-limit", "1GiB", "--no-model"], "cannot be used with option '--no-model'"],
    [["--observed-rss", "1GiB", "--no-model"], "cannot be used with option '--no-model'"],
    [["--observed-rss", "1GiB", "--touch", "all"], "cannot be used with option '--touch <policy>'"],
    [["--observed-rss", "0"], "--observed-rss 0: give a size above 0"],
    [["--what-if", "malloc_trim=end", "--no-model"], "--what-if cannot be used with --no-model"],
    [["--what-if", "MALLOC_ARENA_MAX=none"], "--what-if: MALLOC_ARENA_MAX=none: glibc takes"],
    [["--recorded-with", "cpus=4"], "--recorded-with: use --cpus for the recorded run"],
    [["analize"], "analize: no such file or command; did you mean mallog analyze?"],
    [["help", "chek"], "no such command: chek (did you mean check?); see mallog --help"],
    [
      ["schema", "x"],
      "schema x: no such document; give report, inspection, sweep, replay or diff; see mallog schema",
    ],
    [["--top", "\u001b[2J"], "--top '\\x1b[2J': give a whole number"],
  ])("%j", async (argv, text) => {
    const { code, out, err, asked } = await mallog(argv);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(text);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(err.startsWith("mallog: ")).toBe(true);
    expect(asked).toBeUndefined();
  });

  test("--no-what-if and --no-model may be combined", async () => {
    const none = answers({ model: null, scenarios: [] });
    expect((await mallog(["--no-model", "--no-what-if", "x"], none)).code).toBe(0);
  });

  test("a file may have a name close to a command's", async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "analyz"), "");
    expect((await mallog(["analyz"], answers(), { cwd })).asked?.inputs).toEqual(["analyz"]);
  });
});
