import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Report } from "../../../src/report/contract/report.ts";
import { CProgram } from "../../support/c-program.ts";
import { canRecord } from "../../support/hooked.ts";
import { MALLOG } from "../../support/mallog-command.ts";
import { newFolder } from "../../support/run-mallog.ts";

/** mallog watch as users start it, on processes that run already. */

const calls = new CProgram("hook-calls");
const stress = new CProgram("hook-stress");

/** Only root may debug a process that is not its child where this is not 0. */
const SCOPE = "/proc/sys/kernel/yama/ptrace_scope";
const mayDebug =
  process.getuid?.() === 0 || !existsSync(SCOPE) || readFileSync(SCOPE, "utf8").startsWith("0");
const canWatch = canRecord && mayDebug && spawnSync("gdb", ["--version"]).status === 0;
const skipped = canWatch
  ? ""
  : " (skipped: no gdb, or it may not attach; no C compiler, or no glibc)";

/** Starts a program that ends with the test. */
async function running(command: string, ...argv: readonly string[]): Promise<ChildProcess> {
  const child = spawn(command, argv, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  await once(child, "spawn");
  await new Promise((done) => setTimeout(done, 300));
  return child;
}

function watch(argv: readonly string[], cwd: string, env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [MALLOG, "watch", ...argv], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

describe.skipIf(!canWatch)(`mallog watch${skipped}`, () => {
  beforeAll(() => {
    calls.compile("-O1", "-fno-builtin", "-pthread");
    stress.compile("-O1", "-pthread");
  }, 120_000);

  it("records a process that does nothing but malloc and free, again and again, and leaves it running", async () => {
    const child = await running(calls.path, "many", "1000000000000");
    const folder = newFolder();
    for (const name of ["first.log.gz", "second.log.gz"]) {
      const { status, stdout, stderr } = watch(
        ["--for", "300ms", "--json", "--no-what-if", "-o", name, `${child.pid}`],
        folder,
      );
      expect([status, stderr]).toEqual([
        0,
        `mallog: recorded process ${child.pid} (${calls.path} many 1000000000000) in ${name}\n`,
      ]);
      const { trace, live, model, measured }: Report = JSON.parse(stdout);
      expect(trace.events).toBeGreaterThan(1000);
      expect(trace.lines.malformed).toBe(0);
      expect(live.peakBytes).toBeLessThan(3000);
      expect(model?.fidelity.ratio).toBeGreaterThan(0.9);
      expect(measured?.rssSamples.length).toBeGreaterThan(0);
      const log = gunzipSync(readFileSync(join(folder, name))).toString("latin1");
      expect(log).toMatch(/^# attached$/m);
      expect(log).toMatch(/\n# end\n$/);
    }
    expect(readdirSync(folder).sort()).toEqual(["first.log.gz", "second.log.gz"]);
    expect(isRunning(child)).toBe(true);
  });

  it("records busy threads, and says that the log begins late", async () => {
    const child = await running(stress.path, "8", "1000000000");
    const argv = ["--for", "100ms", "--json", "--no-what-if", `${child.pid}`];
    const { status, stdout } = watch(argv, newFolder());
    expect(status).toBe(0);
    const { threads, trace, grade }: Report = JSON.parse(stdout);
    expect(threads.filter(({ name }) => name?.startsWith("worker-")).length).toBe(8);
    expect(trace.lines.malformed).toBe(0);
    expect(grade?.reasons.map(({ kind }) => kind)).toContain("attached-late");
    expect(isRunning(child)).toBe(true);
  });

  it("ends with the process", async () => {
    const child = await running(calls.path, "wait", "2000");
    const { status, stdout } = watch(["--json", "-q", `${child.pid}`], newFolder());
    expect(status).toBe(0);
    const { trace, live }: Report = JSON.parse(stdout);
    expect(trace.events).toBeGreaterThan(0);
    expect(live.bytes).toBeGreaterThanOrEqual(33);
  });

  it("ends at a signal, with the report", async () => {
    const child = await running(calls.path, "many", "1000000000000");
    const folder = newFolder();
    const watching = spawn(process.execPath, [MALLOG, "watch", "--no-model", `${child.pid}`], {
      cwd: folder,
      env: { PATH: process.env.PATH },
    });
    let out = "";
    watching.stdout.on("data", (text: Buffer) => {
      out += text.toString();
    });
    const [said] = await once(watching.stderr, "data");
    expect(String(said)).toBe(
      `mallog: recording process ${child.pid}; interrupt to end the recording\n`,
    );
    watching.kill("SIGINT");
    const [code] = await once(watching, "close");
    expect(code).toBe(0);
    expect(out).toContain("Threads by volume");
    expect(isRunning(child)).toBe(true);
    expect(readdirSync(folder)).toEqual(["malloc.log.gz"]);
  });

  it("says why a process cannot be watched, and leaves nothing behind", async () => {
    const folder = newFolder();
    const gone = spawnSync("true").pid;
    const says = (argv: readonly string[], env = {}) => {
      const { status, stdout, stderr } = watch(argv, folder, env);
      expect(readdirSync(folder)).toEqual([]);
      return [status, stdout, stderr];
    };
    expect(says([`${gone}`])).toEqual([
      3,
      "",
      `mallog: process ${gone} cannot be watched: there is no such process\n`,
    ]);
    const child = await running("sleep", "60");
    expect(says([`${child.pid}`], { PATH: "/nonexistent" })).toEqual([
      3,
      "",
      `mallog: process ${child.pid} cannot be watched: gdb is needed to attach to it; install gdb\n`,
    ]);
    expect(says(["12x"])[0]).toBe(2);
    expect(isRunning(child)).toBe(true);
  });

  it("says that a statically linked program cannot be watched", async () => {
    const folder = newFolder();
    const source = join(folder, "static.c");
    writeFileSync(source, "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n");
    execFileSync("gcc", ["-static", "-o", join(folder, "static"), source], { stdio: "pipe" });
    const child = await running(join(folder, "static"));
    const { status, stderr } = watch([`${child.pid}`], folder);
    expect(status).toBe(3);
    expect(stderr).toContain("it does not use glibc; statically linked programs");
    expect(isRunning(child)).toBe(true);
  });
});
