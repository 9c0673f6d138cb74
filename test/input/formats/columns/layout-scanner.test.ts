import { describe, expect, test } from "vitest";
import { type Layout, NATIVE_LAYOUT } from "../../../../src/input/formats/native/layout.ts";
import { Op } from "../../../../src/trace/event.ts";
import { type ReadEvent, type ReadLog, scanInferred } from "../../../support/collect.ts";

const read = (...lines: string[]): Promise<ReadLog> =>
  scanInferred([Buffer.from(`${lines.join("\n")}\n`)]);

const rolesOf = ({ columns }: Layout): string | null =>
  columns?.map(({ role }) => role).join() ?? null;

describe("the fields before the call", () => {
  const logs: [lines: string[], roles: string | null, second: Partial<ReadEvent>][] = [
    [["malloc(7) = 0x10", "free(0x10) = <void>"], "", { tid: 0, time: Number.NaN, pointerIn: 16 }],
    [["[HOOK] malloc(7) = 0x10", "[HOOK] free(0x10)"], "other", { tid: 0 }],
    [["100 101 malloc(1)=0x10", "100 102 malloc(1)=0x50"], "pid,tid", { tid: 102, time: NaN }],
    [
      ["100 100 1.5 [0x7f1] malloc(1)=0x10", "100 102 2.5 [0x7f5] malloc(1)=0x50"],
      "pid,tid,time,caller",
      { tid: 102, time: 2_500_000, caller: 0x7f5 },
    ],
    [
      ["100 100 1795935946765 free(0x10)", "100 101 1795935946766 free(0x20)"],
      "pid,tid,time",
      { tid: 101, time: 1_795_935_946_766_000 },
    ],
    [["[7] malloc(1,234) = 0x10", "[8] malloc(1,234,567) = 0x50"], "tid", { size: 1_234_567 }],
    [["[7] free(0x10)", "[8] realloc(0x10, 1,234) = 0x50"], "tid", { size: 1234, pointerIn: 16 }],
    [["[7] free(0x10)", "[8] calloc(100,100) = 0x50"], "tid", { size: 10_000 }],
    [["[7] free(0x10)", "[8] malloc(1'000) = (null)"], "tid", { size: 1000, pointerOut: 0 }],
    [["free(0x1) thread=ThreadId(7)", "free(0x2) thread=ThreadId(8)"], "", { tid: 8 }],
    [["1.5 7 free(0x10)", "2.5 8 free(0x10)"], "time,tid", { tid: 8, time: 2_500_000 }],
    [["00:00:01 7 free(0x1)", "00:00:02 8 free(0x1)"], "time,tid", { tid: 8, time: 2_000_000 }],
    [
      ["1795935946.25 7 free(0x1)", "1795935946.50 8 free(0x1)"],
      "time,tid",
      { tid: 8, time: 1_795_935_946_500_000 },
    ],
    [
      ["2026-11-29T17:42:30.5Z 7 free(0x1)", "2026-11-29T17:42:31.5+01:00 8 free(0x1)"],
      "time,tid",
      { tid: 8, time: 63_751_500_000 },
    ],
    [
      ["2026-11-29 17:42:30.5 7 free(0x1)", "2026-11-29 17:42:31.5 8 free(0x1)"],
      "time,tid",
      { tid: 8, time: 63_751_500_000 },
    ],
    [["[7] free(0x10)", "[8] free(0x10)"], "tid", { tid: 8 }],
    [["7: free(0x10)", "8: free(0x10)"], "tid", { tid: 8 }],
    [["[7][1.5] free(0x1)", "[8][2.5] free(0x1)"], "tid,time", { tid: 8, time: 2_500_000 }],
    [["tid=7 t=1.5 free(0x1)", "tid=8 t=2.5 free(0x1)"], "tid,time", { tid: 8, time: 2_500_000 }],
    [["app 7 1.5 free(0x1)", "app 8 2.5 free(0x1)"], "other,tid,time", { tid: 8 }],
    [["7 1.5 free(0x10)", "8 2.5 free(0x20)"], null, { tid: 8, time: 2_500_000 }],
    [["7 1 free(0x10)", "8 2 free(0x20)"], null, { tid: 8, time: 2_000_000 }],
    [["7 9 free(0x10)", "8 2 free(0x20)"], null, { tid: 8, time: 2_000_000 }],
    [["7 [0x10] free(0x10)", "8 [30] free(0x20)"], null, { tid: 8, caller: 0x30 }],
  ];

  test("a number that falls in the lines of one thread is no time: that of a CPU", async () => {
    const lines = Array.from({ length: 24 }, (_, n) => `${7 + (n & 1)} ${n % 3} free(0x10)`);
    const { diagnostics } = await read(...lines);
    expect(rolesOf(diagnostics.layout)).toBe("tid,other");
  });

  test("a torn line adds no name of a caller", async () => {
    const lines = [
      "7 [a.so+0x1] x malloc(7) = 0x10",
      "8 [b.so+0x1] x malloc(7",
      "7 [a.so+0x1] x free(0x10)",
    ];
    const { diagnostics } = await read(...lines);
    expect(diagnostics.callerNames).toEqual(["a.so+0x1"]);
    expect(diagnostics.lines.malformed).toBe(1);
  });

  test("a log that states the native format is read so, whatever its lines look like", async () => {
    const lines = ["7 [main] malloc(7) = 0x10", "8 [g] free(0x10)"];
    const { events, diagnostics } = await read("# format native", ...lines);
    expect(diagnostics.layout).toEqual(NATIVE_LAYOUT);
    expect(diagnostics.callerNames).toEqual(["main", "g"]);
    expect(events.map(({ tid }) => tid)).toEqual([7, 8]);
  });

  test.each(logs)("%j", async (lines, roles, second) => {
    const { events, diagnostics } = await read(...lines);
    expect(rolesOf(diagnostics.layout)).toBe(roles);
    expect(diagnostics.lines).toMatchObject({ total: 2, parsed: 2 });
    expect(events[1]).toMatchObject(second);
  });
});

describe("thread handles", () => {
  const handles = ["140677413582656", "140677413578560", "140677413582656"];
  const inHex = handles.map((handle) => Number(handle).toString(16));

  test.each([
    ["decimal", handles.map((handle) => `${handle} malloc(1) = 0x10`)],
    ["decimal, with times", handles.map((handle, i) => `${handle} 0.${i} malloc(1) = 0x10`)],
    ["hexadecimal", inHex.map((handle) => `${handle} malloc(1) = 0x10`)],
    ["with 0x", inHex.map((handle) => `0x${handle} malloc(1) = 0x10`)],
    ["in brackets", inHex.map((handle) => `[0x${handle}] malloc(1) = 0x10`)],
    ["after a process", handles.map((handle) => `100 ${handle} malloc(1) = 0x10`).flatMap(twice)],
  ])("%s: numbered in order of appearance", async (_, lines) => {
    const { events, diagnostics } = await read(...lines);
    expect(diagnostics.layout.threads).toBe("handles");
    expect([...new Set(events.map(({ tid }) => tid))]).toEqual([1, 2]);
    expect(events).toHaveLength(lines.length);
  });

  function twice(line: string): string[] {
    return [line, line];
  }
});

describe("times", () => {
  test.each([
    ["ms", "1795935946765", 1_795_935_946_765_000],
    ["ms with a fraction", "1795935946765.125", 1_795_935_946_765_125],
    ["µs", "1795935946765001", 1_795_935_946_765_001],
    ["ns", "1795935946765001250", 1_795_935_946_765_001.2],
  ])("in %s since 1970", async (_, text, time) => {
    const { events } = await read(`7 ${text} free(0x10)`, `7 ${text} free(0x20)`);
    expect(events.map((event) => event.time)).toEqual([time, time]);
  });

  test("in ns since the machine's start, with a clock in between", async () => {
    const lines = [100, 200, 300].map((ms) => `7 ${ms * 1_000_000} free(0x10)`);
    const { events, diagnostics } = await read(...lines, "7 00:00:01 free(0x10)");
    expect(diagnostics.layout).toEqual({ ...NATIVE_LAYOUT, timeDecimals: 9 });
    expect(events.map(({ time }) => time)).toEqual([100_000, 200_000, 300_000, 1_000_000]);
  });
});

test("decimal pointers", async () => {
  const { events, diagnostics } = await read(
    "7 0.1 malloc(1000) = 94004999160480",
    "7 0.2 free(94004999160480)",
    "7 0.3 realloc(0, 2000) = 94004999161488",
    "7 0.4 free(nil)",
  );
  expect(diagnostics.layout).toEqual({ ...NATIVE_LAYOUT, pointerBase: 10 });
  expect(events.map(({ pointerIn }) => pointerIn)).toEqual([0, 94_004_999_160_480, 0, 0]);
  expect(events.map(({ pointerOut }) => pointerOut)).toEqual([
    94_004_999_160_480, 0, 94_004_999_161_488, 0,
  ]);
});

test("text after the result", async () => {
  const { events, diagnostics } = await read(
    "malloc_count ### malloc(4096) = 0x10   (current 4096)",
    "malloc_count ### free(0x10) -> 4096   (current 0)",
    "# free(0x20)",
    "malloc_count ### free(0x10)-",
  );
  expect(events.map(({ op }) => op)).toEqual([Op.malloc, Op.free]);
  expect(diagnostics.lines).toMatchObject({ comments: 1, malformed: 1 });
});

describe("lines that differ from most", () => {
  test("may lack their caller", async () => {
    const { events, diagnostics } = await read(
      "1.5 7: [0x7f11cd] free(0x10)",
      "1.6 7: [0x7f11cf] free(0x20)",
      "1.7 8: free(0x30)",
      "1.8 8: [libz.so+0x12] free(0x40)",
    );
    expect(events.map(({ tid, caller }) => [tid, caller])).toEqual([
      [7, 0x7f11cd],
      [7, 0x7f11cf],
      [8, 0],
      [8, -2],
    ]);
    expect(diagnostics.callerNames).toEqual(["libz.so+0x12"]);
  });

  test("may be comments behind a prefix", async () => {
    const prefix = "2026-11-30T17:04:41.5Z stdout F";
    const { events, notes, diagnostics } = await read(
      `${prefix} # glibc 2.36`,
      `${prefix} 7 free(0x10)`,
      `${prefix} 8 free(0x20)`,
      `${prefix} # mark free(0x20)`,
      "# cpus 4",
      "some # words",
    );
    expect(events.map(({ tid }) => tid)).toEqual([7, 8]);
    expect(notes.map(({ text }) => text)).toEqual(["glibc 2.36", "mark free(0x20)", "cpus 4"]);
    expect(diagnostics.samples.map(({ line }) => line)).toEqual([6]);
  });

  test("are no comments where a # stands between columns", async () => {
    const { events, notes, diagnostics } = await read(
      "7 # 12:00:99 # malloc(8) = 0x10",
      "7 # 12:00:00 # malloc(8) = 0x10",
      "8 # 12:00:01 # malloc(8) =",
      "8 # 12:00:01 # free(0x10)",
    );
    expect(events.map(({ tid }) => tid)).toEqual([7, 8]);
    expect(notes).toEqual([]);
    expect(diagnostics.samples.map(({ line }) => line)).toEqual([1, 3]);
  });

  test("do not parse without their thread, or with two calls", async () => {
    const { events, diagnostics } = await read(
      "[7] malloc(8) = 0x10",
      "[8] malloc(8) = 0x20",
      "malloc(8) = 0x30",
      "[7] malloc(8) = 0x4[8] malloc(8) = 0x50",
      "[7] je_malloc(8) = 0x60",
    );
    expect(events).toHaveLength(2);
    expect(diagnostics.samples.map(({ line }) => line)).toEqual([3, 4, 5]);
  });

  test("in text, in length, or in the day are read alike", async () => {
    const { events, diagnostics } = await read(
      "2026-11-30 23:59:59,999 [INFO] 7 free(0x10)",
      "2026-12-01 00:00:00,001 [WARNING] 12345 free(0x10)",
      "2026-12-01 00:00:00,002 [INFO] 7 free(0x10)",
      "2026-12-01 00:00:00,003 [INFO] 12345 free(0x10)",
    );
    expect(diagnostics.samples).toEqual([]);
    expect(events.map(({ tid, time }) => [tid, time])).toEqual([
      [7, 86_399_999_000],
      [12_345, 1000],
      [7, 2000],
      [12_345, 3000],
    ]);
  });
});

test("a log without a line shape that most lines have is read as native", async () => {
  const { diagnostics } = await read("7 free(0x1)", "a free(0x1)", "b c free(0x1)", "free(0x1)");
  expect(diagnostics.layout).toEqual(NATIVE_LAYOUT);
  expect(diagnostics.lines).toMatchObject({ parsed: 1, malformed: 3 });
});

describe("a stream", () => {
  const lines = ["100 101 malloc(1)=0x10", "100 102 malloc(1)=0x50"];

  test("is read the same in chunks of any size, with and without a last newline", async () => {
    for (const text of [lines.join("\n"), `${lines.join("\n")}\n`]) {
      for (const size of [1, 5, 23, 24, 1000]) {
        const bytes = Buffer.from(text);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const { events } = await scanInferred(chunks);
        expect(events.map(({ tid, line }) => [tid, line])).toEqual([
          [101, 1],
          [102, 2],
        ]);
      }
    }
  });

  test("is decided by its first 256 KiB", async () => {
    const first = Buffer.from("7 1 free(0x10)\n".repeat(20_000));
    const { events, diagnostics } = await scanInferred([
      first,
      Buffer.from(`${lines.join("\n")}\n`.repeat(20_000)),
    ]);
    expect(diagnostics.layout).toEqual(NATIVE_LAYOUT);
    expect(events).toHaveLength(60_000);
    expect(events.at(-1)).toMatchObject({ tid: 100, time: 102_000_000, line: 60_000 });
  });

  test("that ends inside its last line counts as cut short", async () => {
    const { diagnostics } = await scanInferred([Buffer.from("7 free(0x10)\n7 free(0x")]);
    expect(diagnostics.truncatedInputs).toBe(1);
    expect(diagnostics.samples).toEqual([{ line: 2, text: "7 free(0x" }]);
  });

  test("that has a bad line before counts as whole", async () => {
    const { diagnostics } = await scanInferred([Buffer.from("bad\n7 free(0x10)")]);
    expect(diagnostics.truncatedInputs).toBe(0);
  });
});

describe("a number that rises in each line", () => {
  const numbered = (print: (i: number) => string): Promise<ReadLog> =>
    read(...Array.from({ length: 100 }, (_, i) => print(i)));

  test("is the thread, if nothing else may be", async () => {
    const { events } = await numbered((i) => `${i + 1} 0.1 malloc(9) = 0x55${i}00`);
    expect(new Set(events.map(({ tid }) => tid)).size).toBe(100);
  });

  test("counts the lines, if a thread stands behind it", async () => {
    const { events } = await numbered((i) => `${i + 1} ${7 + (i % 2)} malloc(9) = 0x55${i}00`);
    expect(new Set(events.map(({ tid }) => tid))).toEqual(new Set([7, 8]));
  });
});

describe("behind the result", () => {
  const lines = (print: (i: number) => string): Promise<ReadLog> =>
    read(
      ...Array.from({ length: 40 }, (_, i) => `malloc(9) = 0x5581000${10_000 + 32 * i}${print(i)}`),
    );
  const tid = (i: number): number => 4101 + (((i * 5) % 7) % 3);

  test.each([
    ["a thread and a time", (i: number) => `, ${tid(i)}, ${25_543_707_792 + 13 * i}`, true],
    ["in brackets", (i: number) => ` [${tid(i)}] [2026-11-30T07:05:${10 + i}.5Z]`, true],
    ["after words", (i: number) => ` at ${25_543 + i / 100}1 by ${tid(i)}`, true],
    ["a size that comes back", (i: number) => ` ${[24, 40, 104][i % 3]}`, false],
    ["a line of a file", (i: number) => ` (main.c:${tid(i)})`, false],
  ])("%s", async (_, print, areThreads) => {
    const { events } = await lines(print);
    expect(events.length).toBe(40);
    const expected = areThreads ? Array.from({ length: 40 }, (_, i) => tid(i)) : [0];
    expect([...new Set(events.map((event) => event.tid))].sort()).toEqual(
      [...new Set(expected)].sort(),
    );
    expect(events.every(({ time }) => Number.isNaN(time))).toBe(!areThreads);
  });
});

describe("lines of a second form", () => {
  const first = Array.from(
    { length: 90 },
    (_, i) => `${9e15 + i * 1000} 4101 malloc(9) = 0x5581${i}00`,
  );

  test("whose numbers mean something else are not read as the first", async () => {
    const { events, diagnostics } = await read(
      ...first,
      "4102 07:05:43.7 [0x19c78257] malloc(9) = 0x7f01000",
    );
    expect(new Set(events.map(({ tid }) => tid))).toEqual(new Set([4101]));
    expect(diagnostics.samples.map(({ line }) => line)).toEqual([91]);
  });
});

describe("numbers that are no threads", () => {
  const block = (i: number): string => `0x5581000${10_000 + 32 * i}`;

  test.each([
    ["alone", () => "", 0],
    ["behind numbers of lines", (line: number) => `${line + 1} | `, 0],
    ["behind a higher number that never changes", () => "4101 ", 4101],
  ])("get back blocks that others have freed, %s", async (_, before, tid) => {
    const lines = Array.from({ length: 60 }, (_, i) => [
      `${before(2 * i)}${(i * 5) % 3} malloc(20) = ${block(i % 4)}`,
      `${before(2 * i + 1)}${((i * 7) % 5) % 3} free(${block(i % 4)})`,
    ]).flat();
    const { events } = await read(...lines);
    expect(events.length).toBe(120);
    expect(new Set(events.map((event) => event.tid))).toEqual(new Set([tid]));
  });

  test("but threads get back their own", async () => {
    const lines = Array.from({ length: 60 }, (_, i) => [
      `${i % 3} malloc(20) = ${block(i % 3)}`,
      `${i % 3} free(${block(i % 3)})`,
    ]).flat();
    const { events } = await read(...lines);
    expect(new Set(events.map(({ tid }) => tid))).toEqual(new Set([0, 1, 2]));
  });

  test("nor what a producer has allocated and a consumer frees", async () => {
    const lines = Array.from({ length: 60 }, (_, i) => [
      `1 malloc(20) = ${block(i % 4)}`,
      `2 free(${block(i % 4)})`,
    ]).flat();
    const { events } = await read(...lines);
    expect(new Set(events.map(({ tid }) => tid))).toEqual(new Set([1, 2]));
  });
});

describe("a number for each line of a short log", () => {
  const A = "0x5581000002a0";
  test.each([
    ["alone", ["0", "503", "4340", "4362"], [0]],
    [
      "that counts, before a thread",
      ["#1 4101", "#2 4101", "#3 4102", "#4 4103"],
      [4101, 4102, 4103],
    ],
    ["before threads in any order", ["10 4101", "23 4102", "29 4101", "31 4101"], [4101, 4102]],
    ["that may be a thread", ["7 4101", "8 4102", "9 4103", "10 4104"], [7, 8, 9, 10]],
  ])("%s", async (_, [a, b, c, d], threads) => {
    const { events } = await read(
      `${a} malloc(9) = ${A}`,
      `${b} malloc(9) = 0x5581000002c0`,
      `${c} malloc(9) = 0x5581000002e0`,
      `${d} free(${A})`,
    );
    expect([...new Set(events.map(({ tid }) => tid))]).toEqual(threads);
  });
});

describe("names with a prefix", () => {
  test.each(["je_", "x", "g_", "PyMem_", "__wrap_"])("%s", async (prefix) => {
    const { events, notes, diagnostics } = await read(
      `7 0.1 ${prefix}malloc(9) = 0x5581000002a0`,
      `7 0.2 ${prefix}free(0x5581000002a0)`,
    );
    expect(events).toMatchObject([
      { op: Op.malloc, tid: 7, size: 9, pointerOut: 0x5581000002a0 },
      { op: Op.free, tid: 7, pointerIn: 0x5581000002a0 },
    ]);
    expect(notes.map(({ text }) => text)).toContain("addresses renamed");
    expect(diagnostics.format).toMatchObject({ addresses: "renamed", name: "native" });
    expect(diagnostics.format.remarks.join()).toContain(`${prefix}malloc`);
  });

  test("whose blocks malloc's own free takes", async () => {
    const { events, diagnostics } = await read(
      "7 xmalloc(9) = 0x5581000002a0",
      "7 free(0x5581000002a0)",
      "7 xrealloc(0, 9) = 0x5581000002a0",
    );
    expect(events.map(({ op }) => op)).toEqual([Op.malloc, Op.free, Op.realloc]);
    expect(diagnostics.format.addresses).toBe("renamed");
  });

  test("next to malloc's own are other functions", async () => {
    const { events, diagnostics } = await read(
      "7 xmalloc(9) = 0x5581000002a0",
      "7 malloc(9) = 0x5581000002a0",
    );
    expect(events.length).toBe(1);
    expect(diagnostics.format.addresses).toBe("glibc");
  });
});
