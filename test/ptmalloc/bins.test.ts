import { describe, expect, it } from "vitest";
import { type Process, process } from "../support/model-driver.ts";

/** so that every free reaches the bins */
const BINNED = { "glibc.malloc.tcache_count": "0", "glibc.malloc.mxfast": "0" };

/** Free chunks of these sizes, each below two small blocks, freed and binned in this order. */
function binned(p: Process, ...sizes: number[]): string[] {
  const blocks = sizes.map((size) => {
    const block = p.malloc(size - 8);
    p.malloc(24);
    p.malloc(24);
    return block;
  });
  p.free(...blocks);
  p.malloc(60000);
  expect(p.unsorted()).toEqual([]);
  return blocks;
}

describe("small bins (§2.2, §3.3 B)", () => {
  it("are FIFO: filled at the front, taken from the back", () => {
    const p = process("2.36", BINNED);
    const [a, b, c] = binned(p, 208, 208, 208);
    expect(p.bin(13)).toEqual([c, b, a]);
    expect([p.malloc(200), p.malloc(200), p.malloc(200)]).toEqual([a, b, c]);
  });
});

/** bin 97 holds chunks of 3136 to 3584 bytes */
const BIN = 97;

describe("large bins (§3.4.1, §3.5)", () => {
  it("are sorted by descending size; of equal sizes a new chunk becomes the second (T6)", () => {
    const p = process("2.36", BINNED);
    const [a, b, c, d, e] = binned(p, 3200, 3264, 3200, 3136, 3200);
    expect(p.bin(BIN)).toEqual([b, a, e, c, d]);
    expect(p.binBytes(BIN)).toEqual([3264, 3200, 3200, 3200, 3136]);
  });

  it("a new size is inserted in order, also as the largest and the smallest", () => {
    const p = process("2.36", BINNED);
    binned(p, 3200, 3328, 3264, 3136, 3392);
    expect(p.binBytes(BIN)).toEqual([3392, 3328, 3264, 3200, 3136]);
  });

  it("of equal sizes the second is taken, the first if it is the only one (T6)", () => {
    const p = process("2.36", BINNED);
    const [a, b, c, d, e] = binned(p, 3200, 3264, 3200, 3136, 3200);
    expect([3192, 3192, 3192, 3192].map((size) => p.malloc(size))).toEqual([e, c, a, b]);
    expect(p.bin(BIN)).toEqual([d]);
  });

  it("the smallest chunk that fits is taken", () => {
    const p = process("2.36", BINNED);
    const [, middle] = binned(p, 3328, 3200, 3136);
    expect(p.malloc(3150)).toBe(middle);
  });

  it("a remainder of 32 bytes goes to the unsorted bin; one of 16 stays with the chunk (T4)", () => {
    const split = process("2.36", BINNED);
    binned(split, 3200);
    split.malloc(3200 - 32 - 8);
    expect(split.binBytes(1)).toEqual([32]);
    const whole = process("2.36", BINNED);
    binned(whole, 3200);
    whole.malloc(3200 - 16 - 8, "whole");
    expect([whole.binBytes(1), whole.chunkBytes("whole")]).toEqual([[], 3200]);
  });

  it("when the first chunk of a bin's only size is taken, the second represents the size", () => {
    const p = process("2.36", BINNED);
    const [first, second] = binned(p, 3200, 3200);
    p.free(`main+0x${(Number(first!.slice(5)) + 3200).toString(16)}`);
    p.malloc(60000);
    expect(p.binBytes(BIN)).toEqual([3232, 3200]);
    expect([p.malloc(3192), p.malloc(3192)]).toEqual([second, first]);
  });

  it("if all chunks are too small, the next larger bin is searched", () => {
    const p = process("2.36", BINNED);
    const [, larger] = binned(p, 3136, 3648);
    expect(p.malloc(3500)).toBe(larger);
  });

  it.each([
    ["first", 0],
    ["second", 2],
    ["last", 1],
  ] as const)(
    "the nextsize ring stays intact when the %s chunk of a size is merged",
    (_, index) => {
      const p = process("2.36", BINNED);
      const sizes = [3200, 3200, 3200, 3136, 3264];
      const blocks = binned(p, ...sizes);
      const gone = blocks[index]!;
      // The chunk merges with the small block above it and is binned again.
      p.free(`main+0x${(Number(gone.slice(5)) + 3200).toString(16)}`);
      p.malloc(60000);
      expect(p.binBytes(BIN)).toEqual([3264, 3232, 3200, 3200, 3136]);
      // the other chunks are found by their size
      const others = [3264, 3136, 3200, 3200].map((size) => p.malloc(size - 8));
      expect(others.toSorted()).toEqual(blocks.filter((block) => block !== gone).toSorted());
    },
  );
});

describe("the binmap search (§3.6)", () => {
  it("takes a chunk of the next larger bin that has one", () => {
    const p = process("2.36", BINNED);
    const [, , near] = binned(p, 5008, 1520, 512);
    expect(p.malloc(300)).toBe(near);
  });

  it("takes the oldest chunk of a small bin", () => {
    const p = process("2.36", BINNED);
    const [oldest] = binned(p, 512, 512, 512);
    expect(p.malloc(300)).toBe(oldest);
  });

  it("takes the smallest chunk of a large bin, of equal sizes the last in the list (T6)", () => {
    const p = process("2.36", BINNED);
    const [a, b, c] = binned(p, 3200, 3200, 3200, 3264);
    expect(p.bin(BIN).slice(1)).toEqual([a, c, b]);
    expect(p.malloc(300)).toBe(b);
  });

  it("a remainder of 16 bytes stays with the chunk, one of 32 goes to the unsorted bin", () => {
    const whole = process("2.36", BINNED);
    binned(whole, 512);
    whole.malloc(512 - 16 - 8, "whole");
    expect([whole.chunkBytes("whole"), whole.unsorted()]).toEqual([512, []]);
    const split = process("2.36", BINNED);
    binned(split, 512);
    split.malloc(512 - 32 - 8, "split");
    expect([split.chunkBytes("split"), split.binBytes(1)]).toEqual([480, [32]]);
  });

  it("clears the bits of empty bins that it passes", () => {
    const p = process("2.36", BINNED);
    const [gone, left] = binned(p, 512, 1520);
    expect(p.malloc(504)).toBe(gone);
    expect(p.m.mainArena.binmap[1]! & 1).toBe(1);
    expect(p.malloc(300)).toBe(left);
    expect(p.m.mainArena.binmap[1]! & 1).toBe(0);
  });
});
