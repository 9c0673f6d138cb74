import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { followed } from "../../src/input/follow.ts";
import { InputError } from "../../src/input/input-error.ts";
import { newFolder, newPipe } from "../support/run-mallog.ts";

/** Follows the file; `next` waits until it has read something. */
function following(path: string) {
  const stop = new AbortController();
  const bytes = followed(path, stop.signal);
  const next = async (): Promise<string> => String((await bytes.next()).value);
  /** Reads on until that many bytes have come. */
  const text = async (length: number): Promise<string> => {
    let read = "";
    while (read.length < length) {
      read += await next();
    }
    return read;
  };
  return { next, text, bytes, stop };
}

/** Blocks this thread, as a long replay does, until the process has the file open. */
function blockUntilOpen(path: string): void {
  const isOpen = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  };
  const until = Date.now() + 10_000;
  while (!readdirSync("/proc/self/fd").some(isOpen) && Date.now() < until) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

function newPath(): string {
  return join(newFolder(), "malloc.log");
}

test("a file is read as it grows", async () => {
  const path = newPath();
  writeFileSync(path, "one\n");
  const { next } = following(path);
  expect(await next()).toBe("one\n");
  appendFileSync(path, "tw");
  expect(await next()).toBe("tw");
  appendFileSync(path, "o\n");
  expect(await next()).toBe("o\n");
});

test("room that the hook has reserved in the file is waited for, not read", async () => {
  const path = newPath();
  writeFileSync(path, `one\n${"\0".repeat(300_000)}`);
  const fd = openSync(path, "r+");
  const { next } = following(path);
  expect(await next()).toBe("one\n");
  // The hook stores the first byte of a line, and then its newline, after the others.
  writeSync(fd, "wo", 5);
  const second = next();
  await new Promise((done) => setTimeout(done, 150));
  writeSync(fd, "two\nthree", 4);
  expect(await second).toBe("two\nthree");
  writeSync(fd, "\n", 13);
  expect(await next()).toBe("\n");
  truncateSync(path, 14);
  appendFileSync(path, "more\n");
  expect(await next()).toBe("more\n");
});

test("lines of a writer that goes on at its old place after a truncation are read", async () => {
  const path = newPath();
  writeFileSync(path, "one\n".repeat(50_000));
  const fd = openSync(path, "r+");
  const { next } = following(path);
  let read = "";
  while (read.length < 200_000) {
    read += await next();
  }
  truncateSync(path, 0);
  let more = next();
  // Mostly the truncation is seen by then; the line must be read in any case.
  await new Promise((done) => setTimeout(done, 200));
  writeSync(fd, "two\n", 200_000);
  while (!(await more).endsWith("two\n")) {
    more = next();
  }
});

test("NUL bytes between lines are read: the file is damaged", async () => {
  const path = newPath();
  writeFileSync(path, "one\n\0\0\ntwo\n");
  const { next } = following(path);
  expect(await next()).toBe("one\n\0\0\ntwo\n");
});

test("compressed data has NUL bytes anywhere", async () => {
  const path = newPath();
  const first = gzipSync("one\n");
  const second = Buffer.from("NULs\0and no newline behind: \0\0", "latin1");
  writeFileSync(path, first);
  const { bytes } = following(path);
  expect((await bytes.next()).value).toEqual(first);
  appendFileSync(path, second);
  expect((await bytes.next()).value).toEqual(second);
});

test("a file that does not exist yet is waited for, with its folder", async () => {
  const folder = newFolder();
  const path = join(folder, "later", "malloc.log");
  const { next } = following(path);
  const first = next();
  mkdirSync(join(folder, "later"));
  writeFileSync(`${path}.new`, "one\n");
  renameSync(`${path}.new`, path);
  expect(await first).toBe("one\n");
});

test("content larger than a chunk is complete", async () => {
  const path = newPath();
  const content = "x".repeat(200_000);
  writeFileSync(path, content);
  const { text } = following(path);
  expect(await text(content.length)).toBe(content);
});

describe("rotation", () => {
  test("by renaming: the old file to its end, then the new one", async () => {
    const path = newPath();
    writeFileSync(path, "one\n");
    const { next, text } = following(path);
    expect(await next()).toBe("one\n");
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, "two\n");
    writeFileSync(path, "three\n");
    expect(await text(10)).toBe("two\nthree\n");
    appendFileSync(path, "four\n");
    expect(await next()).toBe("four\n");
  });

  test("the old file is read on while the new one is empty", async () => {
    const path = newPath();
    writeFileSync(path, "one\n");
    const { next, text } = following(path);
    expect(await next()).toBe("one\n");
    const old = openSync(path, "a");
    renameSync(path, `${path}.1`);
    writeFileSync(path, "");
    writeSync(old, "two\n");
    expect(await next()).toBe("two\n");
    writeSync(old, "three\n");
    appendFileSync(path, "four\n");
    expect(await text(11)).toBe("three\nfour\n");
  });

  test("no file is missed while the reader is behind", async () => {
    const path = newPath();
    writeFileSync(path, "0\n".repeat(50_000));
    const { text } = following(path);
    expect(await text(2)).toMatch(/^0\n/);
    // The reader is busy with its first chunk, while the file is replaced again and again.
    for (let n = 1; n <= 3; n++) {
      renameSync(path, `${path}.${n}`);
      writeFileSync(`${path}.new`, `${n}\n`);
      renameSync(`${path}.new`, path);
      blockUntilOpen(path);
    }
    const rest = await text(34_464 + 6);
    expect(rest.slice(-6)).toBe("1\n2\n3\n");
  });

  test("while there is no file at the path, the old one is read on", async () => {
    const path = newPath();
    writeFileSync(path, "one\n");
    const { next } = following(path);
    expect(await next()).toBe("one\n");
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, "two\n");
    expect(await next()).toBe("two\n");
    writeFileSync(path, "three\n");
    expect(await next()).toBe("three\n");
  });

  test("a line that was cut goes on in the new file", async () => {
    const path = newPath();
    writeFileSync(path, "1 free(");
    const { next, text } = following(path);
    expect(await next()).toBe("1 free(");
    renameSync(path, `${path}.1`);
    writeFileSync(path, "0x1)\n");
    expect(await text(5)).toBe("0x1)\n");
  });
});

test("a truncated file begins again", async () => {
  const path = newPath();
  writeFileSync(path, "one\ntwo\n");
  const { next } = following(path);
  expect(await next()).toBe("one\ntwo\n");
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  appendFileSync(path, "three\n");
  expect(await next()).toBe("three\n");
});

describe("the signal", () => {
  test("ends a file that does not grow", async () => {
    const path = newPath();
    writeFileSync(path, "one\n");
    const { next, bytes, stop } = following(path);
    await next();
    const more = bytes.next();
    stop.abort();
    await expect(more).rejects.toThrow("aborted");
    expect((await bytes.next()).done).toBe(true);
  });

  test("ends the wait for a file", async () => {
    const { bytes, stop } = following(newPath());
    const more = bytes.next();
    stop.abort();
    await expect(more).rejects.toThrow("aborted");
  });

  test("ends a file that always grows", async () => {
    const path = newPath();
    writeFileSync(path, "x".repeat(1_000_000));
    const { next, bytes, stop } = following(path);
    await next();
    stop.abort();
    await expect(bytes.next()).rejects.toThrow("aborted");
  });
});

test("a pipe cannot be followed", async () => {
  const { bytes } = following(newPipe());
  await expect(bytes.next()).rejects.toThrow(InputError);
});
