import { describe, expect, test } from "vitest";
import { EVENTS_PER_BATCH } from "../../../../src/trace/columns.ts";
import { Op } from "../../../../src/trace/event.ts";
import { numberOfTypedLabel } from "../../../../src/trace/stated/mark-labels.ts";
import { type ReadEvent, scanText } from "../../../support/collect.ts";

async function readOne(line: string): Promise<ReadEvent | undefined> {
  const { events, diagnostics } = await scanText(`${line}\n`);
  expect(diagnostics.lines.parsed + diagnostics.lines.malformed).toBe(1);
  return events[0];
}

const NOTHING = { size: 0, align: 0, pointerIn: 0, pointerOut: 0 };

describe("calls", () => {
  const calls: [call: string, expected: Partial<ReadEvent>][] = [
    ["malloc(20)\t= 0xf0005ae0", { op: Op.malloc, size: 20, pointerOut: 0xf0005ae0 }],
    ["malloc(0x20) = nil", { op: Op.malloc, size: 32 }],
    ["calloc(4, 16) = 0x10", { op: Op.calloc, size: 64, pointerOut: 16 }],
    [
      "realloc(0xf0005810, 128) = 0xf0005a50",
      { op: Op.realloc, size: 128, pointerIn: 0xf0005810, pointerOut: 0xf0005a50 },
    ],
    ["realloc((nil), 10) = 0x20", { op: Op.realloc, size: 10, pointerOut: 32 }],
    [
      "reallocarray(0x10, 3, 5) = 0x20",
      { op: Op.realloc, size: 15, pointerIn: 16, pointerOut: 32 },
    ],
    ["memalign(64, 100) = 0x40", { op: Op.memalign, align: 64, size: 100, pointerOut: 64 }],
    ["aligned_alloc(64, 128) = 0x40", { op: Op.memalign, align: 64, size: 128, pointerOut: 64 }],
    ["posix_memalign(64, 100) = 0x40", { op: Op.memalign, align: 64, size: 100, pointerOut: 64 }],
    [
      "posix_memalign(0x7ffe10, 64, 100) = 0x40",
      { op: Op.memalign, align: 64, size: 100, pointerOut: 64 },
    ],
    ["posix_memalign(0x7ffe10, 64, 100) = (nil)", { op: Op.memalign, align: 64, size: 100 }],
    ["valloc(100) = 0x1000", { op: Op.valloc, size: 100, pointerOut: 4096 }],
    ["pvalloc(100) = 0x1000", { op: Op.pvalloc, size: 100, pointerOut: 4096 }],
    ["free(0x7f00f0005ae0)", { op: Op.free, pointerIn: 0x7f00f0005ae0 }],
    ["free((nil))", { op: Op.free }],
    ["free(NULL)", { op: Op.free }],
    ["free(0x10) = <void>", { op: Op.free, pointerIn: 16 }],
    ["free(0x10) -> void", { op: Op.free, pointerIn: 16 }],
    ["free(0x10)=0", { op: Op.free, pointerIn: 16 }],
    ["operator delete(0x10) = <void>", { op: Op.free, pointerIn: 16 }],
    ["malloc(20) -> 0xf0005ae0", { op: Op.malloc, size: 20, pointerOut: 0xf0005ae0 }],
    ["malloc(20)->NULL", { op: Op.malloc, size: 20 }],
    ["posix_memalign(0x7ffe10, 64, 100) -> NULL", { op: Op.memalign, align: 64, size: 100 }],
    ["free(7f00f0005ae0)", { op: Op.free, pointerIn: 0x7f00f0005ae0 }],
    ["cfree(0x10)", { op: Op.free, pointerIn: 16 }],
    ["malloc_trim(0) = 1", { op: Op.mallocTrim }],
    ["malloc_trim(4096)", { op: Op.mallocTrim, size: 4096 }],
    ["mallopt(-3, 131072) = 1", { op: Op.mallopt, align: -3, size: 131072 }],
    ["mallopt(-8, -1) = 1", { op: Op.mallopt, align: -8, size: -1 }],
    ["thread_exit()", { op: Op.threadExit }],
    ["mark(phase (2) done)", { op: Op.mark, align: numberOfTypedLabel("phase (2) done") }],
    ["mark( warm \t)", { op: Op.mark, align: numberOfTypedLabel("warm") }],
    ["mark()", { op: Op.mark, align: numberOfTypedLabel("") }],
    ["operator new(8) = 0x10", { op: Op.malloc, size: 8, pointerOut: 16 }],
    ["operator new[](8, std::nothrow) = 0x10", { op: Op.malloc, size: 8, pointerOut: 16 }],
    ["operator delete(0x10)", { op: Op.free, pointerIn: 16 }],
    ["operator delete[](0x10, 8)", { op: Op.free, pointerIn: 16 }],
    ["_Znwm(8) = 0x10", { op: Op.malloc, size: 8, pointerOut: 16 }],
    ["_Znam(8) = 0x10", { op: Op.malloc, size: 8, pointerOut: 16 }],
    ["_ZdlPv(0x10)", { op: Op.free, pointerIn: 16 }],
    ["_ZdaPv(0x10)", { op: Op.free, pointerIn: 16 }],
    ["_ZdlPvm(0x10, 8)", { op: Op.free, pointerIn: 16 }],
    ["_ZdaPvm(0x10, 8)", { op: Op.free, pointerIn: 16 }],
    [
      "_ZnwmSt11align_val_t(100, 64) = 0x40",
      { op: Op.memalign, size: 100, align: 64, pointerOut: 64 },
    ],
    [
      "_ZnamSt11align_val_t(100, 64) = 0x40",
      { op: Op.memalign, size: 100, align: 64, pointerOut: 64 },
    ],
  ];

  test.each(calls)("%s", async (call, expected) => {
    expect(await readOne(`16342 00:00:01.000430 [0x7fff] ${call}`)).toEqual({
      ...NOTHING,
      tid: 16342,
      time: 1_000_430,
      caller: 0x7fff,
      line: 1,
      ...expected,
    });
  });
});

describe("the fields before the call", () => {
  const heads: [head: string, expected: Partial<ReadEvent>][] = [
    ["7 00:00:00.000430 [0x00007f11a2b3c4d5] ", { time: 430, caller: 0x7f11a2b3c4d5 }],
    ["7 27:00:01 ", { time: 97_201_000_000 }],
    ["7 100:59:60.5 ", { time: 363_600_500_000 }],
    ["7 12345 ", { time: 12_345_000_000 }],
    ["7 12345.25 ", { time: 12_345_250_000 }],
    ["7 0.0000015 ", { time: 1.5 }],
    ["7 1700000000.123456789123 ", { time: 1_700_000_000_000_000 + 123_456.75 }],
    ["7 ", { time: Number.NaN }],
    ["7 [0x10]", { caller: 16 }],
    ["7 [nil] ", {}],
    ["7 [(nil)] ", {}],
    ["7 [0] ", {}],
    ["7[ 10 ]\t", { caller: 16 }],
    ["7 1.5[0x10]", { time: 1_500_000, caller: 16 }],
    [" \t 7\t\t", {}],
    ["2147483647 ", { tid: 2_147_483_647 }],
    ["0 ", { tid: 0 }],
  ];

  test.each(heads)("%s", async (head, expected) => {
    const event = {
      ...NOTHING,
      op: Op.free,
      tid: 7,
      time: Number.NaN,
      caller: 0,
      pointerIn: 16,
      line: 1,
    };
    expect(await readOne(`${head}free(0x10)`)).toEqual({ ...event, ...expected });
  });
});

test("blanks may stand between any two tokens, and a carriage return at the end", async () => {
  expect(await readOne(" 1 \t[ 0x1 ] realloc ( 0x10 ,\t5 )=0x20 \t\r")).toMatchObject({
    size: 5,
    pointerOut: 32,
  });
  expect(await readOne("1 00:00:00.000000 [0x1] malloc(1) = 0x10\r")).toMatchObject({
    size: 1,
    pointerOut: 16,
  });
});

test("numbers beyond 2^53 are the nearest double", async () => {
  expect(await readOne("1 malloc(18446744073709551615) = nil")).toMatchObject({ size: 2 ** 64 });
  expect(await readOne("1 malloc(9007199254740993) = nil")).toMatchObject({
    size: 2 ** 53,
  });
  expect(await readOne("1 free(0x01ffffffffffff10)")).toMatchObject({
    pointerIn: 0x01ffffffffffff10,
  });
});

test.each([
  "malloc(1) = 0x10",
  "1",
  "1malloc(1) = 0x10",
  "-1 malloc(1) = 0x10",
  "2147483648 free(0x10)",
  "1 00:60:00 free(0x10)",
  "1 00:00:61 free(0x10)",
  "1 0:0:0 free(0x10)",
  "1 1. free(0x10)",
  "1 [] free(0x10)",
  "1 [0x10 free(0x10)",
  "1 malloc(1)",
  "1 malloc(1) =",
  "1 malloc(1) = 0x",
  "1 malloc(1) = 0x12345678901234567",
  "1 malloc(-1) = 0x10",
  "1 malloc() = 0x10",
  "1 malloc(1, 2) = 0x10",
  "1 malloc(100000000000000000000000) = 0x10",
  "1 malloc(1) = 0x10 0x20",
  "1 malloc(1) = 0x10 malloc(1) = 0x20",
  "1 Malloc(1) = 0x10",
  "1 mallocx(1) = 0x10",
  "1 free()",
  "1 free(0x10",
  "1 free(0x10) = <void",
  "1 free(0x10) = done",
  "1 malloc(1) - 0x10",
  "1 malloc(1) = <void>",
  "1 malloc(1) = NUL",
  "1 free(0x1g)",
  "1 free(0x10) # why",
  "1 calloc(1) = 0x10",
  "1 posix_memalign(0x7ffe10, 64, 100) = 0",
  "1 posix_memalign(0x7ffe10, 64, 100) = 12",
  "1 posix_memalign(64, 100)",
  "1 thread_exit(0)",
  "1 mark(label",
  "1 operator new[(8) = 0x10",
  "1 operator mew(8) = 0x10",
  "1 malloc(1) = 0x10\r\r",
  "\uFEFF1 free(0x10)",
  "1 free(0x10)\0",
])("malformed: %j", async (line) => {
  expect(await readOne(line)).toBeUndefined();
});

test("every line is counted once and has its number", async () => {
  const { events, notes, diagnostics } = await scanText(
    "# glibc 2.36\n\n1 free(0x10)\n \t\r\nbad\n  #  cpus 4 \n#\n1 free(0x20)\n",
  );
  expect(events.map(({ line }) => line)).toEqual([3, 8]);
  expect(notes).toEqual([
    { eventsBefore: 0, line: 1, text: "glibc 2.36" },
    { eventsBefore: 1, line: 6, text: "cpus 4" },
    { eventsBefore: 1, line: 7, text: "" },
  ]);
  expect(diagnostics.lines).toEqual({ total: 8, parsed: 2, comments: 3, malformed: 1, blank: 2 });
  expect(diagnostics.samples).toEqual([{ line: 5, text: "bad" }]);
});

test("labels of marks are kept by their numbers, except those of malformed lines", async () => {
  const { events, diagnostics } = await scanText(
    "1 mark(warm)\n1 mark(größer)\n1 mark(warm)\n1 mark(bad) = 3\n",
  );
  expect([...diagnostics.markLabels.values()]).toEqual(["warm", "größer"]);
  expect(events.map(({ align }) => diagnostics.markLabels.get(align))).toEqual([
    "warm",
    "größer",
    "warm",
  ]);
});

test("a batch that is full of events or of comments is passed on", async () => {
  const count = 2 * EVENTS_PER_BATCH + 10;
  const { events, notes } = await scanText(
    "#x\n".repeat(count) + "1 00:00:00.000000 [0x0] free(0x10)\n# y\n".repeat(count),
  );
  expect(events.length).toBe(count);
  expect(events.at(-1)?.line).toBe(3 * count - 1);
  expect(notes.length).toBe(2 * count);
  expect(notes[count + 9000]).toEqual({ eventsBefore: 9001, line: count + 2 * 9001, text: "y" });
});
