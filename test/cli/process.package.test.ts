import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MALLOG } from "../support/mallog-command.ts";
import { newFolder } from "../support/run-mallog.ts";

/** mallog as a real process: its streams, signals and exit codes, which fakes cannot cover. */

const LINE = "7 0.1 malloc(100) = 0x5581000002a0\n";

type Stdout = "pipe" | number;

/** The environment holds only PATH: settings of the developer's shell must have no effect. */
function start(argv: readonly string[], stdout: Stdout = "pipe"): ChildProcess {
  return spawn(process.execPath, [MALLOG, ...argv], {
    env: { PATH: process.env.PATH },
    stdio: ["pipe", stdout, "pipe"],
  });
}

async function ended(child: ChildProcess) {
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk) => {
    out += String(chunk);
  });
  child.stderr?.on("data", (chunk) => {
    err += String(chunk);
  });
  await once(child, "close");
  return { code: child.exitCode, out, err };
}

function oneLine(err: string): void {
  expect(err.trimEnd().split("\n")).toHaveLength(1);
  expect(err).toMatch(/^mallog: /);
}

test("a log on standard input", async () => {
  const child = start([]);
  child.stdin?.end(LINE.repeat(3));
  const { code, out, err } = await ended(child);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("Threads by volume (1 thread, 3 events");
});

test("a working directory that was removed", async () => {
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"';
  const child = spawn("sh", ["-c", script, process.execPath, MALLOG], { cwd: newFolder() });
  const { code, out, err } = await ended(child);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain("mallog: the working directory no longer exists; change to another one");
});

test("--version prints the package's version", async () => {
  const { code, out } = await ended(start(["--version"]));
  expect(code).toBe(0);
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("every line counts as parsed, comment, malformed or blank", async () => {
  const child = start(["--json", "--no-what-if"]);
  child.stdin?.end(`# glibc 2.36\n\n \t\n${LINE}nonsense\n${LINE}${"x".repeat(1_200_000)}\n`);
  const { trace } = JSON.parse((await ended(child)).out);
  expect(trace.lines).toEqual({ total: 7, parsed: 2, comments: 1, malformed: 2, blank: 2 });
  expect(trace.malformedKinds).toEqual({ unparsable: 1, overlong: 1 });
});

test("a size beyond what a process can address is not live", async () => {
  const child = start(["--no-what-if"]);
  child.stdin?.end(`${LINE}7 0.2 malloc(18446744073709551615) = 0x5581000003a0\n`);
  const { code, out } = await ended(child);
  expect(code).toBe(0);
  expect(out).toMatch(/^100 B are live at the end;/);
  expect(out).toContain(
    "1 call with a size or alignment beyond what a process can address, left out",
  );
});

describe("unusable input", () => {
  test.each([
    ["nothing", [], ""],
    ["binary data", [], "\u0000\u0001\n".repeat(1000)],
    ["a missing file", ["/nowhere/malloc.log"], ""],
    ["a directory", ["/"], ""],
    ["a file that fails to read", ["/proc/self/mem"], ""],
  ])("%s: exit 3 and one line", async (_, argv, text) => {
    const child = start(argv);
    child.stdin?.on("error", () => {});
    child.stdin?.end(text);
    const { code, out, err } = await ended(child);
    expect(code).toBe(3);
    expect(out).toBe("");
    oneLine(err);
  });
});

test("a reader that closes the pipe ends mallog quietly, with 0", async () => {
  const child = start(["--json"]);
  const whole = ended(child);
  child.stdout?.destroy();
  child.stdin?.end(LINE);
  expect(await whole).toMatchObject({ code: 0, err: "" });
});

test("a full disk: exit 3 and one line", async () => {
  const child = start(["--json"], openSync("/dev/full", "w"));
  child.stdin?.end(LINE);
  const { code, err } = await ended(child);
  expect(code).toBe(3);
  oneLine(err);
});

test("Ctrl-C while the log is still being written: a report of what was read, and 130", async () => {
  const folder = newFolder();
  const child = start(["-o", join(folder, "report.txt")]);
  const whole = ended(child);
  child.stdin?.on("error", () => {});
  // More than pipe and stream buffers hold: once all is written, mallog has read the first line and listens to signals.
  const comments = `# ${"-".repeat(1000)}\n`.repeat(4000);
  await new Promise((written) => child.stdin?.write(LINE + comments, written));
  expect(readdirSync(folder)).toEqual([]);
  child.kill("SIGINT");
  const { code, out, err } = await whole;
  expect(code).toBe(130);
  expect(out).toMatch(/^Interrupted: all figures cover the first 1 event only\./);
  oneLine(err);
});

test.each([0, 600])(
  "Ctrl-C %i ms into the replay of a long log: a report of what was read, and 130",
  async (wait) => {
    const child = start([]);
    const whole = ended(child);
    child.stdin?.on("error", () => {});
    const calls = Array.from(
      { length: 60_000 },
      (_, i) => `${i % 50} 0.1 malloc(9) = 0x55${i}00\n`,
    );
    // Standard input stays open: mallog must not depend on its end.
    await new Promise((written) => child.stdin?.write(calls.join(""), written));
    setTimeout(() => child.kill("SIGINT"), wait);
    const { code, out, err } = await whole;
    expect(code).toBe(130);
    expect(out).toMatch(/^Interrupted: all figures cover the first [\d,]+ events only\./);
    oneLine(err);
  },
);

/** A log of 100,000 threads that do not end, each with a block in one of 64 arenas. */
function manyThreads(): string {
  const log = join(newFolder(), "log");
  const lines = Array.from({ length: 100_000 }, (_, i) => {
    const at = 0x7f00_0000_0b70 + (i % 64) * 0x400_0000 + Math.floor(i / 64) * 0x70;
    // In any order: a number that rises from line to line may be that of the line.
    return `${((i * 7919) % 100_000) + 1} malloc(100) = 0x${at.toString(16)}\n`;
  });
  writeFileSync(log, lines.join(""));
  return log;
}

test("100,000 threads need no large heap", async () => {
  const argv = ["--max-old-space-size=250", MALLOG, manyThreads(), "--no-progress"];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  const { code, out, err } = await ended(child);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("100,000 threads");
});

/** Starts mallog on a log whose replay takes long, and waits until it is busy. */
async function startBusy(): Promise<ChildProcess> {
  const child = start([manyThreads()]);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return child;
}

test("SIGTERM ends a busy process, with a report or without", async () => {
  const child = await startBusy();
  const whole = ended(child);
  const began = performance.now();
  child.kill("SIGTERM");
  const { code, out } = await whole;
  expect(code === 143 || child.signalCode === "SIGTERM").toBe(true);
  expect(code === 143).toBe(out.startsWith("Interrupted"));
  // The event loop has a turn after each batch; a second later the process ends, come what may.
  expect(performance.now() - began).toBeLessThan(6000);
});

test("a second signal ends a busy process at once", async () => {
  const child = await startBusy();
  const whole = ended(child);
  child.kill("SIGINT");
  const text = await new Promise((resolve) => child.stderr?.once("data", resolve));
  expect(String(text)).toContain("interrupt again to quit at once");
  const began = performance.now();
  child.kill("SIGINT");
  await whole;
  expect(child.signalCode).toBe("SIGINT");
  expect(performance.now() - began).toBeLessThan(1000);
});

test("a long log gives the same report from a pipe, a file and a redirected file", async () => {
  const log = join(newFolder(), "log");
  const lines = Array.from({ length: 60_000 }, (_, i) => `1 free(0x${i}0)\n`);
  writeFileSync(log, lines.join("").repeat(2));
  const piped = start(["--json"]);
  piped.stdin?.end(readFileSync(log));
  const redirected = spawn(process.execPath, [MALLOG, "--json"], {
    stdio: [openSync(log, "r"), "pipe", "pipe"],
  });
  const children = [piped, redirected, start(["--json", log])];
  const [first, ...others] = await Promise.all(
    children.map(async (child) => {
      const { code, out } = await ended(child);
      const { trace, threads } = JSON.parse(out);
      return { code, trace: { ...trace, sources: [] }, threads };
    }),
  );
  expect(first).toMatchObject({ code: 0, trace: { events: 120_000 } });
  for (const other of others) {
    expect(other).toEqual(first);
  }
});

test("a long report is complete even if it is read slowly", async () => {
  const child = start(["--json", "--no-model"]);
  const lines = Array.from({ length: 5000 }, (_, i) => `${i + 1} 0.1 malloc(9) = 0x55${i}00\n`);
  child.stdin?.end(lines.join(""));
  child.stdout?.pause();
  setTimeout(() => child.stdout?.resume(), 2500);
  const { code, out } = await ended(child);
  expect(code).toBe(0);
  expect(out.length).toBeGreaterThan(1_000_000);
  expect(JSON.parse(out)).toMatchObject({ complete: true });
});
