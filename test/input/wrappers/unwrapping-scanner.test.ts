import { describe, expect, test } from "vitest";
import { Op } from "../../../src/trace/event.ts";
import { type ReadLog, scanInferred } from "../../support/collect.ts";

const CALLS = [
  "7 malloc(1000) = 0x5581a2b0c2a0",
  "8 calloc(1, 20) = 0x5581a2b0c690",
  "# glibc 2.36",
  "7 free(0x5581a2b0c2a0)",
  "9 realloc(0x5581a2b0c690, 3000) = 0x5581a2b0c2a0",
];
const NATIVE = CALLS.map((line, i) => line.replace(/^(\d) /, `$1 00:00:01.${500_000 + i} `));

const read = (lines: readonly string[]): Promise<ReadLog> =>
  scanInferred([Buffer.from(`${lines.join("\n")}\n`)]);

const docker = (line: string, i: number): string =>
  JSON.stringify({ log: `${line}\n`, stream: "stdout", time: `2026-11-30T00:00:01.${i}Z` });

const journal = (line: string, i: number): string =>
  JSON.stringify({
    __REALTIME_TIMESTAMP: `${1_796_058_281_000_000 + i}`,
    MESSAGE: line,
    _PID: "7",
  });

const coloured = (line: string): string => `\x1b[1;32m${line.replace(" ", "\x1b[0m ")}\x1b[K`;

const WRAPPERS: [what: string, wrap: (line: string, i: number) => string, names: string[]][] = [
  ["docker's JSON", docker, ["JSON"]],
  ["journalctl -o json", journal, ["JSON"]],
  ["colours", coloured, ["colours"]],
  ["colours in JSON", (line, i) => docker(coloured(line), i), ["JSON", "colours"]],
];

test("other allocators' names of C++'s operators, and of functions that C does not have", async () => {
  const { events } = await read([
    "mi_malloc(24) = 0x10",
    "mi_malloc_aligned(24, 64) = 0x40",
    "mi_new(8) = 0x80",
    "mi_zalloc(9) = 0xa0",
    "mi_free_size(0x80, 8)",
  ]);
  expect(events).toMatchObject([
    { op: Op.malloc, size: 24 },
    { op: Op.memalign, size: 24, align: 64, pointerOut: 0x40 },
    { op: Op.malloc, size: 8, pointerOut: 0x80 },
    { op: Op.malloc, size: 9, pointerOut: 0xa0 },
    { op: Op.free, pointerIn: 0x80 },
  ]);
});

describe.each(WRAPPERS)("%s", (_, wrap, names) => {
  test("gives the same events and comments, with the same numbers of lines", async () => {
    const wrapped = await read(NATIVE.map(wrap));
    const plain = await read(NATIVE);
    expect(wrapped.events).toEqual(plain.events);
    expect(wrapped.notes).toEqual(plain.notes);
    expect(wrapped.diagnostics.lines).toEqual(plain.diagnostics.lines);
    expect(wrapped.diagnostics.layout.wrappers).toEqual(names);
  });
});

test("the wrapper's time stands in where lines have none, not before comments' words", async () => {
  const { events, notes, diagnostics } = await read(CALLS.map(docker));
  expect(events.map(({ tid, time }) => [tid, time])).toEqual([
    [7, 1_000_000],
    [8, 1_100_000],
    [7, 1_300_000],
    [9, 1_400_000],
  ]);
  expect(notes.map(({ text }) => text)).toEqual(["glibc 2.36"]);
  expect(diagnostics.samples).toEqual([]);
});

test("a line that is not wrapped is read as it is", async () => {
  const { events, diagnostics } = await read([
    ...NATIVE.map(docker),
    "7 00:00:02 free(0x10)",
    "{",
    "{}",
  ]);
  expect(events).toHaveLength(5);
  expect(diagnostics.samples.map(({ line, text }) => [line, text])).toEqual([
    [7, "{"],
    [8, "{}"],
  ]);
});

test("objects that only mention a call have no wrapper", async () => {
  const { diagnostics } = await read(['{"op":"malloc","size":3}', '{"message":"out of memory"}']);
  expect(diagnostics.layout.wrappers).toEqual([]);
});
