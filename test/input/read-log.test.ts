import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { InputError } from "../../src/input/input-error.ts";
import { type ReadOptions, type ReadProgress, readLog } from "../../src/input/read-log.ts";
import { EventBatch } from "../../src/trace/event.ts";
import { CollectingSink } from "../support/collect.ts";

const folder = mkdtempSync(join(tmpdir(), "mallog-read-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hasXz = spawnSync("xz", ["--version"]).status === 0;

let files = 0;
function file(content: string | Buffer): string {
  const path = join(folder, `piece-${++files}`);
  writeFileSync(path, content);
  return path;
}

async function readEvents(
  names: string[],
  stdin: Readable = Readable.from([]),
  options: ReadOptions = {},
) {
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  const result = await readLog({ names, stdin }, sink, diagnostics, options);
  expect(sink.ends).toBe(1);
  return { events: sink.events, notes: sink.notes, diagnostics, result };
}

async function read(names: string[], stdin?: Readable, options?: ReadOptions) {
  const { events, diagnostics, result } = await readEvents(names, stdin, options);
  return { pointers: events.map(({ pointerIn }) => pointerIn), diagnostics, result };
}

const stdinOf = (...chunks: string[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

describe("pieces", () => {
  test("are one log, in order, each compressed or not", async () => {
    const names = [
      file("1 free(0x1)\n"),
      "-",
      file(gzipSync("1 free(0x3)\n")),
      file("1 free(0x4)\n"),
    ];
    const { pointers, diagnostics, result } = await read(names, stdinOf("1 free", "(0x2)\n"));
    expect(pointers).toEqual([1, 2, 3, 4]);
    expect(diagnostics.lines.total).toBe(4);
    expect(result).toMatchObject({ isComplete: true, bytesTotal: null });
  });

  test("may end inside a line", async () => {
    const { pointers } = await read([
      file("1 free(0x1)\n1 fr"),
      file(gzipSync("ee(0x2)\n1")),
      file(" free(0x3)\n"),
    ]);
    expect(pointers).toEqual([1, 2, 3]);
  });

  test("that are incomplete do not affect the first line of the next piece", async () => {
    const gz = gzipSync("1 free(0x1)\n1 free(0x2)\n1 free(0x", { level: 0 });
    const { pointers, diagnostics } = await read([file(gz.subarray(0, -8)), file("1 free(0x3)\n")]);
    expect(pointers).toEqual([1, 2, 3]);
    expect(diagnostics.samples).toEqual([{ line: 3, text: "1 free(0x" }]);
    expect(diagnostics.truncatedInputs).toBe(1);
  });

  test("that are incomplete may end inside a pointer", async () => {
    const log = "1 malloc(24) = 0x5555555590\n1 malloc(24) = 0x5555555";
    const gz = gzipSync(log, { level: 0 });
    const { diagnostics } = await read([
      file(gz.subarray(0, -8)),
      file("1 malloc(24) = 0x55555\n"),
    ]);
    expect(diagnostics.lines).toMatchObject({ total: 3, parsed: 2, malformed: 1 });
    expect(diagnostics.samples).toEqual([{ line: 2, text: "1 malloc(24) = 0x5555555" }]);
    expect(diagnostics.truncatedInputs).toBe(1);
  });

  test("may be empty", async () => {
    expect((await read([file(""), file("1 free(0x1)\n"), file(gzipSync(""))])).pointers).toEqual([
      1,
    ]);
    expect((await read([file("")])).diagnostics).toEqual(new Diagnostics());
  });

  test("are standard input if no name is given", async () => {
    expect((await read([], stdinOf("1 free(0x1)\n"))).pointers).toEqual([1]);
  });
});

describe("a log of the common form, whose beginning shows it", () => {
  /** Twice the bytes that decide the layout. */
  const long = Array.from({ length: 12_000 }, (_, i) => commonLine(i)).join("");
  function commonLine(i: number): string {
    const clock = `00:00:${String(i % 60).padStart(2, "0")}.000000`;
    return `1 ${clock} [0x1] malloc(24) = 0x${(0x55555555_0000 + 16 * i).toString(16)}\n`;
  }
  const count = 12_000;

  test.each([1000, 65_536, 300_000])("is read whole, in chunks of %i bytes", async (size) => {
    const chunks: string[] = [];
    for (let at = 0; at < long.length; at += size) {
      chunks.push(long.slice(at, at + size));
    }
    const { events, diagnostics } = await readEvents([], stdinOf(...chunks));
    expect(diagnostics.lines).toMatchObject({ total: count, parsed: count });
    expect(events.map(({ line }) => line)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    expect(events.at(-1)?.pointerOut).toBe(0x55555555_0000 + 16 * (count - 1));
  });

  test("may have other lines in it", async () => {
    const odd = `# cpus 4\n\n1 mark(a)\nbad\n${commonLine(1)}`;
    const { events, notes, diagnostics } = await readEvents([file(long + odd + long)]);
    expect(events.length).toBe(2 * count + 2);
    expect(notes).toEqual([{ eventsBefore: count, line: count + 1, text: "cpus 4" }]);
    expect(diagnostics.samples).toEqual([{ line: count + 4, text: "bad" }]);
    expect(diagnostics.lines.blank).toBe(1);
    expect(events.at(-1)?.line).toBe(2 * count + 5);
  });

  test("may end inside a pointer", async () => {
    const { events, diagnostics } = await readEvents([file(long.slice(0, -3))]);
    expect(events.length).toBe(count - 1);
    expect(diagnostics.samples).toEqual([
      { line: count, text: commonLine(count - 1).slice(0, -3) },
    ]);
    expect(diagnostics.truncatedInputs).toBe(1);
  });

  test("may be incomplete compressed data, in a piece of several", async () => {
    const gz = gzipSync(long.slice(0, -3), { level: 0 });
    const pieces = [file(gz.subarray(0, -8)), file(long)];
    const { events, diagnostics } = await readEvents(pieces);
    expect(events.length).toBe(2 * count - 1);
    expect(diagnostics.samples).toEqual([
      { line: count, text: commonLine(count - 1).slice(0, -3) },
    ]);
    expect(diagnostics.truncatedInputs).toBe(1);
  });

  test("may be stopped by the signal inside a line", async () => {
    const stop = new AbortController();
    const stdin = new Readable({ read() {} });
    stdin.push(Buffer.from(long));
    stdin.push(Buffer.from("1 fr"));
    const { events, diagnostics, result } = await readEvents([], stdin, {
      signal: stop.signal,
      onProgress: ({ bytesRead }) => bytesRead > long.length && setTimeout(() => stop.abort(), 20),
    });
    expect(result.isComplete).toBe(false);
    expect(events.length).toBe(count);
    expect(diagnostics.lines.malformed + diagnostics.truncatedInputs).toBe(0);
  });
});

test("progress counts bytes as on disk", async () => {
  const plain = Buffer.from("1 free(0x1)\n".repeat(20_000));
  const gz = gzipSync(plain);
  const seen: ReadProgress[] = [];
  const { result } = await read([file(plain), file(gz)], undefined, {
    onProgress: (progress) => seen.push(progress),
  });
  const bytesTotal = plain.length + gz.length;
  expect(result).toEqual({ bytesRead: bytesTotal, bytesTotal, isComplete: true });
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.at(-1)).toEqual({ bytesRead: bytesTotal, bytesTotal });
  expect(seen.every(({ bytesRead }, i) => bytesRead > (seen[i - 1]?.bytesRead ?? 0))).toBe(true);
});

describe("the signal", () => {
  test("stops reading an input that sends nothing more", async () => {
    const stop = new AbortController();
    const stdin = new Readable({ read() {} });
    stdin.push("1 free(0x1)\n1 free(0x2)\n1 fr");
    const reading = read([], stdin, {
      signal: stop.signal,
      onProgress: () => setTimeout(() => stop.abort(), 20),
    });
    const { pointers, diagnostics, result } = await reading;
    expect(pointers).toEqual([1, 2]);
    expect(result).toMatchObject({ isComplete: false, bytesRead: 28 });
    // The incomplete line is not a fault of the log.
    expect(diagnostics.lines.malformed + diagnostics.truncatedInputs).toBe(0);
  });

  test("may have fired before", async () => {
    const { pointers, result } = await read([file("1 free(0x1)\n")], undefined, {
      signal: AbortSignal.abort(),
    });
    expect(pointers).toEqual([]);
    expect(result.isComplete).toBe(false);
  });

  test("stops in the middle of compressed input", async () => {
    const stop = new AbortController();
    const gz = gzipSync("1 free(0x1)\n".repeat(3_000_000), { level: 0 });
    const { pointers, result } = await read([file(gz)], undefined, {
      signal: stop.signal,
      onProgress: ({ bytesRead }) => bytesRead > 1_000_000 && stop.abort(),
    });
    expect(result.isComplete).toBe(false);
    expect(pointers.length).toBeGreaterThan(50_000);
    expect(pointers.length).toBeLessThan(500_000);
  });

  test.skipIf(!hasXz)("also ends the xz command", async () => {
    const stop = new AbortController();
    const stdin = new Readable({ read() {} });
    stdin.push(spawnSync("xz", ["-cq"], { input: "1 free(0x1)\n".repeat(1000) }).stdout);
    setTimeout(() => stop.abort(), 300);
    const { pointers, result } = await read([], stdin, { signal: stop.signal });
    expect(result.isComplete).toBe(false);
    expect(pointers.length).toBe(1000);
  });
});

describe("errors", () => {
  async function textOf(names: string[], stdin?: Readable): Promise<string> {
    const error: unknown = await read(names, stdin).catch((reason: unknown) => reason);
    return error instanceof InputError ? error.message : `not an InputError: ${error}`;
  }

  test("are reported before the first byte is read", async () => {
    let reads = 0;
    const stdin = new Readable({
      read() {
        reads++;
        this.push(null);
      },
    });
    const missing = join(folder, "missing");
    expect(await textOf(["-", missing], stdin)).toBe(
      `${missing}: no such file; check the path, or give - to read standard input`,
    );
    expect(reads).toBe(0);
  });

  test("name the input and the remedy in one line", async () => {
    expect(await textOf([folder])).toBe(
      `${folder}: is a directory; name the log files in it, in order`,
    );
    expect(await textOf([join(file(""), "x")])).toContain("no such file");
    expect(await textOf(["-", "-"])).toContain("named more than once");
    const bad = file(Buffer.from("1f8b0000", "hex"));
    expect(await textOf([bad])).toBe(
      `${bad}: cannot be decompressed; copy it again, or test it with: gzip -t ${bad}`,
    );
    const failing = new Readable({
      read() {
        this.destroy(new Error("EIO: i/o error, read"));
      },
    });
    expect(await textOf(["-"], failing)).toContain("-: cannot be read (EIO: i/o error, read)");
  });

  test.skipIf(process.getuid?.() === 0)("include denied permission", async () => {
    expect(await textOf(["/etc/shadow"])).toContain("permission denied");
  });

  test("of the sink are passed on unchanged", async () => {
    const batch = new EventBatch();
    const sink = {
      batch,
      advance() {
        throw new Error("model failed");
      },
      end() {},
      whenReady: () => null,
      whenEnding: () => null,
    };
    const names = [file("1 free(0x1)\n".repeat(10_000))];
    await expect(
      readLog({ names, stdin: Readable.from([]) }, sink, new Diagnostics()),
    ).rejects.toThrow("model failed");
  });
});
