import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/report/contract/report.ts";
import { MALLOG } from "../support/mallog-command.ts";
import { newFolder } from "../support/run-mallog.ts";

/** --follow and --every in a real process. The tests wait for what interim reports show, never for a time. */

const BOOT = fileURLToPath(new URL("../../fixtures/jvm/boot.log.gz", import.meta.url));

/** Lines first..first+count-1 of a log: each is a block of 100 bytes. */
function linesOf(first: number, count: number): string {
  return Array.from({ length: count }, (_, n) => {
    const at = 0x5581000002a0 + (first + n) * 0x70;
    return `7 0.${String(first + n).padStart(6, "0")} malloc(100) = 0x${at.toString(16)}\n`;
  }).join("");
}

type Signal = "SIGINT" | "SIGTERM";

class Mallog {
  readonly child: ChildProcess;
  readonly #ended: Promise<unknown>;
  out = "";
  err = "";

  constructor(argv: readonly string[], stdin: "ignore" | "pipe" | number = "ignore") {
    this.child = spawn(process.execPath, [MALLOG, ...argv], {
      env: { PATH: process.env.PATH },
      stdio: [stdin, "pipe", "pipe"],
    });
    onTestFinished(() => void this.child.kill("SIGKILL"));
    this.child.stdout?.on("data", (chunk) => {
      this.out += String(chunk);
    });
    this.child.stderr?.on("data", (chunk) => {
      this.err += String(chunk);
    });
    this.#ended = once(this.child, "close");
  }

  /** Sends the signal, if any, and returns the exit code. */
  async end(signal: Signal | null): Promise<number | null> {
    if (signal !== null) {
      this.child.kill(signal);
    }
    await this.#ended;
    return this.child.exitCode;
  }
}

function reportIn(file: string): Report {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Waits for an interim report of exactly that many events. */
async function untilRead(file: string, events: number): Promise<void> {
  while (!existsSync(file) || reportIn(file).trace.events !== events) {
    await pause(20);
  }
}

/** mallog follows a log; its reports are in `file`. */
function follow(log: string, before: readonly string[] = []) {
  const file = join(newFolder(), "report.json");
  const options = ["--follow", "--every", "100ms", "-q", "-o", file];
  return { file, mallog: new Mallog([...options, ...before, log]) };
}

/** The same without what depends on how a log was read. */
function content({ tool, complete, trace, ...rest }: Report) {
  return { ...rest, trace: { ...trace, sources: [] } };
}

async function reportOf(log: string): Promise<Report> {
  const mallog = new Mallog(["--json", log]);
  expect(await mallog.end(null)).toBe(0);
  return JSON.parse(mallog.out);
}

test("a log that grows, is rotated, and is truncated, has the report of all its lines", async () => {
  const folder = newFolder();
  const log = join(folder, "malloc.log");
  writeFileSync(log, linesOf(0, 300));
  const { file, mallog } = follow(log);
  await untilRead(file, 300);
  expect(reportIn(file)).toMatchObject({ complete: false, interim: true });
  const [start, rest] = [linesOf(300, 1).slice(0, 20), linesOf(300, 100).slice(20)];
  appendFileSync(log, start);
  appendFileSync(log, rest);
  await untilRead(file, 400);
  renameSync(log, `${log}.1`);
  appendFileSync(`${log}.1`, linesOf(400, 50));
  writeFileSync(log, linesOf(450, 50));
  await untilRead(file, 500);
  copyFileSync(log, `${log}.2`);
  truncateSync(log);
  writeFileSync(log, linesOf(500, 20));
  await untilRead(file, 520);
  expect(await mallog.end("SIGINT")).toBe(130);
  const last = reportIn(file);
  expect(last).toMatchObject({ complete: false });
  expect(last.interim).toBe(undefined);
  const whole = join(folder, "whole.log");
  writeFileSync(whole, linesOf(0, 520));
  expect(content(last)).toEqual(content(await reportOf(whole)));
  expect(mallog.out).toBe("");
});

test("a log that does not exist yet is waited for", async () => {
  const log = join(newFolder(), "malloc.log");
  const file = join(newFolder(), "report.json");
  const mallog = new Mallog(["--follow", "--every", "100ms", "-o", file, log]);
  await once(mallog.child.stderr!, "data");
  expect(mallog.err).toContain("no such file yet; waiting for it");
  writeFileSync(log, linesOf(0, 3));
  await untilRead(file, 3);
  expect(await mallog.end("SIGTERM")).toBe(143);
  expect(mallog.out).toContain("Interrupted: all figures cover the first 3 events only.");
});

test("the pieces before it are read first, in the order given", async () => {
  const folder = newFolder();
  const [old, log] = [join(folder, "malloc.log.1"), join(folder, "malloc.log")];
  writeFileSync(old, linesOf(0, 100));
  writeFileSync(log, linesOf(100, 10));
  const { file, mallog } = follow(log, [old]);
  await untilRead(file, 110);
  appendFileSync(log, linesOf(110, 1));
  await untilRead(file, 111);
  expect(await mallog.end("SIGINT")).toBe(130);
  const { threads, trace } = reportIn(file);
  expect(threads[0]?.liveBytes).toBe(11_100);
  expect(trace.sources).toEqual([old, log]);
});

test("a signal before the file exists, or before its first line", async () => {
  const log = join(newFolder(), "malloc.log");
  const missing = new Mallog(["--follow", log]);
  await once(missing.child.stderr!, "data");
  expect(await missing.end("SIGINT")).toBe(130);
  expect(missing.out).toContain("Interrupted before the first event was read");
});

test("a reader that has read enough ends it, with 0", async () => {
  const log = join(newFolder(), "malloc.log");
  writeFileSync(log, linesOf(0, 5));
  const mallog = new Mallog(["--follow", "--every", "100ms", "--ndjson", log]);
  await once(mallog.child.stdout!, "data");
  mallog.child.stdout!.destroy();
  expect(await mallog.end(null)).toBe(0);
  expect(mallog.err).toBe("");
});

test.each([["/dev/null"], ["/dev/stdin"]])("%s cannot be followed", async (path) => {
  const mallog = new Mallog(["--follow", path], "pipe");
  expect(await mallog.end(null)).toBe(2);
  expect(mallog.err).toContain(`${path}: is not a regular file; leave out --follow`);
});

describe("--every", () => {
  const log = gunzipSync(readFileSync(BOOT));

  test("the last report does not depend on it", async () => {
    const [plain, watched] = [join(newFolder(), "report.json"), join(newFolder(), "report.json")];
    const path = join(newFolder(), "malloc.log");
    writeFileSync(path, log);
    const once = new Mallog(["-q", "-o", plain], openSync(path, "r"));
    expect(await once.end(null)).toBe(0);
    const often = new Mallog(["--every", "100ms", "--ndjson", "-o", watched], openSync(path, "r"));
    expect(await often.end(null)).toBe(0);
    const lines = often.out
      .trimEnd()
      .split("\n")
      .map((line): Report => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(2);
    const events = lines.map(({ trace }) => trace.events);
    expect(events).toEqual([...events].sort((a, b) => a - b));
    expect(readFileSync(watched, "utf8")).toBe(readFileSync(plain, "utf8"));
  });

  test("reports what a pipe has brought so far", async () => {
    const file = join(newFolder(), "report.json");
    const mallog = new Mallog(["--every", "100ms", "-q", "-o", file], "pipe");
    const { stdin } = mallog.child;
    stdin?.write(linesOf(0, 2));
    await untilRead(file, 2);
    // More than the lines that decide on the layout, but less than a batch.
    stdin?.write(linesOf(2, 8000));
    await untilRead(file, 8002);
    stdin?.write(linesOf(8002, 20_001));
    await untilRead(file, 28_003);
    stdin?.end(linesOf(28_003, 1));
    expect(await mallog.end(null)).toBe(0);
    expect(reportIn(file)).toMatchObject({ complete: true, trace: { events: 28_004 } });
  });
});

test("in a terminal, a table of the log so far is repainted on standard error", async () => {
  const log = join(newFolder(), "malloc.log");
  writeFileSync(log, linesOf(0, 5));
  const command = `stty cols 80 rows 24; exec '${process.execPath}' '${MALLOG}' --follow --no-color '${log}' >/dev/null`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    env: { PATH: process.env.PATH, SHELL: "/bin/sh", LANG: "C.UTF-8", TERM: "xterm-256color" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let shown = "";
  const shows = async (text: string): Promise<void> => {
    while (!shown.includes(text)) {
      const [chunk] = await once(child.stdout, "data");
      shown += String(chunk);
    }
  };
  await shows(": 5 events, ");
  await shows("500 B live in 5 blocks");
  await shows("Threads by volume (1 thread, 5 events");
  appendFileSync(log, linesOf(5, 2));
  await shows(": 7 events, ");
  await shows("700 B live in 7 blocks");
  // Ctrl-C
  child.stdin.write("\u0003");
  await shows("interrupted; reporting what was read");
  await once(child, "close");
  expect(child.exitCode).toBe(130);
});
