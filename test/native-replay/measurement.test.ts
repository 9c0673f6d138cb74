import { expect, test } from "vitest";
import { parseMeasurement } from "../../src/native-replay/measurement.ts";

const LINES =
  "sample 10 4096\nsample 20 8192\nend 4096\nhighwater 9000\nfailed 2\nnanoseconds 500\n";

test("the peak is the highest sample", () => {
  expect(parseMeasurement(LINES)).toEqual({
    ok: { peakBytes: 8192, endBytes: 4096, purgedEndBytes: null, failedCalls: 2, seconds: 5e-7 },
  });
});

test("a peak between two samples is that of the kernel, if it is much higher", () => {
  const missed = LINES.replace("highwater 9000", `highwater ${64 * 2 ** 20}`);
  expect(parseMeasurement(missed)).toMatchObject({ ok: { peakBytes: 64 * 2 ** 20 } });
});

test("a purge at the end is of allocators that have one", () => {
  expect(parseMeasurement(`${LINES}purged 2048\n`)).toMatchObject({
    ok: { endBytes: 4096, purgedEndBytes: 2048 },
  });
});

test("a reason, or too few lines, is no measurement", () => {
  expect(parseMeasurement(`sample 10 4096\nerror no pagemap\n`)).toEqual({ error: "no pagemap" });
  expect(parseMeasurement("sample 10 4096\n")).toEqual({ error: "it ended before the last call" });
});
