import { describe, expect, it } from "vitest";
import { GRANULE } from "../../src/ptmalloc/chunks.ts";
import {
  binIndex,
  HUGE_BYTES,
  HUGE_GRANULES,
  largeBinIndex,
  requestToGranules,
} from "../../src/ptmalloc/size-classes.ts";
import { tcacheIndex } from "../../src/ptmalloc/tcache.ts";
import { process } from "../support/model-driver.ts";

const MIB = 1024 * 1024;

/** request2size of §1.1 with BigInt */
function request2size(n: number): number {
  return n + 23 < 32 ? 32 : Math.floor((n + 23) / 16) * 16;
}

/** largebin_index of §1.2 with BigInt */
function largebinIndex(sz: number): number {
  const sh = (bits: number): number => Math.floor(sz / 2 ** bits);
  if (sh(6) <= 48) {
    return 48 + sh(6);
  }
  if (sh(9) <= 20) {
    return 91 + sh(9);
  }
  if (sh(12) <= 10) {
    return 110 + sh(12);
  }
  if (sh(15) <= 4) {
    return 119 + sh(15);
  }
  if (sh(18) <= 2) {
    return 124 + sh(18);
  }
  return 126;
}

describe("request to chunk (§1.1)", () => {
  it("is (n + 8) rounded up to 16, at least 32, for every request to 1 MiB", () => {
    const wrong: number[] = [];
    for (let n = 0; n <= MIB; n++) {
      if (requestToGranules(n) * GRANULE !== request2size(n)) {
        wrong.push(n);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("a chunk of s bytes holds requests up to s - 8, for every chunk to 1 MiB", () => {
    const wrong: number[] = [];
    for (let s = 32; s <= MIB; s += 16) {
      const last = requestToGranules(s - 8) * GRANULE === s;
      const next = requestToGranules(s - 7) * GRANULE === s + 16;
      if (!last || !next) {
        wrong.push(s);
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each([2 ** 31 - 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, HUGE_BYTES - 24])(
    "does not overflow 32 bits at %d",
    (n) => {
      expect(requestToGranules(n) * GRANULE).toBe(request2size(n));
    },
  );

  it("has one class beyond what fits in a heap; the mapping has the true size", () => {
    expect([HUGE_BYTES, 2 ** 40, 2 ** 62].map(requestToGranules)).toEqual(
      Array(3).fill(HUGE_GRANULES),
    );
    const p = process("2.36");
    p.malloc(2 ** 36, "huge");
    expect(p.mapping("huge").totalBytes).toBe(2 ** 36 + 4096);
  });

  it("is a chunk of 32 bytes for malloc(0) (T27)", () => {
    const p = process("2.36");
    p.malloc(0, "empty");
    expect(p.chunkBytes("empty")).toBe(32);
  });
});

describe("chunk to bin (§1.2)", () => {
  it("follows §1.2 for every chunk size to 2 MiB", () => {
    const wrong: number[] = [];
    for (let s = 32; s <= 2 * MIB; s += 16) {
      const expected = s < 1024 ? s / 16 : largebinIndex(s);
      if (binIndex(s / GRANULE) !== expected) {
        wrong.push(s);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("never falls with growing size, and ends with bin 126", () => {
    let last = 0;
    const falls: number[] = [];
    for (let s = 32; s <= 2 * MIB; s += 16) {
      const index = binIndex(s / GRANULE);
      if (index < last) {
        falls.push(s);
      }
      last = index;
    }
    expect(falls).toEqual([]);
    expect([last, binIndex(2 ** 30 / GRANULE), binIndex(2 ** 34 / GRANULE - 1)]).toEqual([
      126, 126, 126,
    ]);
  });

  it.each([
    [1008, 63],
    [1024, 64],
    [3120, 96],
    [3136, 97],
    [10736, 111],
    [10752, 112],
    [40944, 119],
    [40960, 120],
    [65520, 120],
    [65536, 121],
    [163824, 123],
    [163840, 124],
    [524272, 125],
    [524288, 126],
  ])("a chunk of %d is in bin %d", (size, index) => {
    expect(binIndex(size / GRANULE)).toBe(index);
  });

  it("bin 120 has the end of one step and the start of the next: 40960 to 65535", () => {
    const sizes: number[] = [];
    for (let s = 1024; s < 2 * MIB; s += 16) {
      if (largeBinIndex(s / GRANULE) === 120) {
        sizes.push(s);
      }
    }
    expect([sizes[0], sizes.at(-1), sizes.length]).toEqual([40960, 65520, 1536]);
  });

  it("tcache bins: 0 for 32 bytes, 63 for 1040", () => {
    expect([32, 48, 1040].map((size) => tcacheIndex(size / GRANULE))).toEqual([0, 1, 63]);
  });
});
