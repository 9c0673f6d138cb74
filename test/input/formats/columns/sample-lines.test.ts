import { expect, test } from "vitest";
import { sampleLine, sampleLines } from "../../../../src/input/formats/columns/sample-lines.ts";

test.each([
  ["malloc(7) = 0x10", "", [], ["0x10"]],
  ["7 00:00:01.5 [0x7f] calloc(1, 2) = 20", "ncX", ["7", "00:00:01.5", "0x7f"], ["20"]],
  ["7 1.5 [(nil)] free(0x10)", "nfX", ["7", "1.5", "(nil)"], ["0x10"]],
  ["[HOOK] realloc(0x10, 5)=NULL", "W", ["HOOK"], ["0x10", "NULL"]],
  ["[+] Heap-Analysis - malloc(8)=0x96", "Www", ["+", "Heap-Analysis", "-"], ["0x96"]],
  ["[12][1.5] free (10)", "NF", ["12", "1.5"], ["10"]],
  ["12: malloc(8) -> 0x10", "n,", ["12"], ["0x10"]],
  ["tid=12 t=1.5, malloc(8) -> 0x10", "=n=f,", ["12", "1.5"], ["0x10"]],
  ["7f12ab4c0700 malloc(8) = 0x10", "n", ["7f12ab4c0700"], ["0x10"]],
  ["0x7f12ab4c0700 operator new[](8) = 0x10", "x", ["0x7f12ab4c0700"], ["0x10"]],
])("%j", (line, signature, texts, pointers) => {
  const sampled = sampleLine(line);
  expect(sampled).toMatchObject({ signature, pointers, hasTail: false });
  expect(sampled?.fields.map(({ text }) => text)).toEqual(texts);
});

test.each(["", "hello", "# 7 free(0x10)", "7 xfree(0x10)", "7 free 0x10"])(
  "%j is not call-shaped",
  (line) => {
    expect(sampleLine(line)).toBeNull();
  },
);

test("text behind the result is a tail", () => {
  expect(sampleLine("malloc(4096) = 0x10   (current 4096)")?.hasTail).toBe(true);
  expect(sampleLine("free(0x10) = <void> <0.0001>")?.hasTail).toBe(true);
  expect(sampleLine("malloc(4096) = 0x10 \t")?.hasTail).toBe(false);
});

test("overlong lines are left out", () => {
  expect(sampleLines(`${" ".repeat(600)}free(0x10)\nfree(0x10)\n`)).toHaveLength(1);
});
