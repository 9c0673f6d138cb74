import fc from "fast-check";
import { expect, test } from "vitest";
import { scanChunks } from "../../../support/collect.ts";
import { logInChunks } from "../../../support/native-arbitraries.ts";
import { readByRegex } from "../../../support/native-regex.ts";

// Small, that it be met often; above the 800 bytes a sample may show, that it be the same however the line is cut.
const MAX_LINE_BYTES = 1000;

test("the scanner and its dumb twin agree on any bytes, cut anywhere", async () => {
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
    { numRuns: 500 },
  );
  // The arbitraries must go on making both kinds, or the agreement means nothing.
  expect(parsed).toBeGreaterThan(1500);
  expect(malformed).toBeGreaterThan(1500);
});
