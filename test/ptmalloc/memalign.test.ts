import { describe, expect, it } from "vitest";
import { main, process, times } from "../support/model-driver.ts";

/** so that every free reaches the bins */
const BINNED = { "glibc.malloc.tcache_count": "0", "glibc.malloc.mxfast": "0" };

describe("alignments (§5.3)", () => {
  it.each([
    [1, 0x10],
    [8, 0x10],
    [16, 0x10],
    [17, 0x20],
    [32, 0x20],
    [48, 0x40],
    [64, 0x40],
    [100, 0x80],
    [4096, 0x1000],
  ])("%d: every block lies on a multiple of %d", (alignment, multiple) => {
    for (const glibc of ["2.17", "2.36", "2.39", "2.43"]) {
      const p = process(glibc);
      p.malloc(24);
      for (let bytes = 0; bytes < 3000; bytes += 170) {
        const block = p.memalign(alignment, bytes);
        expect(Number(block.slice("main+".length)) % multiple).toBe(0);
      }
    }
  });

  it("up to 16 bytes memalign is malloc, with tcache", () => {
    const p = process("2.36");
    p.free(p.malloc(24));
    expect(p.memalign(16, 24)).toBe("main+0x2a0");
  });

  it("valloc aligns to a page; pvalloc also rounds the size up to pages", () => {
    const p = process("2.36");
    expect(p.valloc(100, "v")).toBe("main+0x1000");
    p.pvalloc(100, "p");
    expect([p.chunkBytes("v"), p.chunkBytes("p")]).toEqual([112, 4112]);
  });
});

describe("leads and tails (§5.3)", () => {
  it.each([
    // the tail must exceed 32 bytes
    ["2.36", [24, 40], 0x340, 640],
    // the tail must have at least 32 bytes
    ["2.39", [24, 40], 0x340, 608],
    ["2.42", [24], 0x380, 608],
    ["2.43", [24], 0x80, 608],
  ] as const)("%s: a tail of exactly 32 bytes (T4)", (glibc, before, offset, bytes) => {
    const p = process(glibc);
    for (const size of before) {
      p.malloc(size);
    }
    // The next block would be 48 above a multiple of 64, so the lead is 80, not 16. 720 - 80 - 608 bytes are left.
    expect(p.memalign(64, 600, "a")).toBe(main(offset)[0]);
    expect(p.chunkBytes("a")).toBe(bytes);
  });

  it("a longer tail is next to top and merges into it", () => {
    const p = process("2.39");
    p.malloc(24);
    const top = p.top();
    p.memalign(64, 600, "a");
    expect([p.chunkBytes("a"), p.top()]).toEqual([608, top - 608]);
  });

  it.each([
    ["2.36", "the tcache", { cached: main(0x2c0), unsorted: [], small: [] }],
    ["2.38-tag", "the tcache", { cached: main(0x2c0), unsorted: [], small: [] }],
    ["2.38", "unsorted", { cached: [], unsorted: main(0x2c0), small: [] }],
    ["2.39", "unsorted", { cached: [], unsorted: main(0x2c0), small: [] }],
    ["2.41", "its small bin", { cached: [], unsorted: [], small: main(0x2c0) }],
  ])("%s: a lead of 64 bytes goes to %s", (glibc, _, where) => {
    const p = process(glibc);
    p.malloc(24);
    expect(p.memalign(256, 1000)).toBe("main+0x300");
    expect({ cached: p.tcache(64), unsorted: p.unsorted(), small: p.bin(4) }).toEqual(where);
  });

  it("a lead of 16 bytes is impossible: the next multiple is taken", () => {
    const p = process("2.36");
    p.malloc(40);
    // the next block would be 0x2d0
    expect(p.memalign(32, 1000)).toBe("main+0x300");
  });
});

describe("memalign and the tcache (§5.3)", () => {
  /** Seven cached blocks of 32-byte chunks; the 64-aligned ones are not at the head. */
  function cachedBlocks(glibc: string) {
    const p = process(glibc);
    // 2.42's struct puts 32-byte blocks halfway between multiples of 64
    if (glibc === "2.42") {
      p.malloc(40);
    }
    const isAligned = (block: string): boolean => Number(block.slice("main+".length)) % 64 === 0;
    const blocks = times(7, () => p.malloc(24));
    p.free(...blocks.filter(isAligned), ...blocks.filter((block) => !isAligned(block)));
    return { p, cached: p.tcache(32), aligned: blocks.filter(isAligned) };
  }

  it.each(["2.36", "2.37"])("%s: is not used", (glibc) => {
    const { p, cached } = cachedBlocks(glibc);
    p.memalign(64, 24);
    expect(p.tcache(32)).toEqual(cached);
  });

  it.each(["2.38", "2.39", "2.41", "2.42"])(
    "%s: returns the first aligned block, from the middle of the bin",
    (glibc) => {
      const { p, cached, aligned } = cachedBlocks(glibc);
      const first = aligned.at(-1);
      expect(p.memalign(64, 24)).toBe(first);
      expect(p.tcache(32)).toEqual(cached.filter((block) => block !== first));
    },
  );
});

describe("the 2.38 tag searches the bins (B)", () => {
  it("for a free chunk that holds the aligned block, even if smaller than the padded request", () => {
    const [tagged, stable] = ["2.38-tag", "2.38"].map((glibc) => {
      const p = process(glibc, BINNED);
      const hole = p.malloc(1000);
      p.malloc(24);
      p.free(hole);
      p.malloc(60000);
      expect(p.bin(63)).toEqual([hole]);
      return p.memalign(256, 800);
    });
    expect(tagged).toBe("main+0x300");
    expect(stable).toBe("main+0xf200");
  });

  it.each([
    // a chunk of 1008 bytes has 96 of lead, 896 of block, and 16 left
    [896, "main+0x300"],
    [912, "main+0xf200"],
  ])("the part after the lead must exceed the block: %d bytes at %s", (nb, block) => {
    const p = process("2.38-tag", BINNED);
    const hole = p.malloc(1000);
    p.malloc(24);
    p.free(hole);
    p.malloc(60000);
    expect(p.memalign(256, nb - 8)).toBe(block);
  });

  it("in a large bin for the closest size", () => {
    const p = process("2.38-tag", BINNED);
    const holes = [3520, 3200, 3328].map((size) => {
      const hole = p.malloc(size - 8);
      p.malloc(24);
      return hole;
    });
    p.free(...holes);
    p.malloc(60000);
    expect(p.binBytes(97)).toEqual([3520, 3328, 3200]);
    expect(p.memalign(32, 3128)).toBe(holes[1]);
  });
});

describe("mapped blocks (§5.3)", () => {
  it.each([
    ["2.36", 32, 0x40],
    ["2.36", 64, 0x40],
    ["2.36", 4096, 0x1000],
    ["2.43", 32, 0x20],
    ["2.43", 64, 0x40],
  ])("%s: aligned to %d at %d; the tail of the mapping stays", (glibc, alignment, offset) => {
    const p = process(glibc);
    p.malloc(24);
    expect(p.memalign(alignment, 200000, "a")).toBe(`mmapped+0x${offset.toString(16)}`);
    const nb = 200016 + alignment + 32;
    expect(p.mapping("a").totalBytes).toBe(Math.ceil((nb + 16) / 4096) * 4096);
  });

  it("the alignment is added to the request, which may then reach the mmap threshold", () => {
    const p = process("2.36");
    p.malloc(100000);
    expect(p.memalign(65536, 70000)).toMatch(/^mmapped/);
  });

  it("mappings larger than any heap have their true size", () => {
    const p = process("2.36");
    p.memalign(64, 2 ** 36, "huge");
    expect(p.mapping("huge").totalBytes).toBe(2 ** 36 + 4096);
  });

  it("the first page of the mapping and that of the header are resident", () => {
    const p = process("2.36");
    p.memalign(4096, 200000, "a");
    expect(p.mapping("a").pages(2)).toBe(1);
    p.memalign(8192, 200000, "b");
    expect(p.mapping("b").pages(2)).toBe(2);
  });
});
