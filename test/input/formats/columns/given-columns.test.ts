import { expect, test } from "vitest";
import { parseColumns } from "../../../../src/input/formats/columns/given-columns.ts";
import { type ReadLog, scanInferred } from "../../../support/collect.ts";

async function read(columns: string, ...lines: string[]): Promise<ReadLog> {
  const parsed = parseColumns(columns);
  if ("error" in parsed) {
    throw new Error(parsed.error);
  }
  const log = Buffer.from(`${lines.join("\n")}\n`);
  return scanInferred([log], { given: { kind: "columns", columns: parsed.ok } });
}

test.each([
  ["pid,tid", { before: ["pid", "tid"], after: [], timeDecimals: null }],
  [" -, time:ms ,call,caller", { before: ["other", "time"], after: ["caller"], timeDecimals: 3 }],
  ["pid.tid,time:µs", { before: ["pid.tid", "time"], after: [], timeDecimals: 6 }],
])("%s", (text, ok) => {
  expect(parseColumns(text)).toEqual({ ok });
});

const KNOWN =
  "columns are pid, tid, pid.tid, time, time:s, time:ms, time:us, time:ns, caller, call, -";

test.each([
  ["", `unknown column ""; ${KNOWN}`],
  ["pid,thread", `unknown column thread; ${KNOWN}`],
  ["time:h", `unknown column time:h; ${KNOWN}`],
  ["tid:ms", `unknown column tid:ms; ${KNOWN}`],
  ["toString", `unknown column toString; ${KNOWN}`],
  ["call,tid,call", `call is named twice; ${KNOWN}`],
  ["tid,tid", "tid is named twice; name each column once, and others -"],
  ["pid.tid,call,pid", "pid is named twice; name each column once, and others -"],
])("%s is refused", (text, error) => {
  expect(parseColumns(text)).toEqual({ error });
});

test("overrule what the lines show", async () => {
  const lines = ["100 101 malloc(1)=0x10", "100 102 malloc(1)=0x50"];
  const { events, diagnostics } = await read("tid,time:ms", ...lines);
  expect(events.map(({ tid, time }) => [tid, time])).toEqual([
    [100, 101_000],
    [100, 102_000],
  ]);
  expect(diagnostics.layout.columns?.map(({ role, by }) => [role, by])).toEqual([
    ["tid", "given"],
    ["time", "given"],
  ]);
});

test("fields that are not named are not read", async () => {
  const { events } = await read("tid", "7 1.5 [0x7f1] malloc(1)=0x10", "8 2.5 [0x7f5] free(0x10)");
  expect(events.map(({ tid, time, caller }) => [tid, time, caller])).toEqual([
    [7, Number.NaN, 0],
    [8, Number.NaN, 0],
  ]);
});

test("name columns behind the call", async () => {
  const lines = ["malloc(1) = 0x10 9 0x7f3 7", "free(0x10) 9 0x7f5 8"];
  const { events } = await read("call,-,caller,tid", ...lines);
  expect(events.map(({ tid, caller }) => [tid, caller])).toEqual([
    [7, 0x7f3],
    [8, 0x7f5],
  ]);
});

test("a thread may be a name", async () => {
  const { events, notes } = await read("-,tid", "x one malloc(1) = 0x10", "x two free(0x10)");
  expect(events.map(({ tid }) => tid)).toEqual([1, 2]);
  expect(notes.map(({ text }) => text)).toEqual(["thread 1 one", "thread 2 two"]);
});

test("a line without a named id is not read", async () => {
  const { diagnostics } = await read("pid,tid", "7 malloc(1) = 0x10");
  expect(diagnostics.lines).toMatchObject({ parsed: 0, malformed: 1 });
});
