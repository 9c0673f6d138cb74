import fc from "fast-check";
import { expect, test } from "vitest";
import { NATIVE_LAYOUT } from "../../../../src/input/formats/native/layout.ts";
import { scanChunks, scanInferred } from "../../../support/collect.ts";

/** Logs as hooks of the native format write them: one form of time, caller and pointer for all lines. */

const two = (value: number): string => String(value).padStart(2, "0");

const timeForm = fc.constantFrom<(microseconds: number) => string>(
  () => "",
  (at) => `00:${two(Math.floor(at / 60e6) % 60)}:${two(Math.floor(at / 1e6) % 60)}.${at % 1e6} `,
  (at) => `${Math.floor(at / 1e6)} `,
  (at) => `${(at / 1e6).toFixed(6)} `,
  (at) => `${1_700_000_000 + Math.floor(at / 1e6)} `,
  (at) => `${(1_700_000_000 + at / 1e6).toFixed(6)} `,
);

const callerForm = fc.constantFrom<(address: number) => string>(
  () => "",
  (address) => `[0x${address.toString(16)}] `,
  (address) => `[0x${(address % 2 ** 32).toString(16).padStart(8, "0")}] `,
  (address) => (address % 3 === 0 ? "[nil] " : `[${address.toString(16)}] `),
  (address) => (address % 3 === 0 ? "" : `[0x${address.toString(16)}] `),
);

const pointerForm = fc.constantFrom<(address: number) => string>(
  (address) => `0x${address.toString(16)}`,
  (address) => `0x${(address % 2 ** 32).toString(16).padStart(8, "0")}`,
  (address) => (address % 5 === 0 ? "(nil)" : address.toString(16)),
);

const event = fc.record({
  thread: fc.nat(3),
  gap: fc.oneof(fc.nat(50), fc.nat(3_000_000)),
  caller: fc.integer({ min: 0x7f0000000000, max: 0x7fffffffffff }),
  block: fc.nat(0xffffff),
  kind: fc.nat(3),
  size: fc.nat(5000),
});

const nativeLog = fc
  .record({
    timeForm,
    callerForm,
    pointerForm,
    firstTid: fc.integer({ min: 1100, max: 4_000_000 }),
    heap: fc.constantFrom(0x5581a2b00000, 0x7f00f0000000),
    events: fc.array(event, { minLength: 1, maxLength: 90 }),
    comment: fc.constantFrom("", "# cpus 4\n"),
  })
  .map(({ events, comment, firstTid, heap, ...form }) => {
    let at = 0;
    const lines = events.map(({ thread, gap, caller, block, kind, size }) => {
      at += gap;
      const pointer = form.pointerForm(heap + 16 * block);
      const call = [
        `malloc(${size}) = ${pointer}`,
        `free(${pointer})`,
        `calloc(2, ${size})\t= ${pointer}`,
        `realloc(${pointer}, ${size}) = ${pointer}`,
      ][kind];
      return `${firstTid + thread} ${form.timeForm(at)}${form.callerForm(caller)}${call}\n`;
    });
    return comment + lines.join("");
  });

test("native logs have the native layout, and give the same events as without inference", async () => {
  await fc.assert(
    fc.asyncProperty(nativeLog, fc.integer({ min: 1, max: 500 }), async (log, size) => {
      const bytes = Buffer.from(log);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const inferred = await scanInferred(chunks);
      expect(inferred.diagnostics.layout).toEqual(NATIVE_LAYOUT);
      expect(inferred).toEqual(await scanChunks(chunks));
      expect(inferred.diagnostics.lines.malformed).toBe(0);
    }),
    { numRuns: 500, interruptAfterTimeLimit: 120_000 },
  );
});
