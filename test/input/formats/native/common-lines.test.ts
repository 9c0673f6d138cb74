import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CommonLines } from "../../../../src/input/formats/native/common-lines.ts";
import { NativeLine } from "../../../../src/input/formats/native/line.ts";
import { EVENTS_PER_BATCH } from "../../../../src/trace/columns.ts";
import { EventBatch, Op } from "../../../../src/trace/event.ts";
import { commonLine } from "../../../support/native-arbitraries.ts";

/** One instance for all tests: what one leaves in the module's memory must not matter to the next. */
const common = new CommonLines();

/** The window of core/scan-window.ts. */
const WINDOW_BYTES = 256 * 1024;

function read(text: string, room = EVENTS_PER_BATCH) {
  const bytes = Buffer.from(text, "latin1");
  const batch = new EventBatch();
  common.restart();
  const next = common.read(bytes, 0, bytes.length, batch, room, 1);
  return { next, batch, bytes };
}

function rowOf(batch: EventBatch, i: number) {
  const { op, tid, time, caller, size, align, pointerIn, pointerOut } = batch;
  return {
    op: op[i],
    tid: tid[i],
    time: time[i],
    caller: caller[i],
    size: size[i],
    align: align[i],
    pointerIn: pointerIn[i],
    pointerOut: pointerOut[i],
  };
}

const HEAD = "16342 00:00:01.000430 [0x7fff] ";

describe("takes", () => {
  const NOTHING = { size: 0, align: 0, pointerIn: 0, pointerOut: 0 };
  test.each([
    ["malloc(20)\t= 0xf0005ae0", { op: Op.malloc, size: 20, pointerOut: 0xf0005ae0 }],
    ["malloc(999999999) = 0x0", { op: Op.malloc, size: 999_999_999 }],
    ["calloc(4, 16) = 0x10", { op: Op.calloc, size: 64, pointerOut: 16 }],
    [
      "calloc(999999999, 999999999) = 0x10",
      { op: Op.calloc, size: 999_999_999 * 999_999_999, pointerOut: 16 },
    ],
    [
      "realloc(0xF00F, 128) = 0x7f00f0005a50",
      { op: Op.realloc, size: 128, pointerIn: 0xf00f, pointerOut: 0x7f00f0005a50 },
    ],
    ["free(0xffffffffffffffff)", { op: Op.free, pointerIn: 2 ** 64 }],
    ["free(0x0000000000000010)\r", { op: Op.free, pointerIn: 16 }],
  ])("%s", (call, expected) => {
    const { next, batch, bytes } = read(`${HEAD}${call}\n`);
    expect(next).toBe(bytes.length);
    expect(rowOf(batch, 0)).toEqual({
      ...NOTHING,
      tid: 16342,
      time: 1_000_430,
      caller: 0x7fff,
      ...expected,
    });
    expect(batch.line[0]).toBe(1);
  });

  test.each([
    ["00:00:00.000000", 0],
    ["99:59:60.999999", 99 * 3600e6 + 59 * 60e6 + 60e6 + 999_999],
    ["12:34:56.789012", 12 * 3600e6 + 34 * 60e6 + 56_789_012],
  ])("the time %s", (clock, expected) => {
    expect(read(`1 ${clock} [0x0] free(0x10)\n`).batch.time[0]).toBe(expected);
  });
});

test.each([
  " 1 00:00:00.000000 [0x0] free(0x10)",
  "1  00:00:00.000000 [0x0] free(0x10)",
  "1234567890 00:00:00.000000 [0x0] free(0x10)",
  "a 00:00:00.000000 [0x0] free(0x10)",
  "1 0:00:00.000000 [0x0] free(0x10)",
  "1 00:60:00.000000 [0x0] free(0x10)",
  "1 00:00:61.000000 [0x0] free(0x10)",
  "1 00:00:00.00000 [0x0] free(0x10)",
  "1 00:00:00.0000000 [0x0] free(0x10)",
  "1 00:00:00.00000: [0x0] free(0x10)",
  "1 :0:00:00.000000 [0x0] free(0x10)",
  "1 00:00:00.0/0000 [0x0] free(0x10)",
  "1 00:00:00.000000 [0] free(0x10)",
  "1 00:00:00.000000 [0x] free(0x10)",
  "1 00:00:00.000000 [0x0]free(0x10)",
  "1 00:00:00.000000 free(0x10)",
  `${HEAD}free(0X10)`,
  `${HEAD}free(0x10) `,
  `${HEAD}free(0x10)\r\r`,
  `${HEAD}free(0x1g)`,
  `${HEAD}free(0x)`,
  `${HEAD}free((nil))`,
  `${HEAD}free(0x00000000000000010)`,
  `${HEAD}frees(0x10)`,
  `${HEAD}malloc(1234567890) = 0x10`,
  `${HEAD}malloc() = 0x10`,
  `${HEAD}malloc(-1) = 0x10`,
  `${HEAD}malloc(1)= 0x10`,
  `${HEAD}malloc(1) =0x10`,
  `${HEAD}malloc(1) = 10`,
  `${HEAD}malloc(1)`,
  `${HEAD}malloc (1) = 0x10`,
  `${HEAD}calloc(1) = 0x10`,
  `${HEAD}calloc(1,2) = 0x10`,
  `${HEAD}realloc(0x10,2) = 0x10`,
  `${HEAD}realloc(1, 2) = 0x10`,
  `${HEAD}valloc(1) = 0x10`,
  `${HEAD}mark(a)`,
  "# a comment",
  "",
])("leaves to the line reader: %j", (line) => {
  const { next, batch } = read(`${line}\n${HEAD}free(0x10)\n`);
  expect(next).toBe(0);
  expect(batch.length).toBe(0);
});

test("agrees with the line reader on lines of the common form and almost so, and takes all of that form", () => {
  const FORM =
    /^\d{1,9} \d\d:[0-5]\d:(?:[0-5]\d|60)\.\d{6} \[0x[\da-fA-F]{1,16}\] (?:(?:malloc\(\d{1,9}|calloc\(\d{1,9}, \d{1,9}|realloc\(0x[\da-fA-F]{1,16}, \d{1,9})\)[ \t]= 0x[\da-fA-F]{1,16}|free\(0x[\da-fA-F]{1,16}\))\r?$/;
  const line = new NativeLine();
  let taken = 0;
  let left = 0;
  fc.assert(
    fc.property(commonLine, (text) => {
      const { next, batch, bytes } = read(`${text}\n`);
      expect(next > 0).toBe(FORM.test(text));
      if (next === 0) {
        left++;
        return;
      }
      taken++;
      expect(next).toBe(bytes.length);
      const end = text.endsWith("\r") ? text.length - 1 : text.length;
      expect(line.parse(bytes, 0, end)).toBe(true);
      const { op, tid, time, caller, size, align, pointerIn, pointerOut } = line;
      expect(rowOf(batch, 0)).toEqual({
        op,
        tid,
        time,
        caller,
        size,
        align,
        pointerIn,
        pointerOut,
      });
    }),
    { numRuns: 5000, interruptAfterTimeLimit: 120_000 },
  );
  expect(taken).toBeGreaterThan(500);
  expect(left).toBeGreaterThan(500);
});

describe("a block of lines", () => {
  const one = (i: number) => `${HEAD}malloc(${i}) = 0x${(16 * i).toString(16)}\n`;

  test("stops at the first line of another form, and goes on behind it", () => {
    const text = `${one(1)}${one(2)}1 free(0x10)\n${one(3)}`;
    const { next, batch, bytes } = read(text);
    expect(next).toBe(2 * one(1).length);
    expect(batch.length).toBe(2);
    const behind = next + "1 free(0x10)\n".length;
    expect(common.read(bytes, behind, bytes.length, batch, 1, 4)).toBe(bytes.length);
    expect([...batch.size.subarray(0, 3)]).toEqual([1, 2, 3]);
    expect([...batch.line.subarray(0, 3)]).toEqual([1, 2, 4]);
  });

  test("stops when the room is full", () => {
    const { next, batch } = read(one(1) + one(2) + one(3), 2);
    expect(next).toBe(2 * one(1).length);
    expect(batch.length).toBe(2);
  });

  test("a line that crosses the window's end is read whole", () => {
    const count = Math.ceil((3 * WINDOW_BYTES) / one(10_000).length);
    const bytes = Buffer.from(
      Array.from({ length: count }, (_, i) => one(10_000 + i)).join(""),
      "latin1",
    );
    const batch = new EventBatch();
    const sizes: number[] = [];
    common.restart();
    for (let at = 0; at < bytes.length; ) {
      batch.clear();
      const next = common.read(bytes, at, bytes.length, batch, EVENTS_PER_BATCH, 1);
      expect(next).toBeGreaterThan(at);
      sizes.push(...batch.size.subarray(0, batch.length));
      at = next;
    }
    expect(sizes).toEqual(Array.from({ length: count }, (_, i) => 10_000 + i));
  });

  test("a line longer than the window is left to the line reader", () => {
    const { next } = read(`${"1".repeat(WINDOW_BYTES + 10)} ${one(1)}`);
    expect(next).toBe(0);
  });

  test("bytes of the window before do not complete a line", () => {
    read(one(1));
    // The rest of the former line is still in memory.
    expect(read(one(1).slice(0, -4)).next).toBe(0);
    expect(read("").next).toBe(0);
  });
});
