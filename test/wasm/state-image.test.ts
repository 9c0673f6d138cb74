import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HEAD_BYTES, imageOf, STORE } from "../../src/wasm/state-image.ts";
import { bytesOf } from "../support/state-bytes.ts";

/** Memory of an instance with a state of `length` bytes, in which some words are not zero, and something of the batch. */
function memoryOf(length: number, words: ReadonlyMap<number, number>) {
  const u8 = new Uint8Array(STORE + length);
  const i32 = new Int32Array(u8.buffer);
  for (const [word, value] of words) {
    const at = word % (length / 4);
    i32[at < HEAD_BYTES / 4 ? at : at - HEAD_BYTES / 4 + STORE / 4] = value;
  }
  i32[HEAD_BYTES / 4] = 7;
  return { u8, i32 };
}

const words = fc
  .array(fc.tuple(fc.nat(1 << 20), fc.integer()), { maxLength: 200 })
  .map((entries) => new Map(entries));

/** packed, and not */
describe.each([HEAD_BYTES + 8192, HEAD_BYTES + (1 << 20)])("an image of %d bytes", (length) => {
  it("has the state, and nothing else of the memory", () => {
    fc.assert(
      fc.property(words, (content) => {
        const memory = memoryOf(length, content);
        const image = imageOf(memory, length, null);
        memory.i32[HEAD_BYTES / 4] = 0;
        const expected = Buffer.from(memory.u8.subarray(0, STORE + length - HEAD_BYTES));
        expect(image.length).toBe(length);
        expect(bytesOf(image).subarray(0, expected.length).equals(expected)).toBe(true);
      }),
    );
  });

  it("overwrites what another state has left in the memory", () => {
    const image = imageOf(memoryOf(length, new Map([[3, 5]])), length, null);
    const memory = memoryOf(length, new Map([[4, 6]]));
    image.writeTo(memory);
    expect([memory.i32[3], memory.i32[4], memory.i32[HEAD_BYTES / 4]]).toEqual([5, 0, 7]);
  });

  it("does not change with the memory of the image that it has taken, nor that of its copies", () => {
    const first = imageOf(memoryOf(length, new Map([[3, 5]])), length, null);
    const copy = first.copy(null);
    const second = imageOf(memoryOf(length, new Map([[3, 6]])), length, first);
    const third = copy.copy(imageOf(memoryOf(length, new Map([[3, 7]])), length, null));
    const word = (image: typeof first) => bytesOf(image).readInt32LE(12);
    expect([word(copy), word(second), word(third)]).toEqual([5, 6, 5]);
  });
});
