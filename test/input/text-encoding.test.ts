import { expect, test } from "vitest";
import { asUtf8 } from "../../src/input/text-encoding.ts";

const TEXT = "7 malloc(1000) = 0x5581a2b0c2a0\r\n# prögram ☃ 𝄞\r\n";
const END = Buffer.from("\n");

async function decode(bytes: Buffer, size: number, last: readonly Buffer[] = []): Promise<string> {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) {
      yield bytes.subarray(at, at + size);
    }
    yield* last;
  }
  const found: Buffer[] = [];
  for await (const chunk of asUtf8(chunks(), END)) {
    found.push(Buffer.from(chunk));
  }
  return Buffer.concat(found).toString();
}

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");

test.each([
  ["UTF-8", Buffer.from(TEXT)],
  ["UTF-8 with a mark", Buffer.from(`\ufeff${TEXT}`)],
  ["UTF-16, little-endian", utf16(`\ufeff${TEXT}`)],
  ["UTF-16, big-endian", utf16(`\ufeff${TEXT}`).swap16()],
  ["UTF-16, little-endian, without a mark", utf16(TEXT)],
  ["UTF-16, big-endian, without a mark", utf16(TEXT).swap16()],
])("%s", async (_, bytes) => {
  for (const size of [1, 2, 3, 7, 1000]) {
    expect(await decode(bytes, size)).toBe(TEXT);
  }
  expect(await decode(bytes, 5, [END])).toBe(`${TEXT}\n`);
});

test("short texts", async () => {
  expect(await decode(Buffer.alloc(0), 1)).toBe("");
  expect(await decode(Buffer.from("a\n"), 1)).toBe("a\n");
  expect(await decode(utf16("\ufeffa\n"), 1)).toBe("a\n");
  expect(await decode(Buffer.from("ab"), 1, [END])).toBe("ab\n");
});

test("zeros alone are no UTF-16", async () => {
  const zeros = "\0".repeat(40);
  expect(await decode(Buffer.from(zeros), 7)).toBe(zeros);
});
