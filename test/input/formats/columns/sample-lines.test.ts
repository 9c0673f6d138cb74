import { expect, test } from "vitest";
import { sampleLine, sampleLines } from "../../../../src/input/formats/columns/sample-lines.ts";

test.each([
  ["malloc(7) = 0x10", [], ["0x10"]],
  ["7 00:00:01.5 [0x7f] calloc(1, 2) = 20", ["7", "00:00:01.5", "0x7f"], ["20"]],
  ["7 1.5 [(nil)] free(0x10)", ["7", "1.5", "nil"], ["0x10"]],
  ["[HOOK] realloc(0x10, 5)=NULL", ["HOOK"], ["0x10", "NULL"]],
  ["[+] Heap-Analysis - malloc(8)=0x96", ["Heap-Analysis"], ["0x96"]],
  ["[12][1.5] free (10)", ["12", "1.5"], ["10"]],
  ["12: malloc(8) -> 0x10", ["12"], ["0x10"]],
  ["tid=12 t=1.5, malloc(8) -> 0x10", ["12", "1.5"], ["0x10"]],
  ["7f12ab4c0700 malloc(8) = 0x10", ["7f12ab4c0700"], ["0x10"]],
  ["0x7f12ab4c0700 operator new[](8) = 0x10", ["0x7f12ab4c0700"], ["0x10"]],
  ["0x7f12ab4c0700 operator new(unsigned long)(8) = 0x10", ["0x7f12ab4c0700"], ["0x10"]],
  ["0x7f12ab4c0700 operator delete(void*)(0x10)", ["0x7f12ab4c0700"], ["0x10"]],
  ["a.out->malloc(8) = 0x10", ["a.out"], ["0x10"]],
  ["libc.so.6:malloc(8) = 0x10", ["libc.so.6"], ["0x10"]],
  ["[GC Thread#0] 100/101 malloc(8) = 0x10", ["GC Thread#0", "100", "101"], ["0x10"]],
  ['"main" <7> malloc(8): 0x10', ["main", "7"], ["0x10"]],
  [
    "[operator new[](unsigned long)+0x18] malloc(size=8) => 0x10",
    ["operator new[](unsigned long)+0x18"],
    ["0x10"],
  ],
  [
    "Nov 30 07:05:43 host app[123]: malloc(8) returned 0x10",
    ["Nov 30 07:05:43", "host", "app", "123"],
    ["0x10"],
  ],
  [
    "[Mon Nov 30 07:05:43.707 2026] [pid 7:tid 8] __libc_malloc(8 bytes) = 0x10",
    ["Mon Nov 30 07:05:43.707", "2026", "pid", "7", "tid", "8"],
    ["0x10"],
  ],
  [
    "2026-11-30 07:05:43,707 +0100 7 MALLOC(0x8) 0x10",
    ["2026-11-30 07:05:43,707 +0100", "7"],
    ["0x10"],
  ],
])("%j", (line, texts, pointers) => {
  const sampled = sampleLine(line);
  expect(sampled).toMatchObject({ pointers, hasTail: false });
  expect(sampled?.fields.map(({ text }) => text)).toEqual(texts);
});

test.each([
  "",
  "hello",
  "# 7 free(0x10)",
  "7 xfree(0x10)",
  "7 free 0x10",
  "7 in malloc(unsigned long) of libc",
  "7 malloc(void)",
  "7 malloc(8)",
  "free(memory)",
])("%j is not call-shaped", (line) => {
  expect(sampleLine(line)).toBeNull();
});

test("text behind the result is a tail", () => {
  const tailOf = (line: string) => sampleLine(line)?.tail.map(({ text }) => text);
  expect(sampleLine("malloc(4096) = 0x10   (current 4096)")?.hasTail).toBe(true);
  expect(sampleLine("free(0x10) = <void> <0.0001>")?.hasTail).toBe(true);
  expect(sampleLine("malloc(4096) = 0x10 \t")?.hasTail).toBe(false);
  expect(tailOf("malloc(4096) = 0x10 from [lib.so+0x12], 7")).toEqual(["from", "lib.so+0x12", "7"]);
});

test("overlong lines are left out", () => {
  expect(sampleLines(`${" ".repeat(6000)}free(0x10)\nfree(0x10)\n`)).toHaveLength(1);
});
