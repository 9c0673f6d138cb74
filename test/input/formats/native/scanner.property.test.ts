import fc from "fast-check";
import { expect, test } from "vitest";
import { scanBytes, scanChunks } from "../../../support/collect.ts";
import { logInChunks } from "../../../support/native-arbitraries.ts";
import { readByRegex } from "../../../support/native-regex.ts";

// Small, so that lines often exceed it; above the 800 bytes of a sample, so that samples do not depend on the chunks.
const MAX_LINE_BYTES = 1000;

test("the scanner agrees with its naive twin on any bytes, in any chunks", async () => {
  let parsed = 0;
  let malformed = 0;
  await fc.assert(
    fc.asyncProperty(logInChunks, async (chunks) => {
      const scanned = await scanChunks(chunks, MAX_LINE_BYTES);
      expect(scanned).toEqual(readByRegex(Buffer.concat(chunks), MAX_LINE_BYTES));
      const { lines } = scanned.diagnostics;
      expect(lines.total).toBe(lines.parsed + lines.comments + lines.malformed + lines.blank);
      parsed += lines.parsed;
      malformed += lines.malformed;
    }),
    // Also in the quick tests: the counts below are those of all runs.
    { numRuns: 500, interruptAfterTimeLimit: 120_000 },
  );
  // The agreement is only meaningful if the arbitraries make many lines of both kinds.
  expect(parsed).toBeGreaterThan(1500);
  expect(malformed).toBeGreaterThan(1500);
});

/** Blank lines: so long a log is read with WebAssembly. */
const LONG = Buffer.from(`${" ".repeat(900)}\n`.repeat(40));

test.each([
  ["blocks of text", scanChunks],
  ["blocks of bytes", scanBytes],
])("a long log is read likewise, in %s", async (_, scan) => {
  await fc.assert(
    fc.asyncProperty(logInChunks, async (chunks) => {
      const scanned = await scan([LONG, ...chunks], MAX_LINE_BYTES);
      expect(scanned).toEqual(readByRegex(Buffer.concat([LONG, ...chunks]), MAX_LINE_BYTES));
    }),
    { numRuns: 250, interruptAfterTimeLimit: 120_000 },
  );
});
