import { expect, test } from "vitest";
import { printable, sourceName } from "../../../src/report/wording/printable.ts";

test("control characters are escaped, never sent to the terminal", () => {
  expect(printable("a\tb\r\n\0\x1b[31m\x7f\x9b")).toBe("a\\tb\\r\\n\\x00\\x1b[31m\\x7f\\x9b");
  expect(printable("\u202e\u2028\u{e0001}")).toBe("\\u{202e}\\u{2028}\\u{e0001}");
  expect(printable("größe \u{1F4A9} 日本")).toBe("größe \u{1F4A9} 日本");
});

test("inputs are named, standard input in words", () => {
  expect(sourceName("-")).toBe("standard input");
  expect(sourceName("a\u001b.log")).toBe("a\\x1b.log");
});
