import { describe, expect, it } from "vitest";
import { type Process, process } from "../support/model-driver.ts";

/** so that every free reaches the bins */
const BINNED = { "glibc.malloc.tcache_count": "0", "glibc.malloc.mxfast": "0" };

/** Free chunks of these sizes, two small blocks above each, freed and binned in this order. */
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
  it("are FIFO: filled at the front, served from the back", () => {
    const p = process("2.36", BINNED);
    const [a, b, c] = binned(p, 208, 208, 208);
    expect(p.bin(13)).toEqual([c, b, a]);
    expect([p.malloc(200), p.malloc(200), p.malloc(200)]).toEqual([a, b, c]);
  });
});

/** bin 97 holds chunks of 3136 to 3584 bytes */
const BIN = 97;

describe("large bins (§3.4.1, §3.5)", () => {
  it("are sorted by falling size; a chunk of a size that is there becomes second of its run (T6)", () => {
    const p = process("2.36", BINNED);
    const [a, b, c, d, e] = binned(p, 3200, 3264, 3200, 3136, 3200);
    expect(p.bin(BIN)).toEqual([b, a, e, c, d]);
    expect(p.binBytes(BIN)).toEqual([3264, 3200, 3200, 3200, 3136]);
  });

  it("a size between two others goes between them; the largest first, the smallest last", () => {
    const p = process("2.36", BINNED);
    binned(p, 3200, 3328, 3264, 3136, 3392);
    expect(p.binBytes(BIN)).toEqual([3392, 3328, 3264, 3200, 3136]);
  });

  it("the second of a run is served, its first when alone (T6)", () => {
    const p = process("2.36", BINNED);
    const [a, b, c, d, e] = binned(p, 3200, 3264, 3200, 3136, 3200);
    expect([3192, 3192, 3192, 3192].map((size) => p.malloc(size))).toEqual([e, c, a, b]);
    expect(p.bin(BIN)).toEqual([d]);
  });

  it("the smallest that fits is served, not the first found", () => {
    const p = process("2.36", BINNED);
    const [, middle] = binned(p, 3328, 3200, 3136);
    expect(p.malloc(3150)).toBe(middle);
  });

  it("a rest of 32 is split off and unsorted; one of 16 is handed out (T4)", () => {
    const split = process("2.36", BINNED);
    binned(split, 3200);
    split.malloc(3200 - 32 - 8);
    expect(split.binBytes(1)).toEqual([32]);
    const whole = process("2.36", BINNED);
    binned(whole, 3200);
    whole.malloc(3200 - 16 - 8, "whole");
    expect([whole.binBytes(1), whole.chunkBytes("whole")]).toEqual([[], 3200]);
  });

  it("the only size of a bin: its second chunk stands for it when the first is gone", () => {
    const p = process("2.36", BINNED);
    const [first, second] = binned(p, 3200, 3200);
    p.free(`main+0x${(Number(first!.slice(5)) + 3200).toString(16)}`);
    p.malloc(60000);
    expect(p.binBytes(BIN)).toEqual([3232, 3200]);
    expect([p.malloc(3192), p.malloc(3192)]).toEqual([second, first]);
  });

  it("nothing fits that is smaller: the next larger bin is asked", () => {
    const p = process("2.36", BINNED);
    const [, larger] = binned(p, 3136, 3648);
    expect(p.malloc(3500)).toBe(larger);
  });

  it.each([
    ["first", 0],
    ["second", 2],
    ["last", 1],
  ] as const)(
    "the ring of sizes survives when the %s of a run leaves it by a merge",
    (_, index) => {
      const p = process("2.36", BINNED);
      const sizes = [3200, 3200, 3200, 3136, 3264];
      const blocks = binned(p, ...sizes);
      const gone = blocks[index]!;
      // A small block above it merges with it, and the two are binned anew.
      p.free(`main+0x${(Number(gone.slice(5)) + 3200).toString(16)}`);
      p.malloc(60000);
      expect(p.binBytes(BIN)).toEqual([3264, 3232, 3200, 3200, 3136]);
      // each of the others is found by its size
      const others = [3264, 3136, 3200, 3200].map((size) => p.malloc(size - 8));
      expect(others.toSorted()).toEqual(blocks.filter((block) => block !== gone).toSorted());
    },
  );
});

describe("the binmap walk (§3.6)", () => {
  it("takes the nearest larger bin that holds a chunk, whatever lies above it", () => {
    const p = process("2.36", BINNED);
    const [, , near] = binned(p, 5008, 1520, 512);
    expect(p.malloc(300)).toBe(near);
  });

  it("of a small bin the oldest", () => {
    const p = process("2.36", BINNED);
    const [oldest] = binned(p, 512, 512, 512);
    expect(p.malloc(300)).toBe(oldest);
  });

  it("of a large bin the smallest, and of its run the last in the list (T6)", () => {
    const p = process("2.36", BINNED);
    const [a, b, c] = binned(p, 3200, 3200, 3200, 3264);
    expect(p.bin(BIN).slice(1)).toEqual([a, c, b]);
    expect(p.malloc(300)).toBe(b);
  });

  it("a rest of 16 is handed out, one of 32 unsorted", () => {
    const whole = process("2.36", BINNED);
    binned(whole, 512);
    whole.malloc(512 - 16 - 8, "whole");
    expect([whole.chunkBytes("whole"), whole.unsorted()]).toEqual([512, []]);
    const split = process("2.36", BINNED);
    binned(split, 512);
    split.malloc(512 - 32 - 8, "split");
    expect([split.chunkBytes("split"), split.binBytes(1)]).toEqual([480, [32]]);
  });

  it("bits of bins emptied otherwise are cleared on the way", () => {
    const p = process("2.36", BINNED);
    const [gone, left] = binned(p, 512, 1520);
    expect(p.malloc(504)).toBe(gone);
    expect(p.m.mainArena.binmap[1]! & 1).toBe(1);
    expect(p.malloc(300)).toBe(left);
    expect(p.m.mainArena.binmap[1]! & 1).toBe(0);
  });
});
