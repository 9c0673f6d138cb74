import { expect, test } from "vitest";
import { firstBytes } from "../../../src/pipeline/threads/first-bytes.ts";

/** Chunks of one buffer, as from bytesOf: each is valid until the next one is requested. */
async function* chunks(texts: readonly string[], failure?: Error): AsyncGenerator<Buffer> {
  const buffer = Buffer.alloc(16);
  for (const text of texts) {
    yield buffer.subarray(0, buffer.write(text));
  }
  if (failure !== undefined) {
    throw failure;
  }
}

async function textOf(bytes: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of bytes) {
    text += String(chunk);
  }
  return text;
}

test("reads short input whole", async () => {
  const { head, isAll, whole } = await firstBytes(chunks(["one ", "two"]), 100);
  expect([String(head), isAll, await textOf(whole)]).toEqual(["one two", true, "one two"]);
});

test("leaves the rest of long input unread", async () => {
  const bytes = chunks(["one ", "two ", "three ", "four"]);
  const { head, isAll } = await firstBytes(bytes, 5);
  expect([String(head), isAll]).toEqual(["one two ", false]);
  expect(await textOf(bytes)).toBe("three four");
});

test("passes on all bytes, and the error that ended the input", async () => {
  const { whole } = await firstBytes(chunks(["one ", "two ", "three"]), 5);
  expect(await textOf(whole)).toBe("one two three");
  const broken = await firstBytes(chunks(["one"], new Error("disk gone")), 5);
  expect(String(broken.head)).toBe("one");
  await expect(textOf(broken.whole)).rejects.toThrow("disk gone");
});

test("reads empty input", async () => {
  const { head, isAll, whole } = await firstBytes(chunks([]), 5);
  expect([head.length, isAll, await textOf(whole)]).toEqual([0, true, ""]);
});
