import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { run } from "../../src/cli/command-line.ts";
import type { Analyse } from "../../src/cli/io.ts";
import { InputError } from "../../src/input/input-error.ts";
import { ShortWordsRefused } from "../../src/pipeline/short-words.ts";
import type { ShortWords } from "../../src/trace/signs/word-size.ts";
import { FakeOutput, fakeIo } from "../support/fake-io.ts";
import { report, trace } from "../support/report-builder.ts";
import { answers, mallog, newFolder } from "../support/run-mallog.ts";

let folder: string;
beforeEach(() => {
  folder = newFolder();
});

describe("unusable input ends with 3", () => {
  test("unreadable", async () => {
    const fails: Analyse = async () => {
      throw new InputError({ code: "missing", path: "x.log" });
    };
    const { code, err, out } = await mallog(["x.log"], fails);
    expect({ code, err, out }).toEqual({
      code: 3,
      err: "mallog: x.log: no such file; check the path, or give - to read standard input\n",
      out: "",
    });
  });

  test("a log of a 32-bit process", async () => {
    const shown = { line: 1234, pointer: 0x565591b8, shows: "alignment" } as const;
    const fails = (given: ShortWords | null): Analyse => {
      return async () => {
        throw new ShortWordsRefused(given);
      };
    };
    const { code, err } = await mallog(["x.log"], fails(shown));
    expect({ code, err }).toEqual({
      code: 3,
      err: "mallog: line 1,234: block 0x565591b8 is not at a multiple of 16: the log is of a 32-bit process, and only 64-bit ones are modelled; --no-model reports calls and live bytes\n",
    });
    const ways = [{ ...shown, shows: "spacing" }, { ...shown, shows: "place" }, null] as const;
    const texts = await Promise.all(ways.map(async (way) => (await mallog(["x"], fails(way))).err));
    expect(texts.map((text) => text.split(":").slice(1, -1).join(":"))).toEqual([
      " line 1,234: block 0x565591b8 is closer to the one below than chunks with 8-byte headers allow",
      " line 1,234: block 0x565591b8 and all other addresses are where only 32-bit processes have them",
      " # arch",
    ]);
  });

  test("too many open files, as Node.js says it of files and of threads", async () => {
    for (const [text, code] of [
      ["EMFILE: too many open files, open '/opt/mallog/dist/node/gunzip.js'", "EMFILE"],
      ["Worker initialization failure: EMFILE", "ERR_WORKER_INIT_FAILED"],
    ] as const) {
      const fails: Analyse = async () => {
        throw Object.assign(new Error(text), { code });
      };
      const { err, ...ended } = await mallog(["x"], fails);
      expect(ended).toMatchObject({ code: 3, out: "" });
      expect(err).toBe(
        "mallog: too many files are open: allow more by ulimit -n 1024, and try again\n",
      );
    }
  });

  test("empty", async () => {
    const lines = { total: 0, parsed: 0, comments: 0, malformed: 0, blank: 0 };
    const { code, err } = await mallog(["x"], answers({ trace: trace({ events: 0, lines }) }));
    expect(code).toBe(3);
    expect(err).toContain("app.log: empty");
  });

  test("no malloc call: the first line is shown, and an example of what is expected", async () => {
    const lines = { total: 2, parsed: 0, comments: 0, malformed: 2, blank: 0 };
    const malformedSamples = [{ line: 1, text: "PK\u0003\u0004" }];
    const given = trace({ events: 0, lines, malformedSamples });
    const { code, err, out } = await mallog(["x", "-o", "r.txt"], answers({ trace: given }), {
      cwd: folder,
    });
    expect(code).toBe(3);
    expect(out).toBe("");
    expect(err).toContain("none of its 2 lines is a malloc call (line 1: PK\\x03\\x04)");
    expect(err).toContain("expected lines like: 16342 00:00:01.5");
    expect(existsSync(join(folder, "r.txt"))).toBe(false);
  });

  test("a log of mallog's hook without a call", async () => {
    const lines = { total: 26, parsed: 0, comments: 26, malformed: 0, blank: 0 };
    const recording = {
      pid: 7,
      command: "./idle",
      limitBytes: null,
      otherRssBytes: 4096,
      lostCalls: 0,
    };
    const given = { trace: trace({ events: 0, lines }), recording };
    const { code, err } = await mallog(["x"], answers(given));
    expect([code, err]).toEqual([3, "mallog: app.log: the recorded process made no malloc call\n"]);
  });

  test("a log whose only line is not a call", async () => {
    const lines = { total: 1, parsed: 0, comments: 0, malformed: 1, blank: 0 };
    const malformedSamples = [{ line: 1, text: "hello" }];
    const given = trace({ events: 0, lines, malformedSamples });
    const { err } = await mallog(["x"], answers({ trace: given }));
    expect(err).toContain(
      "app.log: its only line is not a malloc call: hello; expected lines like:",
    );
  });
});

describe("standard output that cannot be written", () => {
  test("a reader that closed the pipe: no error", async () => {
    const stdout = new FakeOutput({ failWith: "EPIPE" });
    expect(await mallog(["x"], answers(), { stdout })).toMatchObject({ code: 0, err: "" });
    const help = new FakeOutput({ failWith: "EPIPE" });
    expect(await mallog(["--help"], answers(), { stdout: help })).toMatchObject({ code: 0 });
  });

  test("a full disk: an error", async () => {
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
  ])("%s: a report of what was read, marked incomplete", async (name, code) => {
    const io = fakeIo({ cwd: folder });
    const running = run(["x", "-o", "r.json"], io, untilAborted);
    await vi.waitFor(() => expect(io.signals.listenerCount("SIGINT")).toBe(1));
    io.signals.emit(name, name);
    expect(await running).toBe(code);
    expect(io.stdout.text).toContain("Interrupted: all figures cover the first 30 events");
    expect(io.stderr.text).toContain("interrupted; reporting what was read");
    expect(JSON.parse(readFileSync(join(folder, "r.json"), "utf8"))).toMatchObject({
      complete: false,
    });
    expect(io.endsWithin).toEqual(name === "SIGTERM" ? [1000] : []);
    expect(io.signals.listenerCount(name)).toBe(0);
  });

  test("the second one is left to the system, and no file is left behind", async () => {
    const io = fakeIo({ cwd: folder });
    void run(["x", "-o", "r.json"], io, () => new Promise(() => {}));
    await vi.waitFor(() => expect(io.signals.listenerCount("SIGINT")).toBe(1));
    io.signals.emit("SIGINT", "SIGINT");
    expect(io.signals.listenerCount("SIGINT")).toBe(0);
    expect(io.signals.listenerCount("SIGTERM")).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("the colour of errors", () => {
  const stderr = () => new FakeOutput({ columns: 80 });
  const red = "\u001b[31mmallog:";

  test.each([
    [["--srot"], {}, true],
    [["--no-color", "--srot"], {}, false],
    [["--no-color", "/nowhere", "-o", "x.pdf"], {}, false],
    [["--color", "--srot"], { NO_COLOR: "1" }, true],
    [["--color", "--no-color", "--srot"], {}, false],
    [["--srot", "--", "--no-color"], {}, true],
  ])("%j %j", async (argv, env, coloured) => {
    const { err } = await mallog(argv, answers(), { stderr: stderr(), env });
    expect(err.startsWith(red)).toBe(coloured);
    expect(err).toContain("mallog:");
  });
});

describe("a bug in mallog", () => {
  const broken: Analyse = async () => {
    throw new TypeError("x is not a function");
  };

  test("one line, no stack trace, exit 70", async () => {
    const { code, err } = await mallog(["x"], broken);
    expect(code).toBe(70);
    expect(err).toContain("mallog: internal error: x is not a function; this is a bug in mallog");
    expect(err).not.toContain("    at ");
  });

  test("the stack under MALLOG_DEBUG", async () => {
    const { err } = await mallog(["x"], broken, { env: { MALLOG_DEBUG: "1" } });
    expect(err).toContain("\n    at ");
  });
});

describe("escape sequences in names and texts do not reach the terminal", () => {
  const name = "a\u001b]0;b\u0007\u009b2J\n::error::c";
  const shown = "a\\x1b]0;b\\x07\\x9b2J\\n::error::c";
  const fails = (error: Error): Analyse => {
    return async () => {
      throw error;
    };
  };
  const missing = fails(new InputError({ code: "missing", path: name }));
  const directory = fails(new InputError({ code: "directory", path: name }));
  const broken = fails(new TypeError(`ENOENT: ${name}`));

  test.each([
    ["a missing file", [name], missing],
    ["a directory", [name], directory],
    ["an unknown ending", ["x", "-o", `${name}.pdf`], answers()],
    ["a report that cannot be written", ["x", "-o", `/nowhere/${name}.json`], answers()],
    ["a report given twice", ["x", "-o", `${name}.json`, "-o", `${name}.json`], answers()],
    ["an unknown option", [`--${name}`], answers()],
    ["a value of an option", ["x", "--top", name], answers()],
    ["an unknown setting", ["x", "--what-if", `${name}=1`], answers()],
    ["a base report", ["diff", name, name], answers()],
    ["a configuration", ["check", "x", "--config", name], answers()],
    ["a budget", ["check", "x", "--budget", `${name}<=1`], answers()],
    ["a bug", ["x"], broken],
  ])("%s", async (_, argv, analyse) => {
    for (const MALLOG_DEBUG of ["1", undefined]) {
      const { err, code } = await mallog(argv, analyse, { cwd: folder, env: { MALLOG_DEBUG } });
      expect(code).toBeGreaterThan(0);
      expect(err).toContain("a\\x1b]0;b\\x07\\x9b2J");
      // The stack of a bug has several lines.
      const text = analyse === broken ? err.replaceAll("\n", "") : err;
      expect(text.slice(0, -1)).not.toMatch(/\p{Cc}/u);
    }
  });

  test("the name of a base report in a remark", async () => {
    const base = join(folder, `${name}.json`);
    writeFileSync(base, JSON.stringify(report({ model: null })));
    const argv = ["check", "x", "--baseline", base];
    const { err } = await mallog(argv, answers(), { cwd: folder });
    expect(err).toContain(`${shown}.json: One of the reports was made with --no-model.`);
    expect(err.trimEnd()).not.toMatch(/\p{Cc}/u);
  });
});
