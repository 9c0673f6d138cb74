import { describe, expect, it } from "vitest";
import { main, process, times } from "../support/model-driver.ts";

/** so that every small free reaches the arena */
const UNCACHED = { "glibc.malloc.tcache_count": "0" };

/** haveFastchunks: set since a free to a fastbin, even if the fastbins are empty again. */
function haveFastchunks(p: ReturnType<typeof process>): boolean {
  return p.m.mainArena.haveFastchunks;
}

describe("frees to a fastbin (§4.3)", () => {
  it.each<[string, Record<string, string>, number]>([
    ["2.23", {}, 128],
    ["2.36", UNCACHED, 128],
    ["2.36", { ...UNCACHED, "glibc.malloc.mxfast": "0" }, 16],
    ["2.36", { ...UNCACHED, "glibc.malloc.mxfast": "7" }, 16],
    ["2.36", { ...UNCACHED, "glibc.malloc.mxfast": "64" }, 64],
    ["2.36", { ...UNCACHED, "glibc.malloc.mxfast": "160" }, 160],
    ["2.43", UNCACHED, 0],
  ])("%s %o: chunks up to %d", (glibc, settings, maxFast) => {
    const p = process(glibc, settings);
    const fast: number[] = [];
    for (let size = 32; size <= 176; size += 16) {
      const block = p.malloc(size - 8);
      p.malloc(1000);
      p.free(block);
      if (p.fastbin(size).includes(block)) {
        fast.push(size);
      }
    }
    const sizes = Array.from({ length: 10 }, (_, i) => 32 + 16 * i);
    expect(fast).toEqual(sizes.filter((size) => size <= maxFast));
  });

  it("a chunk next to top goes to a fastbin, too", () => {
    const p = process("2.23");
    const block = p.malloc(24);
    p.free(block);
    expect(p.fastbin(32)).toEqual([block]);
  });

  it("a fastbin is LIFO", () => {
    const p = process("2.23");
    const blocks = times(3, () => p.malloc(24));
    p.free(...blocks);
    expect(times(3, () => p.malloc(24))).toEqual(blocks.toReversed());
  });
});

describe("malloc_consolidate (§3.7)", () => {
  it("goes from the smallest bin up, each from its head, to the front of the unsorted bin (T13)", () => {
    const p = process("2.36", UNCACHED);
    const [a, b, c, d] = [24, 24, 40, 40].map((size) => {
      const block = p.malloc(size);
      p.malloc(200);
      return block;
    });
    p.free(d!, a!, c!, b!);
    expect([p.fastbin(32), p.fastbin(48)]).toEqual([
      [b, a],
      [c, d],
    ]);
    // every mallopt consolidates the main arena (§8)
    p.mallopt(0, 0);
    expect(p.unsorted()).toEqual([d, c, a, b]);
    // The scan goes from the back, in order of insertion.
    p.malloc(2000);
    expect([p.bin(2), p.bin(3)]).toEqual([
      [a, b],
      [d, c],
    ]);
  });

  it("merges with neighbours and with top", () => {
    const p = process("2.23");
    const blocks = times(4, () => p.malloc(24));
    p.free(...blocks);
    const top = p.top();
    p.mallopt(0, 0);
    expect([p.unsorted(), p.top()]).toEqual([[], top + 4 * 32]);
  });

  it("never trims", () => {
    const p = process("2.23", { MALLOC_TRIM_THRESHOLD_: "4096" });
    p.free(p.malloc(24));
    const { brk } = p;
    p.mallopt(0, 0);
    expect(p.brk).toBe(brk);
  });

  it("puts all sizes into the unsorted bin, also in 2.41, whose free puts small chunks into small bins", () => {
    const p = process("2.41", UNCACHED);
    const [fast, small] = [p.malloc(24), p.malloc(24), p.malloc(200), p.malloc(24)].filter(
      (_, i) => i % 2 === 0,
    );
    p.free(fast!, small!);
    expect([p.unsorted(), p.bin(13)]).toEqual([[], [small]]);
    p.mallopt(0, 0);
    expect(p.unsorted()).toEqual([fast]);
  });

  it("is called by a large request only while haveFastchunks is set", () => {
    const p = process("2.36", UNCACHED);
    const fast = p.malloc(24);
    p.malloc(24);
    p.free(fast);
    p.malloc(200);
    expect(p.fastbin(32)).toEqual([fast]);
    p.malloc(2000);
    expect([p.fastbin(32), p.bin(2)]).toEqual([[], [fast]]);
  });

  it("haveFastchunks stays set after malloc has emptied the fastbins (T14)", () => {
    const p = process("2.36", UNCACHED);
    p.free(p.malloc(24));
    p.malloc(24);
    expect([p.fastbin(32), haveFastchunks(p)]).toEqual([[], true]);
    p.malloc(2000);
    expect(haveFastchunks(p)).toBe(false);
  });

  it("is called when top is too small, and the search starts again (§3.3 C5)", () => {
    const p = process("2.36", { ...UNCACHED, MALLOC_TOP_PAD_: "0" });
    const blocks = times(20, () => p.malloc(24));
    p.malloc(p.top() - 40);
    expect(p.top()).toBe(32);
    p.free(...blocks);
    const { brk } = p;
    expect(p.malloc(500)).toBe(blocks[0]);
    expect(p.brk).toBe(brk);
  });
});

describe("the 64 KiB rule counts the merged size, top included (§4.5, T15)", () => {
  it("a free of 200 bytes next to a large top consolidates", () => {
    const p = process("2.36", UNCACHED);
    const [fast, , last] = [p.malloc(24), p.malloc(24), p.malloc(200)];
    p.free(fast!);
    p.free(last!);
    expect([p.fastbin(32), haveFastchunks(p)]).toEqual([[], false]);
  });

  it("a free to the tcache or a fastbin does not", () => {
    const cached = process("2.36");
    const [last] = [cached.malloc(200)];
    cached.free(last!);
    expect([cached.tcache(208), cached.top()]).toEqual([main(0x2a0), 0x21000 - 0x290 - 208]);
    const fast = process("2.23");
    fast.free(fast.malloc(24), fast.malloc(24));
    expect(haveFastchunks(fast)).toBe(true);
  });

  it("a merge that stays below 64 KiB does not", () => {
    const p = process("2.36", UNCACHED);
    const [fast, block] = [p.malloc(24), p.malloc(200)];
    p.malloc(24);
    p.free(fast, block);
    expect(p.fastbin(32)).toEqual([fast]);
  });
});
