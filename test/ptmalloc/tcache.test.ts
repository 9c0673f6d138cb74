import { describe, expect, it } from "vitest";
import { main, type Process, process, times } from "../support/model-driver.ts";

/** Blocks of `bytes`, separated by small blocks so that they do not merge. */
function apart(p: Process, count: number, bytes: number): string[] {
  return times(count, () => {
    const block = p.malloc(bytes);
    p.malloc(24);
    return block;
  });
}

/** A process with an empty tcache and five free chunks of 208 bytes, in order of their frees. */
function fiveFree(glibc: string) {
  const p = process(glibc);
  const blocks = apart(p, 12, 200);
  p.free(...blocks);
  times(7, () => p.malloc(200));
  expect(p.tcache(208)).toEqual([]);
  return { p, five: blocks.slice(7) };
}

function fiveUnsorted(glibc: string) {
  const { p, five } = fiveFree(glibc);
  expect(p.unsorted()).toEqual(five.toReversed());
  return { p, five };
}

function fiveBinned(glibc: string) {
  const { p, five } = fiveFree(glibc);
  p.malloc(2000);
  expect(p.bin(13)).toEqual(five.toReversed());
  return { p, five };
}

describe("capacity (§4.2)", () => {
  it.each([
    ["2.26", 7],
    ["2.31", 7],
    ["2.42", 7],
    ["2.43", 16],
    ["2.44", 16],
  ])("%s: a bin holds %d chunks", (glibc, count) => {
    const p = process(glibc);
    const blocks = apart(p, count + 1, 200);
    p.free(...blocks);
    expect(p.tcache(208)).toEqual(blocks.slice(0, count).toReversed());
  });

  it.each(["2.17", "2.23"])("%s has none", (glibc) => {
    const p = process(glibc);
    p.free(p.malloc(200));
    expect(p.tcache(208)).toEqual([]);
  });

  it("chunks of 1040 bytes are the largest", () => {
    const p = process("2.36");
    const [largest, larger] = [p.malloc(1032), p.malloc(1033)];
    p.malloc(24);
    p.free(largest!, larger!);
    expect(p.tcache(1040)).toEqual([largest]);
    expect(p.unsorted()).toEqual([larger]);
  });
});

describe("stashing by _int_malloc (§3.3, §3.4)", () => {
  it("returns a small bin's oldest chunk and stashes the others oldest first, so that the youngest is next", () => {
    const { p, five } = fiveBinned("2.36");
    expect(p.malloc(200)).toBe(five[0]);
    expect(p.tcache(208)).toEqual(five.slice(1).toReversed());
  });

  it("of exact fits in the unsorted bin, returns the last one stashed (T12)", () => {
    const { p, five } = fiveUnsorted("2.36");
    expect(p.malloc(200)).toBe(five[4]);
    expect(p.tcache(208)).toEqual(five.slice(0, 4).toReversed());
  });

  it("without a tcache, returns the first exact fit and ends the scan", () => {
    const p = process("2.23");
    const blocks = apart(p, 3, 200);
    p.free(...blocks);
    expect(p.malloc(200)).toBe(blocks[0]);
    expect(p.unsorted()).toEqual([blocks[2], blocks[1]]);
  });

  it.each<[string, string, (p: Process) => string]>([
    ["2.36", "calloc", (p) => p.calloc(200)],
    // one of the small blocks, which must move
    ["2.36", "realloc", (p) => p.realloc("main+0x370", 200)],
    ["2.41", "realloc", (p) => p.realloc("main+0x370", 200)],
    // 120 bytes aligned to 32 request a chunk of 208
    ["2.36", "memalign", (p) => p.memalign(32, 120)],
    ["2.41", "memalign", (p) => p.memalign(32, 120)],
  ])("%s: also within %s (T11)", (glibc, _, call) => {
    const { p, five } = fiveBinned(glibc);
    call(p);
    expect(p.tcache(208)).toEqual(five.slice(1).toReversed());
  });

  it("2.42 as tagged stashes chunks of 1040 bytes, which free and malloc do not cache (§10.4)", () => {
    const p = process("2.42");
    const blocks = apart(p, 3, 1032);
    p.free(...blocks);
    expect(p.tcache(1040)).toEqual([]);
    expect(p.malloc(1032)).toBe(blocks[2]);
    expect(p.tcache(1040)).toEqual([blocks[1], blocks[0]]);
    const end = p.malloc(1032);
    expect(blocks).not.toContain(end);
    expect(p.tcache(1040)).toEqual([blocks[1], blocks[0]]);
  });

  it("2.42-stable caches them", () => {
    const p = process("2.42-stable");
    const blocks = apart(p, 3, 1032);
    p.free(...blocks);
    expect(p.tcache(1040)).toEqual(blocks.toReversed());
    expect(p.malloc(1032)).toBe(blocks[2]);
  });
});

describe("glibc.malloc.tcache_unsorted_limit (§3.4)", () => {
  function exactThenLarge(settings: Record<string, string>) {
    const p = process("2.36", settings);
    const blocks = apart(p, 8, 200);
    const large = apart(p, 3, 2000);
    p.free(...blocks);
    times(7, () => p.malloc(200));
    p.free(...large);
    return { p, exact: blocks[7], large };
  }

  it("0: all unsorted chunks are binned before the cached fit is returned", () => {
    const { p, exact } = exactThenLarge({});
    expect(p.malloc(200)).toBe(exact);
    expect(p.unsorted()).toEqual([]);
  });

  it("1: the second chunk binned ends the scan", () => {
    const { p, exact, large } = exactThenLarge({ "glibc.malloc.tcache_unsorted_limit": "1" });
    expect(p.malloc(200)).toBe(exact);
    expect(p.unsorted()).toEqual([large[2]]);
  });
});

describe("glibc.malloc.tcache_count and tcache_max (§8)", () => {
  it("count 0: 2.36 caches nothing, but allocates the struct", () => {
    const p = process("2.36", { "glibc.malloc.tcache_count": "0" });
    expect(p.malloc(24)).toBe("main+0x2a0");
    p.free("main+0x2a0");
    expect([p.tcache(32), p.fastbin(32)]).toEqual([[], ["main+0x2a0"]]);
  });

  it("count 0: 2.43 never allocates the struct", () => {
    const p = process("2.43", { "glibc.malloc.tcache_count": "0" });
    expect([p.malloc(24), p.malloc(24)]).toEqual(main(0x10, 0x30));
    p.free("main+0x10");
    expect([p.malloc(24), p.malloc(2000)]).toEqual(main(0x10, 0x50));
  });

  it("count 3: the fourth goes to the fastbin", () => {
    const p = process("2.36", { "glibc.malloc.tcache_count": "3" });
    const blocks = times(4, () => p.malloc(24));
    p.free(...blocks);
    expect([p.tcache(32).length, p.fastbin(32)]).toEqual([3, [blocks[3]]]);
  });

  it.each([
    ["2.36", true],
    // compares with "<", which excludes the value's own size class
    ["2.42", false],
    ["2.42-stable", true],
    ["2.43", true],
  ])("tcache_max=200 in %s: chunks of 208 bytes are cached: %s", (glibc, cached) => {
    const p = process(glibc, { "glibc.malloc.tcache_max": "200" });
    const [own, larger] = apart(p, 2, 200)
      .concat(apart(p, 1, 216))
      .slice(1);
    p.free(own!, larger!);
    expect(p.tcache(208)).toEqual(cached ? [own] : []);
    expect(p.tcache(224)).toEqual([]);
  });
});

describe("allocation of the struct (§3.2)", () => {
  it("2.26 to 2.41: at a thread's first malloc of any size, calloc, realloc or free", () => {
    expect(process("2.36").malloc(100000)).toBe("main+0x2a0");
    expect(process("2.36").calloc(24)).toBe("main+0x2a0");
    const p = process("2.36");
    p.malloc(24, "a");
    p.malloc(24, "b");
    const [t, u] = [p.thread(), p.thread()];
    t.realloc("a", 20);
    expect(t.arena).toBe("arena1");
    u.free("b");
    expect(u.arena).toBe("arena2");
  });

  it("2.26 to 2.41: not at realloc or free of a mapped block", () => {
    const p = process("2.36");
    p.malloc(200000, "a");
    const t = p.thread();
    t.realloc("a", 300000);
    t.free("a");
    expect(t.arena).toBeNull();
  });

  it("not at memalign: without tcache its lead goes to a fastbin (T23)", () => {
    const p = process("2.36");
    expect(p.memalign(64, 100)).toBe("main+0x40");
    expect([p.fastbin(48), p.fastbin(64)]).toEqual([["main+0x10"], ["main+0xb0"]]);
  });

  it("2.42: at the first small allocation, also by memalign, but not at a free", () => {
    const p = process("2.42");
    expect(p.malloc(2000)).toBe("main+0x10");
    p.free("main+0x10");
    expect(p.tcacheStructs).toEqual([]);
    expect(p.memalign(32, 24)).toBe("main+0x340");
    expect(p.tcacheStructs).toEqual(main(0x10));
  });

  it("2.43: at the first small free or the first exact fit, in the middle of the heap (T25)", () => {
    const freed = process("2.43");
    expect(times(2, () => freed.malloc(24))).toEqual(main(0x10, 0x30));
    freed.free("main+0x10");
    expect(freed.tcacheStructs).toEqual(main(0x50));
    const fit = process("2.43");
    const large = [fit.malloc(2000), fit.malloc(24)][0]!;
    fit.free(large);
    expect(fit.tcacheStructs).toEqual([]);
    fit.malloc(2000);
    expect(fit.tcacheStructs).toEqual(main(0x810));
  });
});

describe("a struct not smaller than mmap_threshold (§3.2)", () => {
  it.each(["0", "128", "656"])("has a mapping of its own at %s, until its thread ends", (bytes) => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: bytes, MALLOC_ARENA_MAX: "1" });
    expect([p.malloc(1000), p.tcacheStructs]).toEqual(["mmapped+0x10", ["mmapped+0x10"]]);
    const t = p.thread();
    t.malloc(1000, "a");
    expect([p.m.mappedBlocks, p.m.mappedBytes]).toEqual([4, 4 * 4096]);
    // The program holds two blocks.
    expect([p.m.inUseBytes, p.mallinfo().hblks]).toEqual([2 * 4096, 4]);
    t.exit();
    expect([p.m.mappedBlocks, p.m.inUseBytes, p.planes]).toEqual([3, 2 * 4096, [3, 3, 3]]);
  });

  it("lies in the heap at a larger threshold", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "657" });
    expect([p.malloc(1000), p.tcacheStructs]).toEqual(["main+0x2a0", main(0x10)]);
  });
});

describe("the struct that a hit in a small bin allocates since 2.43 (§3.2)", () => {
  it.each([
    ["2.43", 784],
    ["2.44", 768],
  ])("%s: takes a chunk of %d bytes", (glibc, bytes) => {
    const p = process(glibc);
    p.free([p.malloc(1500), p.malloc(24)][0]!);
    // Leaves a remainder of 512 bytes, which the next call bins.
    expect([p.malloc(992), p.malloc(1500)]).toEqual(main(0x10, 0x620));
    expect(p.tcacheStructs).toEqual([]);
    expect(p.malloc(500)).toBe("main+0x400");
    expect(p.tcacheStructs).toEqual(main(0xc10));
    expect(p.malloc(24)).toBe(main(0xc10 + bytes)[0]);
  });
});

describe("frees (§4.1)", () => {
  it("a block goes to the tcache of the thread that frees it, and is reused from there (T10)", () => {
    const p = process("2.36");
    const block = p.malloc(100);
    const t = p.thread();
    t.malloc(24);
    t.free(block);
    expect([p.tcache(112), t.tcache(112)]).toEqual([[], [block]]);
    expect(t.malloc(100)).toBe(block);
    expect(t.arena).toBe("arena1");
  });

  it("the remainder of realloc is cached up to 2.41, and merged since 2.42 (§3.9)", () => {
    const cached = ["2.36", "2.41", "2.42", "2.43"].map((glibc) => {
      const p = process(glibc);
      p.malloc(1000, "a");
      p.malloc(24, "spare");
      p.realloc("a", 500);
      return p.tcache(496).length;
    });
    expect(cached).toEqual([1, 1, 0, 0]);
  });
});
