import { expect, test } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";

function sampleOf(text: string): string | undefined {
  const diagnostics = new Diagnostics();
  const bytes = Buffer.from(text);
  diagnostics.malformed(1, "unparsable", bytes, 0, bytes.length);
  return diagnostics.samples[0]?.text;
}

test("a sample is the text as logged, cut to 200 whole characters", () => {
  expect(sampleOf("a\tb\x1b[31m größe")).toBe("a\tb\x1b[31m größe");
  expect(sampleOf("x".repeat(300))).toBe("x".repeat(200));
  expect(sampleOf("\u{1F4A9}".repeat(300))).toBe("\u{1F4A9}".repeat(200));
  expect(sampleOf(`xyz${"\u{1F4A9}".repeat(300)}`)).toBe(`xyz${"\u{1F4A9}".repeat(197)}`);
});

test("the first ten malformed lines are kept, and all are counted by kind", () => {
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
