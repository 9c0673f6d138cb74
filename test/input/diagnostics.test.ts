import { expect, test } from "vitest";
import { Diagnostics, printable } from "../../src/input/diagnostics.ts";

test("control characters and their like are shown, never sent to the terminal", () => {
  expect(printable("a\tb\r\0\x1b[31m\x7f\x9b")).toBe("a\\tb\\r\\x00\\x1b[31m\\x7f\\x9b");
  expect(printable("\u202e\u2028\u{e0001}")).toBe("\\u{202e}\\u{2028}\\u{e0001}");
  expect(printable("größe \u{1F4A9} 日本")).toBe("größe \u{1F4A9} 日本");
});

test("a text is cut to 200 characters, never inside an escape", () => {
  expect(printable("x".repeat(300))).toBe("x".repeat(200));
  expect([...printable("\u{1F4A9}".repeat(300))].length).toBe(200);
  expect(printable(`${"x".repeat(199)}\x1b`)).toBe("x".repeat(199));
});

test("the first ten malformed lines are kept, all are counted by kind", () => {
  const diagnostics = new Diagnostics();
  const bytes = Buffer.from(`..${"\u{1F4A9}".repeat(300)}..`);
  for (let line = 1; line <= 12; line++) {
    diagnostics.malformed(line, line % 2 ? "overlong" : "unparsable", bytes, 2, bytes.length - 2);
  }
  expect(diagnostics.lines.malformed).toBe(12);
  expect(diagnostics.malformedKinds).toEqual({ unparsable: 6, overlong: 6 });
  expect(diagnostics.samples.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(diagnostics.samples[0]?.text).toBe("\u{1F4A9}".repeat(200));
});
