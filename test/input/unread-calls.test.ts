import { expect, test } from "vitest";
import { kindOfCall } from "../../src/input/unread-calls.ts";

function kindOf(line: string): string | null {
  const bytes = Buffer.from(`1 malloc(1)\n${line}\n`);
  return kindOfCall(bytes, 12, bytes.length - 1);
}

test.each([
  ["7 0.2 free(0x10) = done", "free"],
  ["7 cfree (0x10) = done", "free"],
  ["+ malloc 53 0x5581000002a0 [85:160]!", "malloc"],
  ["+ free -100 0x558100000460", "free"],
  ["13595 mt->calloc(3000, 8 <unfinished ...>", "calloc"],
  ["13595 <... realloc resumed> )     = 0x7f3c6c000b70", "realloc"],
  ["7 posix_memalign(", "memalign"],
  ["7 operator new[](8) = ?", "malloc"],
  ["operator delete(0x10) = ?", "free"],
])("%j is of %s", (line, kind) => {
  expect(kindOf(line)).toBe(kind);
});

test.each([
  "",
  "mallocx(7)",
  "cannot free memory",
  "malloc: corrupted top size",
  "new(7)",
  "thread_exit(0)",
  `${"x".repeat(2000)} free(0x10)`,
])("%j names no call", (line) => {
  expect(kindOf(line)).toBeNull();
});
