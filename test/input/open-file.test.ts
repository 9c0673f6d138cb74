import { createWriteStream, open, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { bytesOf } from "../../src/input/open-file.ts";
import { newFolder, newPipe } from "../support/run-mallog.ts";

const CONTENT = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 31) % 256));

/** A file, and a pipe whose writer keeps it open until `close` is called; open for reading. */
const KINDS = {
  file: async () => {
    const path = join(newFolder(), "file");
    writeFileSync(path, CONTENT);
    return { fd: await promisify(open)(path, "r"), close: () => {} };
  },
  pipe: async () => {
    const path = newPipe();
    const writer = createWriteStream(path);
    // A reader that stops early makes the writer fail.
    writer.on("error", () => {});
    writer.write(CONTENT);
    return { fd: await promisify(open)(path, "r"), close: () => writer.end() };
  },
};

describe.each(["file", "pipe"] as const)("the bytes of a %s", (kind) => {
  test("are complete and in order", async () => {
    const { fd, close } = await KINDS[kind]();
    close();
    const chunks: Buffer[] = [];
    for await (const chunk of bytesOf(fd)) {
      chunks.push(Buffer.from(chunk));
    }
    expect(Buffer.concat(chunks).equals(CONTENT)).toBe(true);
  });

  test("end once the signal has fired, also while a chunk is being processed", async () => {
    const { fd } = await KINDS[kind]();
    const stop = new AbortController();
    const bytes = bytesOf(fd, stop.signal);
    await bytes.next();
    stop.abort();
    // The pipe fails a moment later.
    await new Promise(setImmediate);
    await expect(bytes.next()).rejects.toThrow(/abort/);
    expect(await bytes.next()).toEqual({ done: true, value: undefined });
  });
});

test("reading a silent pipe ends when the signal fires", async () => {
  const { fd } = await KINDS.pipe();
  const stop = new AbortController();
  let length = 0;
  const read = async () => {
    for await (const chunk of bytesOf(fd, stop.signal)) {
      length += chunk.length;
      if (length === CONTENT.length) {
        // The next read waits by then.
        setTimeout(() => stop.abort(), 50);
      }
    }
  };
  await expect(read()).rejects.toThrow(/abort/);
  expect(length).toBe(CONTENT.length);
});

test("a directory cannot be read", async () => {
  const fd = await promisify(open)(newFolder(), "r");
  await expect(bytesOf(fd).next()).rejects.toThrow("EISDIR");
});

test("a signal keeps no listeners of files that were read to their end", async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error): number => warnings.push(warning);
  process.on("warning", warned);
  const { signal } = new AbortController();
  for (let n = 0; n < 12; n++) {
    const { fd } = await KINDS.file();
    for await (const chunk of bytesOf(fd, signal)) {
      expect(chunk.length).toBeGreaterThan(0);
    }
  }
  await new Promise(setImmediate);
  process.off("warning", warned);
  expect(warnings).toEqual([]);
});
