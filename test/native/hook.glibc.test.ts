import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { CProgram } from "../support/c-program.ts";
import { canRecord, comments, Hook, misses, reported, withParentsOf } from "../support/hooked.ts";
import { newFolder } from "../support/run-mallog.ts";

/** The hook under real programs: what it logs, that the model reproduces each pointer and page, and what it survives. */

const hook = new Hook();
const calls = new CProgram("hook-calls");
const stress = new CProgram("hook-stress");
const EXACT = { pointers: 0, malformed: 0, samples: 0 };

const skipped = canRecord ? "" : " (skipped: no C compiler, or no glibc)";

describe.skipIf(!canRecord)(`the hook${skipped}`, () => {
  beforeAll(() => {
    hook.compile();
    calls.compile("-O1", "-fno-builtin", "-pthread");
    stress.compile("-O1", "-pthread");
  }, 120_000);

  it("needs no library, and no symbol of a glibc after 2.17", () => {
    const dynamic = execFileSync("readelf", ["-dW", "--dyn-syms", hook.path], { encoding: "utf8" });
    const versions = [...dynamic.matchAll(/@GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
    expect(Math.max(...versions, 0)).toBeLessThanOrEqual(17);
    expect(dynamic).not.toContain("libdl");
  });

  it("logs each kind of call as mallog reads it", () => {
    const { status, largest } = hook.record(calls.path, ["all"]);
    expect(status.status).toBe(0);
    const text = largest.toString("latin1");
    const found = [...text.matchAll(/^\d+ \d\d:\d\d:\d\d\.\d{6} \[0x[0-9a-f]+\] (.*)$/gm)].map(
      ([, call = ""]) => call.replace(/0x[0-9a-f]{3,}/g, "P").replace("\t", " "),
    );
    expect(found.slice(0, 16)).toEqual([
      "malloc(100) = P",
      "realloc(P, 200000) = P",
      "reallocarray(P, 10, 30000) = P",
      "free(P)",
      "calloc(3, 50) = P",
      "free(P)",
      "memalign(64, 100) = P",
      "free(P)",
      "aligned_alloc(128, 256) = P",
      "free(P)",
      "valloc(10) = P",
      "free(P)",
      "pvalloc(10) = P",
      "free(P)",
      "posix_memalign(256, 1000) = P",
      "free(P)",
    ]);
    expect(found.slice(16)).toEqual([
      "malloc(4611686018427387904) = 0x0",
      "malloc(10) = P",
      "realloc(P, 4611686018427387904) = 0x0",
      "reallocarray(P, 4611686018427387904, 4611686018427387904) = 0x0",
      "free(P)",
      "free(0x0)",
      "mallopt(-1, 65536) = 1",
      "malloc(1048576) = P",
      "malloc_trim(0) = 1",
    ]);
    expect(misses(largest)).toEqual(EXACT);
    // Half of the last block was not written.
    const hole = comments(largest, "hole").at(-1) ?? "";
    expect(Number(hole.split("+")[1])).toBeGreaterThanOrEqual(500_000);
  });

  it("gives lines that follow each other within 100 µs one time", () => {
    const { largest } = hook.record(calls.path, ["many", "20000"]);
    const micros = [...largest.toString("latin1").matchAll(/^\d+ 00:00:(\d\d)\.(\d{6}) /gm)].map(
      ([, seconds = "", fraction = ""]) => Number(seconds + fraction),
    );
    expect(micros.length).toBe(40_000);
    const steps = micros.slice(1).map((time, i) => time - micros[i]!);
    expect(steps.filter((step) => step !== 0 && step < 100)).toEqual([]);
    expect(Math.max(...steps)).toBeGreaterThanOrEqual(100);
  });

  it("states the facts of the machine and of the process", () => {
    const env = { MALLOC_ARENA_MAX: "2", GLIBC_TUNABLES: "glibc.malloc.tcache_count=3" };
    const { largest } = hook.record(calls.path, ["all"], { env });
    expect(comments(largest, "setting").sort()).toEqual([
      "GLIBC_TUNABLES=glibc.malloc.tcache_count=3",
      "MALLOC_ARENA_MAX=2",
    ]);
    const [version = ""] = comments(largest, "glibc");
    expect(execFileSync("getconf", ["GNU_LIBC_VERSION"], { encoding: "utf8" })).toContain(version);
    expect(comments(largest, "program")).toEqual([calls.path]);
    expect(comments(largest, "command")).toEqual([`${calls.path} all`]);
    expect(comments(largest, "page")).toEqual([
      execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" }).trim(),
    ]);
    expect(comments(largest, "arch")).toEqual([
      execFileSync("uname", ["-m"], { encoding: "utf8" }).trim(),
    ]);
    expect(comments(largest, "map").join("\n")).toMatch(/ r-xp [0-9a-f]+ \/.*libc\.so\.6$/m);
    const { model, recording: stated, measured } = reported(largest);
    expect(model).toMatchObject({
      glibc: version,
      glibcSource: "log",
      cpusSource: "log",
      settings: { MALLOC_ARENA_MAX: "2", "glibc.malloc.tcache_count": "3" },
    });
    expect(stated?.command).toBe(`${calls.path} all`);
    expect(stated?.otherRssBytes).toBeGreaterThan(500_000);
    expect(measured?.rssSamples.length).toBe(1);
    expect(misses(largest)).toEqual(EXACT);
  });

  it("logs unwritten pages of blocks from the size that it is asked for", () => {
    const holesOf = (min: string) => {
      const { largest } = hook.record(calls.path, ["unwritten"], { env: { MALLOG_HOLES: min } });
      const header = min === "16K" ? "min=16384" : `min=${min}`;
      expect(comments(largest, "holes")).toEqual(min === "0" ? [] : [header]);
      return { holes: comments(largest, "hole").length, ...misses(largest) };
    };
    // Below a page no size differs: the headers of neighbours write each page.
    expect(holesOf("512")).toMatchObject({ ...EXACT, holes: 30 });
    expect(holesOf("4096")).toMatchObject({ ...EXACT, holes: 30 });
    expect(holesOf("16K")).toMatchObject({ pointers: 0, holes: 10 });
    expect(holesOf("0")).toMatchObject({ pointers: 0, holes: 0 });
  });

  it("logs thousands of holes of one block", () => {
    const { largest } = hook.record(calls.path, ["sparse", "40000"]);
    expect(comments(largest, "hole").at(-1)?.split(",").length).toBeGreaterThan(19_900);
    expect(misses(largest)).toEqual(EXACT);
  });

  it.each([
    ["mapped block", {}],
    ["heap's block", { MALLOC_MMAP_THRESHOLD_: String(2 ** 25) }],
  ])("measures a %s as it states its holes, while a thread writes it", (_, settings) => {
    const env = { MALLOG_SAMPLE: "1ms", ...settings };
    const { largest } = hook.record(calls.path, ["writes", "8000"], { env });
    expect(comments(largest, "rss").length).toBeGreaterThan(1);
    expect(misses(largest)).toEqual(EXACT);
  });

  it("measures the heap of a thread that was given no block", () => {
    const { largest } = hook.record(calls.path, ["frees"]);
    expect(comments(largest, "rss").length).toBe(1);
    expect(misses(largest)).toEqual(EXACT);
    const env = { MALLOG_START_AFTER: "150ms" };
    const late = hook.record(calls.path, ["frees", "300"], { env }).largest;
    const arenas = comments(largest, "rss").map((text) => /arenas=\d+/.exec(text)?.[0]);
    expect(arenas).not.toEqual(["arenas=0"]);
    expect(comments(late, "rss").map((text) => /arenas=\d+/.exec(text)?.[0])).toEqual(arenas);
  });

  it("logs names of threads and the ends of threads", () => {
    const { largest } = hook.record(calls.path, ["threads"]);
    const { threads } = reported(largest);
    expect(threads.map(({ name }) => name).sort()).toEqual([
      "GC Thread#0",
      "by prctl",
      "hook-calls",
      "http-nio 8080",
    ]);
    expect(largest.toString("latin1").match(/thread_exit\(\)/g)?.length).toBe(3);
    expect(misses(largest)).toEqual(EXACT);
  });

  it("gives a forked child a log of its own, and leaves the parent's alone", async () => {
    const { logs } = hook.record(calls.path, ["fork"]);
    expect(logs.size).toBe(2);
    const texts = [...logs.values()].map((log) => log.toString("latin1"));
    const child = texts.find((text) => text.includes("# forked"));
    const parent = texts.find((text) => !text.includes("# forked"));
    expect(child).toContain("malloc(2000)");
    expect(parent).toContain("malloc(3000)");
    expect(parent).not.toContain("malloc(2000)");
    expect(parent).toMatch(/# end\n$/);
    expect(child).toMatch(/# end\n$/);
    expect(comments(Buffer.from(child ?? ""), "forked")).toEqual([
      expect.stringMatching(/^malloc\.\d+\.log \d+ \d+$/),
    ]);
    for (const name of logs.keys()) {
      expect(misses(await withParentsOf(name, logs))).toEqual(EXACT);
    }
  });

  it("records neither children nor a second program where the name has no %p", () => {
    const file = join(newFolder(), "malloc.log");
    execFileSync("sh", ["-c", `${calls.path} many 10; exec ${calls.path} fork`], {
      env: hook.env(file),
    });
    const text = readFileSync(file, "latin1");
    expect(text).toContain("malloc(3000)");
    expect(text).not.toContain("malloc(2000)");
    expect(comments(Buffer.from(text), "command")).toEqual([`${calls.path} fork`]);
  });

  it("begins another log where a process executes a program", () => {
    const { logs } = hook.record(calls.path, ["exec"]);
    expect([...logs.keys()].map((name) => name.replace(/\d{2,}/, "PID")).sort()).toEqual([
      "malloc.PID-1.log",
      "malloc.PID.log",
    ]);
    const [first, second] = [...logs].sort(([a], [b]) => a.length - b.length).map(([, log]) => log);
    expect(comments(first!, "command")).toEqual([`${calls.path} exec`]);
    expect(comments(second!, "command")).toEqual([`${calls.path} all`]);
    expect(first!.indexOf("malloc(777)")).toBeGreaterThan(0);
  });

  it("goes on where the program closes all files", () => {
    const { largest } = hook.record(calls.path, ["close", "30000"]);
    expect(reported(largest).trace.events).toBe(60_000);
    expect(misses(largest)).toEqual(EXACT);
  });

  it("goes on where the program then is in another folder than the log's name was given in", () => {
    const cwd = newFolder();
    execFileSync(calls.path, ["daemon", "30000"], { cwd, env: hook.env("m.log") });
    const log = readFileSync(join(cwd, "m.log"));
    expect(reported(log).trace.events).toBe(60_000);
    expect(misses(log)).toEqual(EXACT);
  });

  it("does not wait for itself where signal handlers allocate", () => {
    const { status, largest } = hook.record(calls.path, ["signals", "300000"]);
    expect(status.status).toBe(0);
    const { trace, model } = reported(largest);
    expect(trace.events).toBeGreaterThanOrEqual(600_200);
    expect(trace.lines.malformed).toBe(0);
    // Whether a handler's call came before the one that it interrupted is not known.
    expect(model?.fidelity.ratio).toBeGreaterThan(0.999);
  });

  it("starts after a time, and stops after a time", () => {
    const late = hook.record(calls.path, ["wait", "300"], { env: { MALLOG_START_AFTER: "150ms" } });
    expect(late.largest.toString("latin1").match(/malloc\(\d\d\)/g)).toEqual([
      "malloc(22)",
      "malloc(33)",
    ]);
    const short = hook.record(calls.path, ["wait", "300"], { env: { MALLOG_STOP_AFTER: "150ms" } });
    expect(short.largest.toString("latin1").match(/malloc\(\d\d\)/g)).toEqual([
      "malloc(11)",
      "malloc(22)",
    ]);
    expect(short.largest.toString("latin1")).toMatch(/# end\n$/);
  });

  it("lets calls of different arenas overlap from the start of a process only", () => {
    const orders = (env: Record<string, string> = {}, what = "fork") =>
      [...hook.record(calls.path, [what, "300"], { env }).logs.values()]
        .sort((a, b) => Number(b.includes("# forked")) - Number(a.includes("# forked")))
        .flatMap((log) => comments(log, "order"));
    expect(orders()).toEqual(["exact", "free"]);
    expect(orders({ MALLOG_ORDER: "exact" })).toEqual(["exact", "exact"]);
    expect(orders({ MALLOG_START_AFTER: "1ms" }, "wait")).toEqual(["exact"]);
    expect(orders({ GLIBC_TUNABLES: "glibc.malloc.tcache_max=4096" }, "all")).toEqual(["exact"]);
  });

  it("is switched on by a signal", async () => {
    const file = join(newFolder(), "malloc.log");
    const child = spawn(calls.path, ["wait", "400"], {
      env: hook.env(file, { MALLOG_START_AFTER: "signal", MALLOG_SIGNAL: "USR1" }),
    });
    setTimeout(() => child.kill("SIGUSR1"), 200);
    await once(child, "exit");
    expect(
      readFileSync(file, "latin1")
        .match(/malloc\(\d\d\)/g)
        ?.at(-1),
    ).toBe("malloc(33)");
    expect(readFileSync(file, "latin1")).not.toContain("malloc(11)");
  });

  it("says what it has lost where the log has its largest size", () => {
    const { status, largest } = hook.record(calls.path, ["many", "40000"], {
      env: { MALLOG_MAX: "1M" },
    });
    expect(status.status).toBe(0);
    expect(largest.length).toBeLessThanOrEqual(1 << 20);
    const report = reported(largest);
    expect(report.trace.lines.malformed).toBe(0);
    expect(report.trace.events + (report.recording?.lostCalls ?? 0)).toBe(80_000);
    expect(report.findings.map(({ kind }) => kind)).toContain("lost-calls");
  });

  it("goes on to a log's end where the log is renamed, and ends the recording where it is removed", async () => {
    const bytesAfter = async (change: (file: string) => void) => {
      const file = join(newFolder(), "malloc.log");
      const child = spawn(calls.path, ["many", "40000", "300"], { env: hook.env(file) });
      while (!existsSync(file)) {
        await new Promise((done) => setTimeout(done, 5));
      }
      const log = openSync(file, "r");
      change(file);
      const [code] = await once(child, "exit");
      expect(code).toBe(0);
      const { size } = fstatSync(log);
      closeSync(log);
      return size;
    };
    expect(await bytesAfter((file) => renameSync(file, `${file}.1`))).toBeGreaterThan(4_000_000);
    expect(await bytesAfter((file) => rmSync(file))).toBeLessThanOrEqual(512 * 1024);
  });

  it("writes to a pipe", async () => {
    const file = join(newFolder(), "pipe");
    execFileSync("mkfifo", [file]);
    const reader = spawn("cat", [file]);
    const chunks: Buffer[] = [];
    reader.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    spawn(calls.path, ["many", "20000"], { env: hook.env(file) });
    await once(reader, "close");
    const log = Buffer.concat(chunks);
    expect(reported(log).trace.events).toBe(40_000);
    expect(misses(log)).toEqual(EXACT);
  });

  it("writes to a pipe for the first process only", async () => {
    const file = join(newFolder(), "pipe");
    execFileSync("mkfifo", [file]);
    const reader = spawn("cat", [file]);
    const chunks: Buffer[] = [];
    reader.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    spawn("sh", ["-c", `${calls.path} all; ${calls.path} all`], { env: hook.env(file) });
    await once(reader, "close");
    const log = Buffer.concat(chunks);
    expect(comments(log, "pid").length).toBe(1);
    expect(comments(log, "program").at(0)).toMatch(/sh$/);
  });

  it("says on standard error why a log cannot be written, and lets the program run", () => {
    const folder = newFolder();
    const said = (out: string, more: Record<string, string> = {}) => {
      const env = hook.env(out, more);
      return spawnSync(calls.path, ["all"], { env, encoding: "utf8" });
    };
    const next = `set MALLOG_OUT to a file that user ${process.geteuid?.()} can write`;
    for (const [out, reason] of [
      ["/nonexistent/malloc.log", "its directory does not exist"],
      [folder, "is a directory"],
      [`${calls.path}/malloc.log`, "a part of its path is not a directory"],
      [join(folder, "a".repeat(300)), `error 36`],
    ] as const) {
      const { status, stderr } = said(out);
      expect(stderr).toBe(
        `mallog-hook: cannot write ${out}: ${reason}; nothing is recorded; ${next}\n`,
      );
      expect(status).toBe(0);
    }
    const out = join(folder, "m.log");
    expect(said(out, { MALLOG_MAX: "1K" }).stderr).toBe(
      `mallog-hook: cannot write ${out}: MALLOG_MAX or ulimit -f is below 512 KiB, the least; nothing is recorded\n`,
    );
  });

  it.each([
    ["MALLOG_START_AFTER=soon", "give a time like 30s, or signal"],
    ["MALLOG_STOP_AFTER=5 s", "give a time like 30s"],
    ["MALLOG_SAMPLE=s", "give a time like 1s, or 0"],
    ["MALLOG_SIGNAL=KILLER", "give a signal like USR1, RTMIN+3 or 34"],
    ["MALLOG_MAX=2Q", "give a size like 2G"],
    ["MALLOG_HOLES=all", "give a size like 4096, or 0"],
    ["MALLOG_FULL=wait", "give stop or block"],
    ["MALLOG_ORDER=any", "give free or exact"],
  ])("says that it ignores %s, and records", (setting, hint) => {
    const [name = "", value = ""] = setting.split("=");
    const { status, largest } = hook.record(calls.path, ["all"], { env: { [name]: value } });
    expect(status.stderr).toBe(`mallog-hook: ${setting} is ignored; ${hint}\n`);
    expect(comments(largest, "order")).toEqual(["free"]);
    expect(comments(largest, "holes")).toEqual(["min=4096"]);
    expect(misses(largest)).toEqual(EXACT);
  });

  it("takes each form of a time and of a size", () => {
    for (const env of [
      { MALLOG_STOP_AFTER: "30000ms", MALLOG_MAX: "1.5GiB" },
      { MALLOG_STOP_AFTER: "0.5h", MALLOG_MAX: "200m" },
      { MALLOG_STOP_AFTER: "60", MALLOG_MAX: "300000KB" },
      { MALLOG_STOP_AFTER: "2m", MALLOG_MAX: "1073741824" },
    ]) {
      const { status, largest } = hook.record(calls.path, ["all"], { env });
      expect(status.stderr).toBe("");
      expect(misses(largest)).toEqual(EXACT);
    }
  });

  it("says that a recording which a signal starts needs a signal", () => {
    const { status, logs } = hook.record(calls.path, ["all"], {
      env: { MALLOG_START_AFTER: "signal" },
    });
    expect(status.stderr).toBe(
      "mallog-hook: MALLOG_START_AFTER=signal is ignored; give the signal, too: MALLOG_SIGNAL=USR1\n",
    );
    expect(logs.size).toBe(1);
  });

  it.each(["exact", "free"])(
    "records 64 threads with signals, forks and threads that run on at the end: order %s",
    async (order) => {
      const env = { MALLOG_ORDER: order };
      const { status, logs, largest } = hook.record(stress.path, ["64", "1000"], { env });
      expect([status.status, status.stderr]).toEqual([0, ""]);
      expect(logs.size).toBe(7);
      expect(comments(largest, "order")).toEqual([order]);
      const { threads } = reported(largest);
      expect(threads.filter(({ name }) => name?.startsWith("worker-")).length).toBe(64);
      expect(misses(largest)).toEqual(EXACT);
      for (const [name, log] of logs) {
        expect(reported(log).trace.lines.malformed).toBe(0);
        expect(misses(await withParentsOf(name, logs))).toEqual(EXACT);
      }
    },
  );

  it.each([
    ["exact", "1"],
    ["exact", "3"],
    ["free", "1"],
    ["free", "3"],
  ])(
    "keeps the order of calls, %s, where threads share %s arenas",
    (MALLOG_ORDER, MALLOC_ARENA_MAX) => {
      const env = { MALLOG_ORDER, MALLOC_ARENA_MAX };
      const { largest } = hook.record(stress.path, ["12", "3000"], { env });
      expect(comments(largest, "order")).toEqual([MALLOG_ORDER]);
      expect(misses(largest)).toMatchObject({ pointers: 0, malformed: 0 });
      const times = [...largest.toString("latin1").matchAll(/^\d+ (\S+) \[/gm)].map(
        ([, time]) => time,
      );
      expect(times).toEqual(times.toSorted());
    },
  );

  it("leaves a valid log where the process is killed, at any moment", async () => {
    const folder = mkdtempSync(join(hook.folder, "killed-"));
    let logs = 0;
    for (let i = 0; i < 50; i++) {
      const file = join(folder, `${i}.log`);
      const child = spawn(stress.path, ["8", "1000000"], { env: hook.env(file) });
      await new Promise((done) => setTimeout(done, 5 + 2.6 * i));
      child.kill("SIGKILL");
      await once(child, "exit");
      if (!existsSync(file)) {
        // Killed before its first call.
        continue;
      }
      const raw = readFileSync(file);
      if (raw.length === 0 || raw[0] === 0) {
        // Killed before its first line.
        continue;
      }
      logs++;
      const room = raw.indexOf(0);
      const log = room < 0 ? raw : raw.subarray(0, raw.lastIndexOf("\n", room) + 1);
      // Behind the last line there is at most a part of the next one, and reserved room.
      expect(raw.subarray(log.length).indexOf("\n\0")).toBe(-1);
      if (i % 10 === 9) {
        expect(misses(log)).toMatchObject({ pointers: 0, malformed: 0 });
      }
    }
    expect(logs).toBeGreaterThan(40);
  });
});
