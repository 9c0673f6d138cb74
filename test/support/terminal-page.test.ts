import { expect, test } from "vitest";
import { spansOf } from "./terminal-page.ts";

test("turns styles into spans, nested ones too, and keeps the text", () => {
  const text = "\x1b[1m\x1b[32mgood\x1b[39m & bold\x1b[22m <plain>\x1b[2m dim\x1b[22m";
  expect(spansOf(text)).toBe(
    '<span style="font-weight:bold;color:#6fcaa2">good</span>' +
      '<span style="font-weight:bold"> &amp; bold</span> &lt;plain&gt;' +
      '<span style="opacity:.6"> dim</span>',
  );
});

test("rejects other escape sequences", () => {
  expect(() => spansOf("\x1b[5mblink")).toThrow("SGR 5");
  expect(() => spansOf("\x1b[2Kgone")).toThrow("other than SGR");
});
