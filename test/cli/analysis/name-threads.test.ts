import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reportOfLog } from "../../../src/cli/report-of-log.ts";
import { mallog, newFolder } from "../../support/run-mallog.ts";

/** Thread 7 allocates in the first second, thread 8 in the tenth. */
const LOG = `# start 1796002140
# thread 7 plugin-jar-load
# thread 8 plugin-jar-load
7 00:00:00.100000 malloc(100) = 0x5581000002a0
7 00:00:00.200000 malloc(200) = 0x558100000310
8 00:00:09.100000 malloc(300) = 0x5581000003e0
8 00:00:09.200000 malloc(300) = 0x558100000520
`;

/** A dump of both threads; \`method\` is that of thread 7. */
function dump(second: number, method: string): string {
  return `2026-11-30 01:29:0${second}
Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):

"plugin-jar-loader-0" #12 prio=5 os_prio=0 tid=0x00007f nid=0x7 runnable  [0x0]
   java.lang.Thread.State: RUNNABLE
	at ${method}

"plugin-jar-loader-1" #13 prio=5 os_prio=0 tid=0x00007f nid=0x8 runnable  [0x0]
   java.lang.Thread.State: WAITING (parking)
	at jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)
	at a.B.run(B.java:7)
`;
}

function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = newFolder();
  writeFileSync(join(path, "app.log"), LOG);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

/** Runs the whole of mallog in a folder. */
function run(cwd: string, ...argv: readonly string[]) {
  const analyse = reportOfLog("0", null);
  return mallog(
    argv[0] === "diff" ? argv : [...argv, "--no-model"],
    (inputs, options, hooks) =>
      analyse(
        inputs.map((name) => join(cwd, name)),
        options,
        hooks,
      ),
    { cwd },
  );
}

describe("--jstack", () => {
  it("names threads by the dump, whose names are whole", async () => {
    const cwd = folder({ "a.txt": dump(0, "a.B.c(B.java:1)") });
    const { out, err, code } = await run(cwd, "app.log", "--jstack", "a.txt");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("plugin-jar-loader-0");
    expect(out).toContain("1 thread dump: of 2 of the log's 2 threads");
  });

  it("counts the frames of the dumps that were taken while a thread allocated", async () => {
    const files = {
      "d/1": dump(0, "a.B.allocates(B.java:1)"),
      "d/2": dump(9, "a.B.idles(B.java:2)"),
    };
    const cwd = folder({ ...files, "d/3": dump(9, "a.B.idles(B.java:2)") });
    const { out } = await run(cwd, "app.log", "--json", "--jstack", "d");
    const { threads, threadDumps } = JSON.parse(out);
    const [of7, of8] = [7, 8].map((tid) => threads.find((one: { tid: number }) => one.tid === tid));
    expect(of7).toMatchObject({
      name: "plugin-jar-loader-0",
      topFrame: "a.B.allocates(B.java:1)",
      dumps: {
        dumps: 3,
        whileAllocating: 1,
        states: { RUNNABLE: 3 },
        frames: [
          { frame: "a.B.allocates(B.java:1)", dumps: 1, stack: ["a.B.allocates(B.java:1)"] },
        ],
      },
    });
    expect(of8).toMatchObject({
      name: "plugin-jar-loader-1",
      topFrame: "jdk.internal.misc.Unsafe.park(Native Method)",
      dumps: { dumps: 3, whileAllocating: 2, states: { WAITING: 3 } },
    });
    expect(threadDumps).toMatchObject({ matchedThreads: 2, clock: "dates" });
    expect(threadDumps.dumps.map(({ source }: { source: string }) => source)).toEqual([
      "d/1",
      "d/2",
      "d/3",
    ]);
  });

  it("counts the frames of all dumps where times are not known, and says so", async () => {
    const one = dump(0, "a.B.c(B.java:1)").replace(/^.*\n/, "");
    const two = dump(0, "a.B.d(B.java:1)").replace(/^.*\n/, "");
    const cwd = folder({ "a.txt": one + two + two });
    const json = await run(cwd, "app.log", "--json", "--jstack", "a.txt");
    const [thread] = JSON.parse(json.out).threads.filter(({ tid }: { tid: number }) => tid === 7);
    expect(thread.dumps.whileAllocating).toBeNull();
    expect(
      thread.dumps.frames.map(({ frame, dumps }: Record<string, unknown>) => [frame, dumps]),
    ).toEqual([
      ["a.B.d(B.java:1)", 2],
      ["a.B.c(B.java:1)", 1],
    ]);
    const { out } = await run(cwd, "app.log", "--jstack", "a.txt");
    expect(out.replace(/\s+/g, " ")).toContain(
      "3 thread dumps: of 2 of the log's 2 threads; when they were taken is not known, so that frames are counted in all of them",
    );
    const alone = await run(folder({ "a.txt": one }), "app.log", "--jstack", "a.txt");
    expect(alone.out.replace(/\s+/g, " ")).toContain(
      "1 thread dump: of 2 of the log's 2 threads; when it was taken is not known, so that its frames count in any case",
    );
  });

  it("takes names from a listing for threads that neither the log nor a dump names", async () => {
    const listing = "/proc/7/task/7/comm:other\n/proc/7/task/9/comm:only-listed\n";
    const cwd = folder({ "comm.txt": listing });
    writeFileSync(join(cwd, "app.log"), `${LOG}9 00:00:09.300000 malloc(300) = 0x558100000660\n`);
    const { out } = await run(cwd, "app.log", "--csv", "--jstack", "comm.txt");
    const names = Object.fromEntries(
      out
        .split("\r\n")
        .slice(1, -1)
        .map((line) => line.split(",", 2)),
    );
    expect(names).toEqual({ 7: "plugin-jar-load", 8: "plugin-jar-load", 9: "only-listed" });
  });

  it("says once that no thread is the log's, as for another process or a container", async () => {
    const foreign = dump(0, "a.B.c(B.java:1)")
      .replace("nid=0x7", "nid=0x70")
      .replace("nid=0x8", "nid=0x80");
    const cwd = folder({ "a.txt": foreign });
    const { code, err } = await run(cwd, "app.log", "--jstack", "a.txt");
    expect(code).toBe(0);
    expect(err.split("\n")).toHaveLength(2);
    expect(err).toMatch(/--jstack: none of its 2 threads is in the log: .*container/);
  });

  it("says that no thread is of the process reported, in a log of several", async () => {
    const cwd = folder({ "a.txt": dump(0, "a.B.c(B.java:1)") });
    const own = "# pid 70\n70 malloc(100) = 0x5581000002a0\n70 malloc(900) = 0x558100000310\n";
    writeFileSync(join(cwd, "app.log"), `${own}# pid 7\n7 malloc(100) = 0x5581000002a0\n`);
    const { err } = await run(cwd, "app.log", "--jstack", "a.txt");
    expect(err).toMatch(/none of its 2 threads is of the process reported: .*--process NAME/);
    const of7 = await run(cwd, "app.log", "--process", "7", "--jstack", "a.txt");
    expect(of7.err).toBe("");
  });

  it("counts states by whatever name a dump gives them", async () => {
    const text = ["constructor", "__proto__"]
      .map((state) => dump(0, "a.B.c(B.java:1)").replace(/runnable .*\n.*/, state))
      .join("\n");
    const cwd = folder({ "a.txt": text });
    const { out } = await run(cwd, "app.log", "--json", "--jstack", "a.txt");
    const { dumps } = JSON.parse(out).threads.find(({ tid }: { tid: number }) => tid === 7);
    expect(Object.entries(dumps.states)).toEqual([
      ["constructor", 1],
      ["__proto__", 1],
    ]);
  });

  it.each([
    ["no dump", "hello\n", /^mallog: --jstack bad: is no thread dump: /],
    ["empty", "", /^mallog: --jstack bad: is empty/],
    ["bytes", "\u0000\u001b[31m\uffff", /^mallog: --jstack bad: is no thread dump: /],
  ])("refuses a file that is %s, before the log is read", async (_, text, expected) => {
    const cwd = folder({ bad: text });
    const { code, out, err, asked } = await run(cwd, "app.log", "--jstack", "bad");
    expect([code, out, asked]).toEqual([2, "", undefined]);
    expect(err).toMatch(expected);
    expect(err.trimEnd()).not.toContain("\n");
  });

  it("refuses a file that is missing, and an empty folder", async () => {
    const cwd = folder();
    expect(await run(cwd, "app.log", "--jstack", "none")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--jstack none: no such file"),
    });
    symlinkSync("loop", join(cwd, "loop"));
    expect(await run(cwd, "app.log", "--jstack", "loop")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^mallog: --jstack loop: ELOOP/),
    });
    mkdirSync(join(cwd, "empty"));
    expect(await run(cwd, "app.log", "--jstack", "empty")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--jstack empty: the folder is empty"),
    });
  });

  it("is an option of check, too", async () => {
    const cwd = folder({ "a.txt": dump(0, "a.B.c(B.java:1)") });
    const budget = ["--budget", "live<=100B"];
    const { code, out } = await run(
      cwd,
      "check",
      "app.log",
      ...budget,
      "--jstack",
      "a.txt",
      "-o",
      "r.json",
    );
    expect(code).toBe(1);
    expect(out).toContain("plugin-jar-loader-1");
  });

  it("lets diff match the threads of two runs by their whole names", async () => {
    const cwd = folder({ "a.txt": dump(0, "a.B.c(B.java:1)") });
    await run(cwd, "app.log", "--jstack", "a.txt", "-o", "base.json");
    writeFileSync(join(cwd, "app.log"), LOG.replace(/^8 /gm, "80 ").replace(/^7 /gm, "70 "));
    const later = dump(0, "a.B.c(B.java:1)").replace(/nid=0x([78])/g, "nid=$10");
    writeFileSync(join(cwd, "a.txt"), later);
    await run(cwd, "app.log", "--jstack", "a.txt", "-o", "head.json");
    const { out } = await run(cwd, "diff", "base.json", "head.json", "--json");
    const { threads } = JSON.parse(out);
    expect(threads.matchedBy).toBe("name");
    expect(threads.rows.map(({ name }: { name: string }) => name).sort()).toEqual([
      "plugin-jar-loader-0",
      "plugin-jar-loader-1",
    ]);
  });

  it("names the threads of either run in diff, by the run that a dump is of", async () => {
    const cwd = folder({ "a.txt": dump(0, "a.B.c(B.java:1)") });
    await run(cwd, "app.log", "-o", "base.json");
    writeFileSync(join(cwd, "app.log"), LOG.replace(/^8 /gm, "80 ").replace(/^7 /gm, "70 "));
    const later = dump(0, "a.B.c(B.java:1)").replace(/nid=0x([78])/g, "nid=$10");
    writeFileSync(join(cwd, "b.txt"), later);
    await run(cwd, "app.log", "-o", "head.json");
    const jstack = ["--jstack", "a.txt", "--jstack", "b.txt"];
    const { out } = await run(cwd, "diff", "base.json", "head.json", "--json", ...jstack);
    const { threads } = JSON.parse(out);
    expect(threads.matchedBy).toBe("name");
    expect(threads.rows.map(({ name }: { name: string }) => name).sort()).toEqual([
      "plugin-jar-loader-0",
      "plugin-jar-loader-1",
    ]);
    const foreign = dump(0, "a.B.c(B.java:1)").replace(/nid=0x([78])/g, "nid=$1000");
    writeFileSync(join(cwd, "c.txt"), foreign);
    const none = await run(cwd, "diff", "base.json", "head.json", "--jstack", "c.txt");
    expect(none.err).toMatch(/--jstack: none of its 2 threads is in the reports: /);
    expect(await run(cwd, "diff", "base.json", "head.json", "--jstack", "base.json")).toMatchObject(
      {
        code: 2,
        err: expect.stringContaining("--jstack base.json: is no thread dump"),
      },
    );
  });

  it("lets no name and no frame control the terminal or a file", async () => {
    const evil = dump(0, "<b>\u001b[31m").replace("plugin-jar-loader-0", "<b>\u001b[3\u202e");
    const cwd = folder({ "a.txt": evil });
    const { out } = await run(cwd, "app.log", "--jstack", "a.txt");
    expect(out).toContain("<b>\\x1b[3\\u{202e}");
    const text = fc.string({ unit: "binary", maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, text, async (name, frame) => {
        const written = dump(0, frame).replace("plugin-jar-loader-0", () => name);
        writeFileSync(join(cwd, "a.txt"), written);
        const files = [".md", ".folded", ".txt", ".csv"].map((ending) => `r${ending}`);
        const outputs = files.flatMap((file) => ["-o", file]);
        const { out, code } = await run(cwd, "app.log", "--plain", "--jstack", "a.txt", ...outputs);
        expect(code).toBe(0);
        const texts = files.map((file) => readFileSync(join(cwd, file), "utf8"));
        for (const one of [out.replaceAll("\t", ""), ...texts]) {
          expect(one.replaceAll(/\r?\n/g, "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
      }),
      { numRuns: 30 },
    );
  });
});
