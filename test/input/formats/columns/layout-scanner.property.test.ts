import fc from "fast-check";
import { expect, test } from "vitest";
import { scanInferred } from "../../../support/collect.ts";
import { logInChunks } from "../../../support/native-arbitraries.ts";

const MAX_LINE_BYTES = 1000;

test("any bytes are read the same in any chunks, and no line goes uncounted", async () => {
  let parsed = 0;
  await fc.assert(
    fc.asyncProperty(logInChunks, async (chunks) => {
      const scanned = await scanInferred(chunks, { maxLineBytes: MAX_LINE_BYTES });
      expect(scanned).toEqual(
        await scanInferred([Buffer.concat(chunks)], { maxLineBytes: MAX_LINE_BYTES }),
      );
      const { lines } = scanned.diagnostics;
      expect(lines.total).toBe(lines.parsed + lines.comments + lines.malformed + lines.blank);
      parsed += lines.parsed;
    }),
    { numRuns: 300, interruptAfterTimeLimit: 120_000 },
  );
  expect(parsed).toBeGreaterThan(500);
});
