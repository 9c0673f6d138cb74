import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HOOK, sourceOf } from "../../../src/native/native-programs.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { CProgram } from "../../support/c-program.ts";
import { canRecord } from "../../support/hooked.ts";
import { MALLOG } from "../../support/mallog-command.ts";
import { newFolder, sharedFolder } from "../../support/run-mallog.ts";

/** mallog record and mallog hook as users start them. */

const calls = new CProgram("hook-calls");
const cache = sharedFolder();
afterAll(() => rmSync(cache, { recursive: true }));

function mallog(argv: readonly string[], cwd: string, more: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, XDG_CACHE_HOME: cache, ...more };
  return spawnSync(process.execPath, [MALLOG, ...argv], { cwd, env, encoding: "utf8" });
}

const hasJava = spawnSync("java", ["-version"]).status === 0;

const skipped = canRecord ? "" : " (skipped: no C compiler, or no glibc)";

describe.skipIf(!canRecord)(`mallog record${skipped}`, () => {
  beforeAll(() => calls.compile("-O1", "-fno-builtin", "-pthread"), 120_000);

  it("writes the log, compressed, and prints the report", () => {
    const folder = newFolder();
    const { status, stdout, stderr } = mallog(["record", "--", calls.path, "threads"], folder);
    expect(status).toBe(0);
    expect(stdout).toMatch(/the model reproduced (\d+) of \1 pointers\./);
    expect(stdout).toContain("GC Thread#0");
    expect(stderr).toMatch(
      /^mallog: recorded process \d+ \(.*hook-calls threads\) in malloc\.log\.gz\n$/,
    );
    expect(readdirSync(folder)).toEqual(["malloc.log.gz"]);
    const log = gunzipSync(readFileSync(join(folder, "malloc.log.gz"))).toString("latin1");
    expect(log).toMatch(/^# hook mallog 1\n/);
    expect(log).toMatch(/\n# end\n$/);
  });

  it.each(["m.%p.log", "m.%p.log.gz"])("keeps a fork's log with its parent's calls: %s", (name) => {
    const folder = newFolder();
    mallog(["record", "--no-report", "-o", name, "--", calls.path, "fork"], folder);
    const logs = readdirSync(folder).map((file) => {
      const bytes = readFileSync(join(folder, file));
      return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
    });
    expect(logs.length).toBe(2);
    // The child's call, and the parent's one after the fork
    const [child = "", parent = ""] = logs.toSorted(
      (a, b) => Number(b.includes("malloc(2000)")) - Number(a.includes("malloc(2000)")),
    );
    const [before = ""] = parent.split(/^\d+ \S+ \S+ malloc\(3000\)/m);
    const callsIn = (text: string) => text.match(/\] .*$/gm) ?? [];
    expect(callsIn(before).length).toBeGreaterThan(0);
    expect(callsIn(child).slice(0, callsIn(before).length)).toEqual(callsIn(before));
    expect(child).not.toMatch(/^# forked/m);
    expect(new Set(child.match(/^# pid .*/gm)).size).toBe(1);
  });

  it("reports the parent, not its fork, where the parent allocated more itself", () => {
    const folder = newFolder();
    const { stderr } = mallog(["record", "--no-report", "--", calls.path, "fork", "9000"], folder);
    const log = gunzipSync(readFileSync(join(folder, "malloc.log.gz"))).toString("latin1");
    expect(log).toContain("malloc(30)");
    expect(log).not.toContain("malloc(2000)");
    expect(stderr).toContain("1 other process");
  });

  it("takes the options of a report", () => {
    const argv = ["record", "-q", "--json", "--no-what-if", "--container-limit", "64MiB"];
    const { stdout, stderr } = mallog([...argv, "--", calls.path, "all"], newFolder());
    const { model, container, scenarios }: Report = JSON.parse(stdout);
    expect(model?.fidelity.ratio).toBe(1);
    expect(scenarios.length).toBe(1);
    expect(container).toMatchObject({ limitBytes: 64 * 1024 * 1024 });
    expect(container?.baseRssBytes).toBeGreaterThan(500_000);
    expect(stderr).toBe("");
  });

  it("lets the calls of different arenas overlap, or none", () => {
    const ordersOf = (...argv: string[]) => {
      const folder = newFolder();
      mallog(
        ["record", "--no-report", "-o", "m.log", ...argv, "--", calls.path, "threads"],
        folder,
      );
      return readFileSync(join(folder, "m.log"), "latin1").match(/^# order .*$/gm);
    };
    expect(ordersOf()).toEqual(["# order free"]);
    expect(ordersOf("--order", "exact")).toEqual(["# order exact"]);
    expect(ordersOf("--order", "free")).toEqual(["# order free"]);
  });

  it("reports the process that allocated most, names the others, and keeps them with %p", () => {
    const script = `${calls.path} many 3000; ${calls.path} all; ${calls.path} many 10`;
    const folder = newFolder();
    const kept = mallog(
      ["record", "--no-report", "-o", "m.%p.log", "--", "sh", "-c", script],
      folder,
    );
    expect([kept.status, kept.stdout]).toEqual([0, ""]);
    expect(kept.stderr).toMatch(/recorded process [\d-]+ \(.*\) in m\.[\d-]+\.log; \d+ other proc/);
    expect(kept.stderr).not.toContain("%p");
    expect(readdirSync(folder).length).toBeGreaterThanOrEqual(3);

    const one = newFolder();
    const { stderr } = mallog(
      ["record", "--no-report", "-o", "m.log", "--", "sh", "-c", script],
      one,
    );
    // `many 3000` has the largest log, and asks for 4.5 MB; a call that fails asks for more, but gets nothing.
    expect(stderr).toMatch(/recorded process [\d-]+ \(.*hook-calls (many 3000|all)\) in m\.log; /);
    expect(stderr).toContain("%p in the name of -o keeps all logs");
    expect(readdirSync(one)).toEqual(["m.log"]);
  });

  it("leaves a process alone that the command leaves behind, and keeps its log up to then", async () => {
    const folder = newFolder();
    const script = `(${calls.path} many 40000 1500; echo $? > status) > /dev/null 2>&1 & sleep 0.5`;
    const argv = ["record", "--no-report", "-o", "m.%p.log.gz", "--", "sh", "-c", script];
    const { status, stderr } = mallog(argv, folder);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^mallog: process \d+ \(.*hook-calls.*\) still runs: .*$/m);
    expect(existsSync(join(folder, "status"))).toBe(false);
    while (!existsSync(join(folder, "status"))) {
      await new Promise((done) => setTimeout(done, 20));
    }
    await new Promise((done) => setTimeout(done, 50));
    expect(readFileSync(join(folder, "status"), "utf8")).toBe("0\n");
    for (const name of readdirSync(folder).filter((file) => file !== "status")) {
      const log = gunzipSync(readFileSync(join(folder, name))).toString("latin1");
      expect(log).toMatch(/^# hook mallog 1\n[^\0]*\n$/);
    }
  });

  it("says before it starts the command that the log cannot be written", () => {
    const folder = newFolder();
    mkdirSync(join(folder, "logs"));
    const argv = ["--", "sh", "-c", "echo started"];
    const refused = (output: string) => {
      const { status, stdout, stderr } = mallog(["record", "-o", output, ...argv], folder);
      expect([status, stdout]).toEqual([3, ""]);
      return stderr;
    };
    expect(refused("logs")).toBe("mallog: cannot write logs: is a directory\n");
    expect(refused("none/m.log")).toBe(
      "mallog: cannot write none/m.log: its directory does not exist; give a file that can be written by -o\n",
    );
    expect(readdirSync(folder)).toEqual(["logs"]);
  });

  it.each([
    ["--what-if", "FOO=1"],
    ["--recorded-with", "MALLOC_ARENA_MAX=many"],
    ["--glibc", "1.0"],
  ])("says before it starts the command that the report cannot be made: %s %s", (...wrong) => {
    const folder = newFolder();
    const argv = ["record", ...wrong, "--", "sh", "-c", "echo started"];
    const { status, stdout, stderr } = mallog(argv, folder);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`mallog: ${wrong[0]}`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("has the command's exit code, and reports all the same", () => {
    const failing = mallog(["record", "--", "sh", "-c", "ls >/dev/null; exit 7"], newFolder());
    expect(failing.status).toBe(7);
    expect(failing.stdout).toContain("the model reproduced");
    const killed = mallog(
      ["record", "--", "sh", "-c", "ls >/dev/null; kill -KILL $$"],
      newFolder(),
    );
    expect(killed.status).toBe(137);
    expect(killed.stdout).toContain("the model reproduced");
  });

  it.skipIf(!hasJava)("records a JVM: names of threads, and each pointer and page", () => {
    const { stdout } = mallog(["record", "-q", "--json", "--", "java", "-version"], newFolder());
    const { threads, model, trace, measured, recording: stated }: Report = JSON.parse(stdout);
    expect(threads.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["java", "VM Thread", "Finalizer", "Signal Dispatch"]),
    );
    expect(model?.fidelity.ratio).toBe(1);
    expect(trace.lines.malformed).toBe(0);
    expect(Math.abs(measured?.error.max ?? 1)).toBeLessThan(0.001);
    expect(stated?.command).toBe("java -version");
  });

  it("ends with 127 and 126 where the command cannot be started", () => {
    const folder = newFolder();
    const missing = mallog(["record", "--", "/nonexistent/app"], folder);
    expect([missing.status, missing.stderr]).toEqual([
      127,
      "mallog: /nonexistent/app: no such command\n",
    ]);
    writeFileSync(join(folder, "data"), "");
    expect(mallog(["record", "--", "./data"], folder).status).toBe(126);
    expect(readdirSync(folder)).toEqual(["data"]);
  });

  it("says where nothing was recorded", () => {
    const env = { MALLOG_START_AFTER: "1h" };
    const { status, stderr } = mallog(["record", "--", calls.path, "all"], newFolder(), env);
    expect(status).toBe(3);
    expect(stderr).toContain("nothing was recorded");
    expect(stderr).toContain("it ended before the recording began (MALLOG_START_AFTER)");
    const failing = mallog(["record", "--", "sh", "-c", "exit 7"], newFolder(), env);
    expect(failing.status).toBe(7);
    expect(failing.stderr).toContain("nothing was recorded");
    const full = mallog(["record", "--", calls.path, "all"], newFolder(), { MALLOG_MAX: "1K" });
    expect(full.status).toBe(3);
    expect(full.stderr).toContain("MALLOG_MAX or ulimit -f is below 512 KiB, the least");
    expect(full.stderr).toContain("nothing was recorded; the hook could not write");
  });

  it("ends the command after the time of --for", () => {
    const argv = ["record", "--for", "300ms", "--", calls.path, "wait", "100000"];
    const { status, stdout } = mallog(argv, newFolder());
    expect(status).toBe(0);
    expect(stdout).toContain("the model reproduced");
  });

  it("passes a signal on to the command, and reports what it did", async () => {
    const folder = newFolder();
    const child = spawn(
      process.execPath,
      [MALLOG, "record", "--json", "--", calls.path, "wait", "100000"],
      { cwd: folder, env: { PATH: process.env.PATH, XDG_CACHE_HOME: cache } },
    );
    let out = "";
    child.stdout.on("data", (text: Buffer) => {
      out += text.toString();
    });
    child.stdin.end();
    const started = () =>
      readdirSync(folder).some((name) => readdirSync(join(folder, name)).length > 0);
    while (!started()) {
      await new Promise((done) => setTimeout(done, 20));
    }
    await new Promise((done) => setTimeout(done, 100));
    child.kill("SIGTERM");
    const [code] = await once(child, "close");
    expect(code).toBe(143);
    const { trace }: Report = JSON.parse(out);
    expect(trace.events).toBeGreaterThan(0);
  });
});

describe(`mallog hook`, () => {
  it("prints the source", () => {
    const folder = newFolder();
    expect(mallog(["hook", "--source"], folder).stdout).toBe(sourceOf(HOOK));
    mallog(["hook", "--source", "-o", "hook.c"], folder);
    expect(readFileSync(join(folder, "hook.c"), "utf8")).toBe(sourceOf(HOOK));
  });

  it.skipIf(!canRecord)("prints the path of the hook, or writes it", () => {
    const folder = newFolder();
    const path = mallog(["hook"], folder).stdout.trim();
    expect(existsSync(path)).toBe(true);
    mallog(["hook", "-o", "mallog-hook.so"], folder);
    expect(readFileSync(join(folder, "mallog-hook.so"))).toEqual(readFileSync(path));
  });

  it.each([
    ["the library", []],
    ["the source", ["--source"]],
  ])("replaces a file that processes may have mapped: %s", (_, source) => {
    const folder = newFolder();
    writeFileSync(join(folder, "hook"), "old");
    linkSync(join(folder, "hook"), join(folder, "mapped"));
    expect(mallog(["hook", ...source, "-o", "hook"], folder).stderr).toBe("");
    expect(readFileSync(join(folder, "mapped"), "utf8")).toBe("old");
    expect(readdirSync(folder).toSorted()).toEqual(["hook", "mapped"]);
  });

  it("writes to a pipe, and not in the place of a folder", () => {
    const folder = newFolder();
    const { status, stderr } = mallog(["hook", "--source", "-o", "."], folder);
    expect([status, stderr]).toEqual([3, "mallog: cannot write .: is a directory\n"]);
    const script = 'mkfifo pipe; cat pipe & "$@" -o pipe; wait';
    const argv = ["-c", script, "sh", process.execPath, MALLOG, "hook", "--source"];
    const { stdout } = spawnSync("sh", argv, { cwd: folder, encoding: "utf8", timeout: 20_000 });
    expect(stdout).toBe(sourceOf(HOOK));
  });
});
