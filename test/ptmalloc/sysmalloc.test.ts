import { describe, expect, it } from "vitest";
import { arena1, main, type Process, process, times } from "../support/model-driver.ts";

const MIB = 1024 * 1024;
const THRESHOLD = 131072;

/** A process with a top below 64 KiB, so that larger requests reach sysmalloc. */
function withSmallTop(glibc = "2.36", settings: Record<string, string> = {}): Process {
  const p = process(glibc, settings);
  p.malloc(100000);
  return p;
}

describe("the top (§3.3 C4)", () => {
  it("keeps 32 bytes (T3)", () => {
    const exact = withSmallTop();
    exact.malloc(exact.top() - 32 - 8);
    expect([exact.top(), exact.brk]).toEqual([32, 0x21000]);
    const more = withSmallTop();
    more.malloc(more.top() - 16 - 8);
    expect(more.brk).toBeGreaterThan(0x21000);
  });

  it("grows by request and pad minus its size, in whole pages (T16)", () => {
    const p = withSmallTop();
    p.malloc(p.top() + 5000 - 8);
    // 5000 + 131072 + 32 bytes more
    expect(p.brk).toBe(0x21000 + 0x22000);
  });

  it("grows only by the need with MALLOC_TOP_PAD_=0", () => {
    const p = process("2.36", { MALLOC_TOP_PAD_: "0" });
    p.malloc(24);
    expect(p.brk).toBe(0x1000);
    p.malloc(5000);
    expect(p.brk).toBe(0x2000);
  });
});

describe("mappings (§3.8 step 1)", () => {
  it("are the last resort: a request that fits in top is not mapped (T1)", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "65536" });
    expect(p.malloc(70000)).toBe("main+0x2a0");
  });

  it("nor is one that fits in a bin (T1)", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "65536" });
    const block = p.malloc(70000);
    p.malloc(60000);
    p.free(block);
    expect(p.malloc(66000)).toBe(block);
  });

  it.each([
    [131048, "main"],
    [131049, "mmapped"],
    [131064, "mmapped"],
  ])("the chunk size is compared with the threshold: %d bytes are %s (T2)", (bytes, where) => {
    expect(withSmallTop().malloc(bytes).split("+")[0]).toBe(where);
  });

  it.each([
    ["2.36", 200000, 0x31000],
    ["2.36", 200680, 0x31000],
    ["2.36", 200681, 0x32000],
    ["2.43", 200680, 0x31000],
    ["2.43", 200681, 0x32000],
  ])("%s: %d bytes take a mapping of %d", (glibc, bytes, total) => {
    const p = withSmallTop(glibc);
    p.malloc(bytes, "mapped");
    expect(p.mapping("mapped").totalBytes).toBe(total);
  });

  it("MALLOC_MMAP_MAX_=1: the second block is not mapped", () => {
    const p = withSmallTop("2.36", { MALLOC_MMAP_MAX_: "1" });
    expect([p.malloc(200000), p.malloc(200000)]).toEqual(["mmapped+0x10", "main+0x18950"]);
    expect(p.m.mappedBlocks).toBe(1);
  });

  it("MALLOC_MMAP_MAX_=0: a block is still mapped if a heap of 64 MiB cannot hold it", () => {
    const p = process("2.36", { MALLOC_MMAP_MAX_: "0" });
    const t = p.thread();
    t.malloc(24);
    expect(t.malloc(70 * MIB)).toBe("mmapped+0x10");
    expect(p.malloc(70 * MIB)).toBe("main+0x2a0");
  });

  it("a request larger than any heap is never served from one", () => {
    const gib = 1024 * MIB;
    const p = process("2.36", { MALLOC_MMAP_MAX_: "0", MALLOC_TRIM_THRESHOLD_: String(2 ** 40) });
    for (const name of ["a", "b"]) {
      p.malloc(10 * gib, name);
    }
    p.free("a");
    p.free("b");
    expect(p.malloc(2 ** 40)).toBe("NULL");
    expect(p.memalign(2 ** 40, 24)).toBe("NULL");
  });
});

describe("the dynamic threshold (§4.6)", () => {
  function thresholds(p: Process): [number, number] {
    return [p.m.par.mmapThreshold, p.m.par.trimThreshold];
  }

  function mapAndFree(p: Process, bytes: number): [number, number] {
    p.malloc(bytes, "mapped");
    p.free("mapped");
    return thresholds(p);
  }

  it.each([
    ["2.36", 200704],
    ["2.43", 200688],
  ])("%s: free of a mapping raises it to %d, and the trim threshold to twice that", (glibc, s) => {
    expect(mapAndFree(withSmallTop(glibc), 200000)).toEqual([s, 2 * s]);
  });

  it("a smaller mapping does not lower it", () => {
    const p = withSmallTop();
    p.malloc(150000, "small");
    expect(mapAndFree(p, 200000)).toEqual([200704, 401408]);
    p.free("small");
    expect(thresholds(p)).toEqual([200704, 401408]);
  });

  it("realloc never changes it (T17)", () => {
    const p = withSmallTop();
    p.malloc(200000, "mapped");
    p.realloc("mapped", 400000);
    p.realloc("mapped", 140000);
    expect(thresholds(p)).toEqual([THRESHOLD, THRESHOLD]);
  });

  it("a mapping of memalign counts without its lead (T17, T29)", () => {
    const p = withSmallTop();
    expect(p.memalign(4096, 200000, "aligned")).toBe("mmapped+0x1000");
    const total = p.mapping("aligned").totalBytes;
    p.free("aligned");
    expect(thresholds(p)).toEqual([total - 0xff0, 2 * (total - 0xff0)]);
  });

  it("a size equal to it sets the trim threshold", () => {
    const p = withSmallTop();
    p.malloc(140000, "mapped");
    p.realloc("mapped", THRESHOLD - 24);
    expect(p.mapping("mapped").totalBytes).toBe(THRESHOLD);
    p.free("mapped");
    expect(thresholds(p)).toEqual([THRESHOLD, 2 * THRESHOLD]);
  });

  it("a mapping of exactly 32 MiB does not raise it; one of a page less does", () => {
    expect(mapAndFree(withSmallTop(), 32 * MIB - 24)).toEqual([THRESHOLD, THRESHOLD]);
    const s = 32 * MIB - 4096;
    expect(mapAndFree(withSmallTop(), s - 24)).toEqual([s, 2 * s]);
  });

  it.each(["MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_"])(
    "%s freezes it, even at its default (T18)",
    (name) => {
      const p = withSmallTop("2.36", { [name]: `${THRESHOLD}` });
      expect(mapAndFree(p, 200000)).toEqual([THRESHOLD, THRESHOLD]);
    },
  );

  it("MALLOC_MMAP_MAX_ freezes it, even at its default (T18)", () => {
    const p = withSmallTop("2.36", { MALLOC_MMAP_MAX_: "65536" });
    expect(mapAndFree(p, 200000)).toEqual([THRESHOLD, THRESHOLD]);
  });

  it("other settings do not freeze it", () => {
    const p = withSmallTop("2.36", { MALLOC_ARENA_MAX: "1", "glibc.malloc.tcache_count": "3" });
    expect(mapAndFree(p, 200000)).toEqual([200704, 401408]);
  });
});

describe("a break moved outside malloc (§3.8)", () => {
  it.each([
    ["2.27", 0x2b, "main+0x290"],
    ["2.31", 0x2b, "main+0x2d0"],
  ])(
    "%s: an unaligned break is rounded up to 16; the heap ends at a page (T21)",
    (glibc, at, first) => {
      // the effect of GLIBC_TUNABLES=glibc.malloc.tcache_count=0; the tcache struct still exists
      const settings = { "glibc.malloc.tcache_count": "0" };
      const p = process(glibc, settings, { initialBreak: at });
      expect(p.malloc(24)).toBe(first);
      expect(p.brk).toBe(0x22000);
    },
  );

  it("after sbrk by the program a new stretch begins, and the old top is freed", () => {
    const p = process("2.36");
    p.malloc(100);
    p.sbrk(0x3000);
    p.malloc(0x21000 - 0x300 - 24 - 32, "rest");
    p.free("rest");
    // nothing fits below the foreign memory, which begins at 0x21000
    expect(p.malloc(130000)).toBe("main+0x310");
    expect(p.malloc(100000)).toBe("main+0x24010");
  });

  it("memory of the program's sbrk counts as system_mem", () => {
    const p = process("2.36");
    p.malloc(100);
    p.sbrk(0x3000);
    p.malloc(120000);
    p.malloc(100000);
    expect(p.m.mainArena.systemMem).toBe(p.brk);
  });

  it("an old top below 64 bytes becomes a fencepost, and nothing is freed", () => {
    const p = process("2.36");
    p.malloc(24);
    p.malloc(p.top() - 48 - 8);
    p.sbrk(4096);
    p.malloc(100);
    expect([p.unsorted(), p.tcache(32)]).toEqual([[], []]);
  });

  it.each([
    ["2.36", main(0x20fd0)],
    ["2.42", []],
  ])(
    "%s: an old top of 64 bytes becomes a chunk of 32, cached up to 2.41 (§3.9)",
    (glibc, cached) => {
      const p = process(glibc);
      p.malloc(24);
      p.malloc(p.top() - 64 - 8);
      expect(p.top()).toBe(64);
      p.sbrk(4096);
      p.malloc(100);
      expect(p.tcache(32)).toEqual(cached);
    },
  );

  it("the free of the old top may trim the new one, and malloc returns NULL (T8)", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1000000" });
    p.malloc(100);
    p.sbrk(4096);
    expect([p.malloc(140000), p.malloc(140000)]).toEqual(["NULL", "main+0x22010"]);
  });
});

describe("a break that is stuck (§3.8.1)", () => {
  /** A process whose break is near the limit of 32 GiB. */
  function nearTheLimit(): Process {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1000000" });
    p.malloc(24);
    p.sbrk(2 ** 35 - 2 ** 21);
    return p;
  }

  it("the main arena continues in a mapped region of 1 MiB", () => {
    const p = nearTheLimit();
    const { brk } = p;
    p.malloc(100000);
    expect(p.malloc(900000)).toBe("fallback+0x10");
    expect([p.brk, p.m.mainArena.contiguous]).toEqual([brk, false]);
    expect(p.heap(0, 2).size).toBe(MIB);
  });

  it("the region does not count as a mapped block, and its chunks are split and merged", () => {
    const p = nearTheLimit();
    p.malloc(100000);
    p.malloc(900000, "a");
    p.malloc(1000);
    expect(p.m.mappedBlocks).toBe(0);
    p.free("a");
    expect(p.malloc(500000)).toBe("fallback+0x10");
  });

  it("the old top is freed", () => {
    const p = nearTheLimit();
    p.malloc(100000);
    const left = p.top();
    p.malloc(900000);
    expect(p.binBytes(1)).toEqual([left - 32]);
  });

  it("systrim does not lower the break afterwards", () => {
    const p = nearTheLimit();
    p.malloc(100000);
    p.malloc(900000, "a");
    const { brk } = p;
    p.free("a");
    p.trim(0);
    expect(p.brk).toBe(brk);
  });
});

describe("heaps of other arenas (§3.8 step 2, §6.3)", () => {
  /** Two blocks of 30 MB fill most of a first heap of 64 MiB. */
  function nearlyFull(glibc: string) {
    const p = process(glibc, { MALLOC_MMAP_THRESHOLD_: `${32 * MIB}` });
    const t = p.thread();
    t.malloc(100);
    t.malloc(30000000, "a");
    t.malloc(30000000, "b");
    return { p, t };
  }

  it("grow without pad (T16)", () => {
    const p = process("2.36");
    const t = p.thread();
    t.malloc(100000);
    const top = p.top(1);
    t.malloc(100000);
    expect(p.heap(1).size).toBe(0x21000 + Math.ceil((100016 + 32 - top) / 4096) * 4096);
  });

  it("begin with a pad (T16)", () => {
    const { p, t } = nearlyFull("2.36");
    expect(t.malloc(9000000)).toBe("arena1.heap2+0x40");
    expect(p.heap(1, 2).size).toBe(Math.ceil((9000016 + 32 + 48 + 131072) / 4096) * 4096);
  });

  it.each([
    ["2.31", 0x30],
    ["2.36", 0x40],
    ["2.43", 0x40],
  ])("%s: a later heap's first block is at %d", (glibc, offset) => {
    const { t } = nearlyFull(glibc);
    expect(t.malloc(9000000)).toBe(`arena1.heap2+0x${offset.toString(16)}`);
  });

  it("a block that no heap can hold is mapped, even below the threshold", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: `${128 * MIB}` });
    const t = p.thread();
    t.malloc(66000000);
    expect(t.malloc(64 * MIB - 200)).toBe("arena1.heap2+0x40");
    expect(t.malloc(64 * MIB)).toBe("mmapped+0x10");
  });

  it("the free of an old top of 64 KiB may delete the new heap: the main arena is used (T8)", () => {
    const settings = {
      MALLOC_MMAP_THRESHOLD_: `${32 * MIB}`,
      MALLOC_TRIM_THRESHOLD_: `${32 * MIB}`,
    };
    const p = process("2.36", settings);
    const t = p.thread();
    const blocks = [30000000, 29000000, 5000000].map((size) => t.malloc(size));
    expect(blocks).toEqual(arena1(0xb70, 0x1c9cf00, 0x3845050));
    t.free(blocks[2]!);
    expect(t.malloc(9000000)).toMatch(/^main/);
    expect([p.m.arenas[1]!.heaps.length, t.arena]).toEqual([1, "arena1"]);
  });

  it.each([
    ["2.36", 2, 0x3ffc000, 0x21000],
    ["2.41", 2, 0x3ffc000, 0x21000],
    ["2.43", 1, 0x21000, 0],
  ])(
    "%s: an old top in the tcache keeps the next heap: %d heaps are left (T9)",
    (glibc, heaps, first, second) => {
      const p = process(glibc, {}, { unchecked: true });
      const t = p.thread();
      const names = times(1200, (i) => `#${i}`);
      for (const name of names) {
        t.malloc(120000, name);
      }
      t.free(...names.toReversed());
      const sizes = p.m.arenas[1]!.heaps.map(({ size }) => size);
      expect(sizes).toEqual([first, second].slice(0, heaps));
    },
  );
});
