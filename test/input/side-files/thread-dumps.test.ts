import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { threadDumpsIn } from "../../../src/input/side-files/thread-dumps.ts";
import { MAX_FRAMES } from "../../../src/trace/stated/thread-dump.ts";

/** Heads of threads as each release of HotSpot writes them; all are of thread 16342. */
const HEADS = {
  "JDK 7": '"main" prio=10 tid=0x00007f8a8c008000 nid=0x3fd6 runnable [0x00007f8a93c5a000]',
  "JDK 8":
    '"main" #1 prio=5 os_prio=0 tid=0x00007f8a8c009800 nid=0x3fd6 runnable [0x00007f8a93c5a000]',
  "JDK 11":
    '"main" #1 prio=5 os_prio=0 cpu=84.32ms elapsed=12.75s tid=0x00007f8a8c012000 nid=0x3fd6 runnable  [0x00007f8a93c5a000]',
  "JDK 17":
    '"main" #1 prio=5 os_prio=0 cpu=24.71ms elapsed=1.58s allocated=169K defined_classes=6 tid=0x00007fecc0017ea0 nid=0x3fd6 runnable  [0x00007fecc6bfe000]',
  "JDK 21":
    '"main" #1 [16342] prio=5 os_prio=0 cpu=21.37ms elapsed=1.78s tid=0x00007f4cd402a840 nid=16342 runnable  [0x00007f4cdbdfe000]',
};

const STACK = `   java.lang.Thread.State: RUNNABLE
	at java.util.zip.Inflater.inflateBytesBytes(java.base@17.0.15/Native Method)
	at java.util.zip.Inflater.inflate(java.base@17.0.15/Inflater.java:378)
	- locked <0x00000006f0a1b2c8> (a java.util.zip.Inflater$InflaterZStreamRef)
	at app//com.example.Loader.load(Loader.java:12)
`;

function dump(head: string, { version = "17.0.15+6-Debian", date = "2026-11-30 01:29:00" } = {}) {
  return `${date}
Full thread dump OpenJDK 64-Bit Server VM (${version} mixed mode, sharing):

Threads class SMR info:
_java_thread_list=0x00007fec30001f70, length=13, elements={
0x00007fecc0017ea0, 0x00007fecc00f8390
}

${head}
${STACK}
   Locked ownable synchronizers:
	- None

JNI global refs: 4, weak refs: 0
`;
}

describe("a thread dump", () => {
  it.each(Object.entries(HEADS))("of %s has the thread's id, name, state and frames", (_, head) => {
    const [found] = threadDumpsIn(dump(head), "a.txt");
    expect(found).toMatchObject({ source: "a.txt", kind: "dump", jvm: "17.0.15+6" });
    expect(found?.threads).toHaveLength(1);
    expect(found?.threads[0]).toMatchObject({
      tid: 16342,
      name: "main",
      state: "RUNNABLE",
      frames: [
        "java.util.zip.Inflater.inflateBytesBytes(Native Method)",
        "java.util.zip.Inflater.inflate(Inflater.java:378)",
        "app//com.example.Loader.load(Loader.java:12)",
      ],
    });
  });

  it("states the ages of threads since JDK 11", () => {
    const ageOf = (head: string) => threadDumpsIn(dump(head), "a")[0]?.threads[0]?.age;
    expect(ageOf(HEADS["JDK 8"])).toBeNull();
    expect(ageOf(HEADS["JDK 11"])).toBe(12.75);
    expect(ageOf(HEADS["JDK 17"])).toBe(1.58);
    expect(ageOf(HEADS["JDK 21"])).toBe(1.78);
  });

  it("names threads of the VM itself, with the state in their head", () => {
    const head =
      '"GC Thread#0" os_prio=0 cpu=0.05ms elapsed=1.38s tid=0x00007fec nid=0x3fd7 runnable  ';
    const text = `Full thread dump OpenJDK 64-Bit Server VM (17.0.15 mixed mode):\n\n${head}\n`;
    expect(threadDumpsIn(text, "a")[0]?.threads).toEqual([
      { tid: 16343, name: "GC Thread#0", state: "runnable", frames: [], age: 1.38 },
    ]);
  });

  it("may have names with quotation marks and what looks like an id", () => {
    const head =
      '"my "quoted" nid=0x1 thread" #12 prio=5 tid=0x00007f nid=0x690b in Object.wait() [0x0]';
    expect(threadDumpsIn(dump(head), "a")[0]?.threads[0]).toMatchObject({
      tid: 0x690b,
      name: 'my "quoted" nid=0x1 thread',
    });
  });

  it("has its date in its first line, after the pid that jcmd writes", () => {
    const seconds = Date.UTC(2026, 10, 30, 1, 29) / 1000;
    const text = dump(HEADS["JDK 17"]);
    expect(threadDumpsIn(text, "a")[0]?.date).toEqual({ seconds, isUtc: false });
    expect(threadDumpsIn(`16342:\n${text}`, "a")[0]?.date).toEqual({ seconds, isUtc: false });
    const noDate = dump(HEADS["JDK 17"], { date: "2026-13-30 01:29:00" });
    expect(threadDumpsIn(noDate, "a")[0]?.date).toBeNull();
  });

  it("states the version of the JVM: that of HotSpot up to JDK 8", () => {
    const versionOf = (version: string) =>
      threadDumpsIn(dump(HEADS["JDK 8"], { version }), "a")[0]?.jvm;
    expect(versionOf("25.402-b06")).toBe("8u402");
    expect(versionOf("11.0.22+7-LTS")).toBe("11.0.22+7");
    expect(versionOf("25.0.3+9-LTS")).toBe("25.0.3+9");
    expect(versionOf("?")).toBeNull();
  });

  it("may be one of several in the output of a program, as kill -3 writes them", () => {
    const text = `starting\r\n${dump(HEADS["JDK 8"])}request 7 done\n${dump(HEADS["JDK 21"], { date: "2026-11-30 01:29:10" })}`;
    const found = threadDumpsIn(text.replaceAll("\n", "\r\n"), "a");
    expect(found.map(({ threads }) => threads.map(({ tid }) => tid))).toEqual([[16342], [16342]]);
    expect(found[1]!.date!.seconds - found[0]!.date!.seconds).toBe(10);
  });

  it("may be from a container's log, whose prefix is UTC", () => {
    const own = dump(HEADS["JDK 17"], { date: "" });
    for (const stream of ["", "stdout F "]) {
      const text = own.replace(/^/gm, `2026-11-30T01:29:00.123456789Z ${stream}`);
      const [found] = threadDumpsIn(text, "a");
      expect(found?.date).toEqual({ seconds: Date.UTC(2026, 10, 30, 1, 29) / 1000, isUtc: true });
      expect(found?.threads[0]?.frames).toHaveLength(3);
    }
  });

  it("of jstack -F has ids and frames, but no names", () => {
    const text = `Attaching to process ID 16342, please wait...
Deadlock Detection:

No deadlocks found.

Thread 16343: (state = BLOCKED)
 - java.lang.Thread.sleep(long) @bci=0 (Interpreted frame)
 - Sleep.main(java.lang.String[]) @bci=9, line=1 (Interpreted frame)

`;
    expect(threadDumpsIn(text, "a")[0]?.threads).toEqual([
      {
        tid: 16343,
        name: null,
        state: "BLOCKED",
        frames: ["java.lang.Thread.sleep(long)", "Sleep.main(java.lang.String[])"],
        age: null,
      },
    ]);
  });

  it("keeps the innermost frames only", () => {
    const frames = Array.from({ length: 1000 }, (_, i) => `	at a.B.c${i}(B.java:${i})\n`).join("");
    const [found] = threadDumpsIn(dump(`${HEADS["JDK 17"]}\n${frames}`), "a");
    expect(found?.threads[0]?.frames).toHaveLength(MAX_FRAMES);
    expect(found?.threads[0]?.frames[0]).toBe("a.B.c0(B.java:0)");
  });
});

it("text without a head of a dump has none, whatever it quotes", () => {
  expect(threadDumpsIn(`${HEADS["JDK 17"]}\n${STACK}`, "a")).toEqual([]);
  expect(threadDumpsIn("Full thread dump OpenJDK\n\nno threads\n", "a")).toEqual([]);
});

it("any bytes give dumps with whole ids, in a time that grows with the text alone", () => {
  const piece = fc.constantFrom(
    ...Object.values(HEADS),
    "Full thread dump X VM (17.0.1 mixed mode):",
    "\n",
    "\r\n",
    '"',
    " nid=0x",
    " nid=99999999999999",
    "\tat ",
    "   java.lang.Thread.State: ",
    "2026-11-30 01:29:00",
    "\u001b[31m",
    "\u0000",
  );
  const text = fc.array(fc.oneof(piece, fc.string({ unit: "binary" })), { maxLength: 60 });
  fc.assert(
    fc.property(text, (parts) => {
      for (const { threads, date } of threadDumpsIn(parts.join(""), "a")) {
        expect(date === null || Number.isInteger(date.seconds)).toBe(true);
        for (const { tid, age } of threads) {
          expect(Number.isInteger(tid) && tid >= 0).toBe(true);
          expect(age === null || Number.isFinite(age)).toBe(true);
        }
      }
    }),
  );
  const start = performance.now();
  for (const part of [" ", "[0x", '"', " nid=0x1", " elapsed=1s", "- a @bci", "at a(b@"]) {
    const long = part.repeat(2_000_000 / part.length);
    threadDumpsIn(
      `Full thread dump X VM (1):\n"${long}\n${HEADS["JDK 17"]}\n- ${long}\nat ${long}`,
      "a",
    );
  }
  expect(performance.now() - start).toBeLessThan(5000);
});
