import { describe, expect, test } from "vitest";
import { parsePattern } from "../../../../src/input/formats/columns/given-pattern.ts";
import { Op } from "../../../../src/trace/event.ts";
import { type ReadLog, scanInferred } from "../../../support/collect.ts";

const read = (pattern: string, ...lines: string[]): Promise<ReadLog> =>
  scanInferred([Buffer.from(`${lines.join("\n")}\n`)], { given: { kind: "pattern", pattern } });

test("is checked", () => {
  const good = "^(?<tid>\\d+) (?<call>\\w+)(?<=x)";
  expect(parsePattern(good)).toEqual({ ok: good });
  expect(parsePattern("(?<call>")).toEqual({
    error: "no regular expression (Unterminated group)",
  });
  expect(parsePattern("(?<call>x)(?<thread>y)")).toEqual({
    error:
      "unknown group thread; groups are pid, tid, time, caller, call, size, align, count, pointer, result",
  });
  expect(parsePattern("(?<tid>x)")).toEqual({
    error: "it needs a group for the call, as (?<call>\\w+)",
  });
});

describe("its groups are the parts of a call", () => {
  test("operation first, then pointer and size", async () => {
    const { events, diagnostics } = await read(
      "^(?<tid>\\d+)\\|(?<time>[\\d.]+)\\|(?<call>\\w+) (?<pointer>\\S+)(?: (?<size>\\d+))?$",
      "7|1.5|malloc 0x10 24",
      "8|2.5|free 0x10",
      "8|3.5|malloc 0x20",
      "8|4.5|xmalloc 0x20 3",
    );
    expect(events).toMatchObject([
      { op: Op.malloc, tid: 7, time: 1_500_000, size: 24, pointerIn: 0, pointerOut: 0x10 },
      { op: Op.free, tid: 8, time: 2_500_000, size: 0, pointerIn: 0x10, pointerOut: 0 },
    ]);
    expect(diagnostics.samples.map(({ line }) => line)).toEqual([3, 4]);
    expect(diagnostics.layout.columns?.map(({ role }) => role)).toEqual(["tid", "time"]);
  });

  test("all of them", async () => {
    const { events } = await read(
      "(?<call>[\\w ]+)<(?<align>\\d+)?,(?<count>\\d+)?,(?<size>\\w+),(?<pointer>\\w*)> (?<result>\\w+) by (?<caller>\\S+) in (?<pid>\\d+)",
      "calloc<,3,8,> 0x10 by 0x7f1 in 9",
      "realloc<,,0x20,0x10> 0x30 by f+0x1 in 9",
      "memalign<64,,8,> 0x40 by f+0x1 in 9",
      "operator new<,,8,> 0x50 by 0x7f1 in 9",
    );
    expect(events).toMatchObject([
      { op: Op.calloc, size: 24, pointerOut: 0x10, caller: 0x7f1, tid: 9 },
      { op: Op.realloc, size: 32, pointerIn: 0x10, pointerOut: 0x30, caller: -2 },
      { op: Op.memalign, align: 64, size: 8, pointerOut: 0x40, caller: -2 },
      { op: Op.malloc, size: 8, pointerOut: 0x50 },
    ]);
  });

  test("or the whole call", async () => {
    const { events, diagnostics } = await read(
      "^é (?<time>\\S+) .*?(?<call>(?:malloc|free)\\(.*)$",
      "é 1795935946765 xxx malloc(24) = 94004999160480",
      "é 1795935946766 yyy free(94004999160480)",
    );
    expect(events).toMatchObject([
      { op: Op.malloc, size: 24, time: 1_795_935_946_765_000 },
      { op: Op.free, time: 1_795_935_946_766_000 },
    ]);
    expect(diagnostics.layout.threads).toBe("none");
  });

  test("with comments between", async () => {
    const { notes } = await read("(?<call>free\\(\\w+\\))", "# glibc 2.36", "free(0x10)");
    expect(notes.map(({ text }) => text)).toEqual(["glibc 2.36"]);
  });
});
