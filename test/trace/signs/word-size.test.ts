import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventBatch, Op } from "../../../src/trace/event.ts";
import { shortWords } from "../../../src/trace/signs/word-size.ts";

/** A program that allocates blocks from top, as a process with headers of `header` bytes puts them. */
class Heap {
  readonly batch = new EventBatch();
  #top: number;
  readonly #header: number;
  readonly #alignment: number;

  constructor(base: number, header: 4 | 8, alignment: 8 | 16 = 16) {
    this.#top = base;
    this.#header = header;
    this.#alignment = alignment;
  }

  malloc(bytes: number): number {
    const least = 4 * this.#header;
    const chunk = Math.max(least, bytes + this.#header);
    return this.#returned(bytes, Math.ceil(chunk / this.#alignment) * this.#alignment);
  }

  free(pointer: number): void {
    const { batch } = this;
    batch.op[batch.length] = Op.free;
    batch.pointerIn[batch.length++] = pointer;
  }

  #returned(bytes: number, chunk: number): number {
    const { batch } = this;
    const pointer = this.#top;
    batch.op[batch.length] = Op.malloc;
    batch.size[batch.length] = bytes;
    batch.line[batch.length] = batch.length + 1;
    batch.pointerOut[batch.length++] = pointer;
    this.#top += chunk;
    return pointer;
  }
}

function shownBy(heap: Heap, sizes: readonly number[]) {
  for (const bytes of sizes) {
    heap.malloc(bytes);
  }
  return shortWords([heap.batch]);
}

const MIXED = Array.from({ length: 200 }, (_, i) => (i * 37) % 300);

describe("a 32-bit process is shown", () => {
  it("by blocks that are not at multiples of 16", () => {
    const shown = shownBy(new Heap(0x565591a8, 4, 8), MIXED);
    expect(shown).toEqual({ line: 1, pointer: 0x565591a8, shows: "alignment" });
  });

  it("by blocks closer together than chunks of a 64-bit process", () => {
    expect(shownBy(new Heap(0x565591b0, 4), MIXED)).toMatchObject({ shows: "spacing" });
    expect(shownBy(new Heap(0x12340010, 4), Array(40).fill(12))).toMatchObject({
      line: 2,
      shows: "spacing",
    });
  });

  it("by the place of the first block, if all addresses are where such a process has memory", () => {
    const sizes = Array(40).fill(1024);
    const shown = { line: 1, pointer: 0x565591a0, shows: "place" };
    expect(shownBy(new Heap(0x565591a0, 4), sizes)).toEqual(shown);
    expect(shownBy(new Heap(0x565592a0, 4), sizes)).toBeNull();
    expect(shownBy(new Heap(0x345591a0, 4), sizes)).toBeNull();
  });

  it("not by the place of the first block if the log began late", () => {
    const heap = new Heap(0x565591a0, 4);
    heap.free(0x56550010);
    expect(shownBy(heap, Array(40).fill(1024))).toBeNull();
  });
});

describe("a 64-bit process is taken for none", () => {
  it("with pointers cut to 32 bits, whatever its blocks", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { maxLength: 300 }), fc.nat(2 ** 20), (sizes, page) => {
        expect(shownBy(new Heap(page * 4096 + 0x2a0, 8), sizes)).toBeNull();
      }),
      { numRuns: 100 },
    );
  });

  it("if an address is above 2^32", () => {
    const heap = new Heap(0x565591a8, 4, 8);
    heap.malloc(24);
    heap.batch.caller[0] = 0x7f8f_5d95_7d17;
    expect(shownBy(heap, MIXED)).toBeNull();
  });

  it("in spite of a few corrupt pointers", () => {
    const heap = new Heap(0x565592a0, 8);
    heap.batch.pointerOut[3] = 0x11118;
    expect(shownBy(heap, MIXED)).toBeNull();
  });

  it("in spite of frees that the log lacks", () => {
    const heap = new Heap(0x565592a0, 8);
    const freed = heap.malloc(24);
    const again = new Heap(freed + 16, 8);
    again.malloc(24);
    const { batch } = heap;
    batch.pointerOut[batch.length] = freed + 16;
    batch.size[batch.length++] = 24;
    expect(shownBy(heap, MIXED)).toBeNull();
  });
});
