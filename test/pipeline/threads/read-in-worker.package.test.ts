import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Diagnostics } from "../../../src/input/diagnostics.ts";
import type { ReadOptions } from "../../../src/input/read-log.ts";
import type { StandardInput } from "../../../src/pipeline/analysis-hooks.ts";
import { readInWorker } from "../../../src/pipeline/threads/read-in-worker.ts";
import { CollectingSink } from "../../support/collect.ts";
import { MALLOG } from "../../support/mallog-command.ts";
import { newFolder, newPipe } from "../../support/run-mallog.ts";

const WORKER = new URL("../dist/node/reading-worker.js", pathToFileURL(MALLOG));

/** Some 2 MiB of valid lines, with comments and malformed lines among them. */
const LOG = Array.from({ length: 50_000 }, (_, i) => {
  if (i % 5000 === 0) {
    return `# rss_kb ${i}`;
  }
  if (i % 7000 === 0) {
    return "what is this?";
  }
  return `${i % 9} 00:00:0${i % 7}.000001 [0x7f00] malloc(${i}) = 0x${(0x5500 + i).toString(16)}0`;
}).join("\n");

function fileOf(content: string | Buffer): string {
  const path = join(newFolder(), "log");
  writeFileSync(path, content);
  return path;
}

/** A pipe that stays open and empty. */
function silentPipe(): StandardInput {
  return Object.assign(new PassThrough(), { fd: openSync(newPipe(), "r+") });
}

async function read(
  worker: URL | null,
  names: readonly string[],
  options: ReadOptions = {},
  stdin: StandardInput = new PassThrough().end(),
) {
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  const inputs = { names, stdin };
  const result = await readInWorker(worker, inputs, sink, diagnostics, options);
  return { result, diagnostics, events: sink.events, notes: sink.notes, ends: sink.ends };
}

function pick({ events, notes, diagnostics }: Awaited<ReturnType<typeof read>>) {
  return { events, notes, diagnostics };
}

describe("a log read in a worker thread", () => {
  test.each([
    ["plain", LOG],
    ["gzip", gzipSync(LOG, { level: 0 })],
    ["cut gzip", gzipSync(LOG, { level: 0 }).subarray(0, 1_500_000)],
  ])("equals the log read in this thread: %s", async (_, content) => {
    const path = fileOf(content);
    const here = await read(null, [path]);
    expect(here.events.length).toBeGreaterThan(20_000);
    expect(await read(WORKER, [path])).toEqual(here);
  });

  test("ends when the signal fires", async () => {
    const stop = new AbortController();
    const log = `${LOG}\n`.repeat(10);
    const { result, events, ends, notes, diagnostics } = await read(WORKER, [fileOf(log)], {
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect(result.isComplete).toBe(false);
    // The worker may have read on: batches that wait are left out.
    expect(events.length).toBeGreaterThan(8191);
    expect(events.length).toBeLessThan(20_000);
    expect(ends).toBe(1);
    const head = log.split("\n").slice(0, diagnostics.lines.total).join("\n");
    expect({ events, notes, diagnostics }).toEqual(pick(await read(null, [fileOf(`${head}\n`)])));
  });

  test("ends at once if the signal has fired before", async () => {
    const { result, ends } = await read(WORKER, [fileOf(LOG)], { signal: AbortSignal.abort() });
    expect(result.isComplete).toBe(false);
    expect(ends).toBe(1);
  });

  test("ends when the signal fires before the pipe has data", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    for (const signal of [stop.signal, AbortSignal.abort()]) {
      const { result, ends } = await read(WORKER, ["-"], { signal }, silentPipe());
      expect(result.isComplete).toBe(false);
      expect(ends).toBe(1);
    }
  });

  test("does not wait for a pipe that is read later", async () => {
    const stop = new AbortController();
    const options = { signal: stop.signal, onProgress: () => stop.abort() };
    const { events } = await read(WORKER, [fileOf(LOG), "-"], options, silentPipe());
    expect(events.length).toBeGreaterThan(8191);
  });

  test("is refused with the same error as in this thread", async () => {
    const notGzip = Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(2 ** 21, 1)]);
    await expect(read(WORKER, [fileOf(notGzip)])).rejects.toThrow(/cannot be decompressed/);
    await expect(read(WORKER, [fileOf(LOG), "/no/such"])).rejects.toThrow(/no such file/);
  });

  test("is an error if the worker cannot run", async () => {
    const broken = pathToFileURL(fileOf("throw new Error('no thread today');"));
    await expect(read(broken, [fileOf(LOG)])).rejects.toThrow("no thread today");
    const early = pathToFileURL(fileOf("process.exit(0)"));
    await expect(read(early, [fileOf(LOG)])).rejects.toThrow("has ended early");
  });
});
