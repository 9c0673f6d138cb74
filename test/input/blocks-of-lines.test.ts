import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { MAX_LINE_BYTES } from "../../src/input/blocks-of-lines.ts";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { readLog } from "../../src/input/read-log.ts";
import { CollectingSink, scanBytes, scanChunks } from "../support/collect.ts";

const GOOD = "1 00:00:00.000000 [0x0] free(0x10)\n";

function inChunks(log: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < log.length; at += size) {
    chunks.push(log.subarray(at, at + size));
  }
  return chunks;
}

describe.each([
  ["text", scanChunks],
  ["bytes", scanBytes],
])("blocks of %s:", (_, scan) => {
  const scanOne = (log: string) => scan([Buffer.from(log)]);
  test("an empty log has no lines", async () => {
    for (const chunks of [[], [Buffer.from("")]]) {
      expect((await scan(chunks)).diagnostics).toEqual(new Diagnostics());
    }
  });

  test.each([1, 2, 3, 7, 64])("lines are whole, from chunks of %i bytes", async (size) => {
    const { events, diagnostics } = await scan(inChunks(Buffer.from(GOOD.repeat(50)), size));
    expect(events.map(({ line }) => line)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(diagnostics.truncatedInputs).toBe(0);
  });

  test("an unterminated last line is an event if it parses, and a truncated log if not", async () => {
    const whole = await scanOne(`${GOOD}1 free(0x20)`);
    expect(whole.events.length).toBe(2);
    expect(whole.diagnostics.truncatedInputs).toBe(0);

    const cut = await scanOne(`${GOOD}1 free(0x2`);
    expect(cut.events.length).toBe(1);
    expect(cut.diagnostics.truncatedInputs).toBe(1);
    expect(cut.diagnostics.samples).toEqual([{ line: 2, text: "1 free(0x2" }]);

    const blank = await scanOne(`${GOOD} \t`);
    expect(blank.diagnostics.truncatedInputs).toBe(0);
    expect(blank.diagnostics.lines.blank).toBe(1);
  });

  test.each([1, 7, 4096])(
    "what a killed process has reserved for its log and not written is no line, in chunks of %i",
    async (size) => {
      const reserved = "\0".repeat(70_000);
      const { events, diagnostics } = await scan(inChunks(Buffer.from(GOOD + reserved), size));
      expect(events.length).toBe(1);
      expect(diagnostics.lines).toMatchObject({ total: 1, parsed: 1, malformed: 0 });
      expect(diagnostics.truncatedInputs).toBe(0);
      const unended = await scan(inChunks(Buffer.from(`${GOOD}1 free(0x20)\0\0\0`), size));
      expect(unended.events.length).toBe(2);
      expect(unended.diagnostics.truncatedInputs).toBe(0);
    },
  );

  test.each([1, 7, 4096])(
    "a line whose first byte a killed process has not stored is cut short, in chunks of %i",
    async (size) => {
      const log = Buffer.from(`${GOOD}\0 free(0x20)${"\0".repeat(900)}`);
      const { events, diagnostics } = await scan(inChunks(log, size));
      expect(events.length).toBe(1);
      expect(diagnostics.lines).toMatchObject({ total: 2, parsed: 1, malformed: 1 });
      expect(diagnostics.samples).toEqual([{ line: 2, text: "\0 free(0x20)" }]);
      expect(diagnostics.truncatedInputs).toBe(1);
    },
  );

  test.each([1, 7, 4096])(
    "an unterminated last line that ends inside its pointer is no event, in chunks of %i",
    async (size) => {
      const lines = Array.from(
        { length: 500 },
        (_, i) => `1 malloc(24) = 0x${(0x555555559000 + 32 * i).toString(16)}\n`,
      );
      const log = lines.join("");
      const whole = await scan(inChunks(Buffer.from(log.slice(0, -1)), size));
      expect([whole.events.length, whole.diagnostics.truncatedInputs]).toEqual([500, 0]);
      const cut = await scan(inChunks(Buffer.from(log.slice(0, -3)), size));
      expect([cut.events.length, cut.diagnostics.truncatedInputs]).toEqual([499, 1]);
      expect(cut.diagnostics.lines).toMatchObject({ total: 500, parsed: 499, malformed: 1 });
      expect(cut.diagnostics.samples).toEqual([{ line: 500, text: lines[499]?.slice(0, -3) }]);
    },
  );

  test("an unterminated last line that ends inside its pointer may be overlong", async () => {
    const log = "1 malloc(2) = 0x55554100\n1 malloc(24) = 0x5555";
    const { diagnostics } = await scan([Buffer.from(log)], 20);
    expect(diagnostics.malformedKinds).toEqual({ unparsable: 0, overlong: 2 });
    expect(diagnostics.truncatedInputs).toBe(1);
  });

  test("all byte values survive: no wide character becomes a newline", async () => {
    const { diagnostics, notes } = await scanOne(`# \u010a \u{1F4A9} \u0d0a\n`);
    expect(diagnostics.lines.total).toBe(1);
    expect(notes[0]?.text).toBe("\u010a \u{1F4A9} \u0d0a");
  });

  test.each([1000, 65536, 20_000_000])(
    "a line of 10 MB is one overlong line, in chunks of %i bytes",
    async (size) => {
      const log = Buffer.from(`${GOOD}${"x".repeat(10_000_000)}\n${GOOD}`);
      const { events, diagnostics } = await scan(inChunks(log, size));
      expect(events.map(({ line }) => line)).toEqual([1, 3]);
      expect(diagnostics.lines).toEqual({
        total: 3,
        parsed: 2,
        comments: 0,
        malformed: 1,
        blank: 0,
      });
      expect(diagnostics.malformedKinds).toEqual({ unparsable: 0, overlong: 1 });
      expect(diagnostics.samples).toEqual([{ line: 2, text: "x".repeat(200) }]);
      expect(diagnostics.truncatedInputs).toBe(0);
    },
  );

  test.each([
    [MAX_LINE_BYTES, 1],
    [MAX_LINE_BYTES + 1, 0],
  ])("a line of %i bytes gives %i comments", async (length, comments) => {
    for (const end of ["\n", ""]) {
      for (const size of [65536, 4_000_000]) {
        const log = Buffer.from(`#${"x".repeat(length - 1)}${end}`);
        const { diagnostics } = await scan(inChunks(log, size));
        expect(diagnostics.lines).toMatchObject({ total: 1, comments, malformed: 1 - comments });
        expect(diagnostics.truncatedInputs).toBe(end === "" ? 1 - comments : 0);
      }
    }
  });

  test("a log that ends inside an overlong line is truncated", async () => {
    const log = Buffer.from(`${GOOD}${"x".repeat(3_000_000)}`);
    const { diagnostics } = await scan(inChunks(log, 65536));
    expect(diagnostics.lines).toMatchObject({ total: 2, parsed: 1, malformed: 1 });
    expect(diagnostics.truncatedInputs).toBe(1);
  });
});

test("an endless line takes bounded memory until the signal fires", async () => {
  const zeros = Buffer.alloc(65536);
  const endless = new Readable({
    read() {
      this.push(zeros);
    },
  });
  const stop = new AbortController();
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  const before = process.memoryUsage().rss;
  let peak = 0;
  const result = await readLog({ names: [], stdin: endless }, sink, diagnostics, {
    signal: stop.signal,
    onProgress: ({ bytesRead }) => {
      peak = Math.max(peak, process.memoryUsage().rss);
      if (bytesRead > 400_000_000) {
        stop.abort();
      }
    },
  });
  expect(result.isComplete).toBe(false);
  expect(sink.ends).toBe(1);
  expect(diagnostics.lines).toMatchObject({ total: 1, malformed: 1 });
  expect(diagnostics.samples[0]?.text).toBe("\0".repeat(200));
  expect(peak - before).toBeLessThan(150 * 2 ** 20);
});
