import { describe, expect, it } from "vitest";
import { type Process, process, times } from "../support/model-driver.ts";

const UNCACHED = { "glibc.malloc.tcache_count": "0" };

/** A main arena whose top has exactly `bytes`. */
function withTop(glibc: string, bytes: number, settings: Record<string, string> = {}): Process {
  const p = process(glibc, settings);
  p.malloc(100000);
  p.malloc(p.top() - bytes - 8);
  expect(p.top()).toBe(bytes);
  return p;
}

describe("systrim after a free (§4.5)", () => {
  it("needs a top of trim_threshold, and leaves the pad, 33 bytes and a partial page", () => {
    const p = process("2.36", { MALLOC_TOP_PAD_: "8192", MALLOC_TRIM_THRESHOLD_: "150000" });
    const [a, b] = [p.malloc(70000), p.malloc(100000)];
    p.free(b);
    const { brk } = p;
    expect(p.top()).toBeLessThan(150000);
    p.free(a);
    expect(p.brk).toBeLessThan(brk);
    expect(p.top()).toBeGreaterThanOrEqual(8192 + 33);
    expect(p.top()).toBeLessThan(8192 + 33 + 4096);
  });

  it("does not happen after a merge below 64 KiB, even with a low threshold", () => {
    const p = process("2.36", { ...UNCACHED, MALLOC_TOP_PAD_: "0", MALLOC_TRIM_THRESHOLD_: "0" });
    p.malloc(24);
    p.free(p.malloc(50000));
    expect(p.brk).toBe(0xd000);
    p.free(p.malloc(70000));
    expect(p.brk).toBe(0x1000);
  });

  it("does not happen after the program has moved the break", () => {
    const p = process("2.36");
    const block = p.malloc(130000);
    p.malloc(100000, "last");
    p.free(block);
    p.sbrk(4096);
    const { brk } = p;
    p.free("last");
    p.trim(0);
    expect(p.brk).toBe(brk);
  });

  it("lowers system_mem, but not max_system_mem", () => {
    const p = process("2.36");
    p.malloc(24);
    const before = p.m.mainArena.systemMem;
    p.trim(0);
    expect(p.m.mainArena.systemMem).toBe(p.brk);
    expect(p.m.mainArena.maxSystemMem).toBe(before);
  });
});

describe("a top of exactly 32 bytes, below what trimming keeps (§4.5)", () => {
  it.each([
    ["2.17", 0, 0],
    ["2.19", 0, 4096],
    ["2.23", 0, 4096],
    ["2.27", 0, 4096],
    ["2.36", 0, 4096],
    ["2.42", 0, 4096],
    ["2.17", 4096, 0],
    ["2.36", 4096, 8192],
  ])("%s: malloc_trim(%d) moves the break by %d", (glibc, pad, moved) => {
    const p = withTop(glibc, 32);
    const { brk } = p;
    p.trim(pad);
    expect([p.brk - brk, p.top() - 32, p.m.mainArena.systemMem]).toEqual([moved, moved, p.brk]);
  });

  it("one of 48 bytes stays", () => {
    const p = withTop("2.36", 48);
    const { brk } = p;
    p.trim(0);
    expect(p.brk).toBe(brk);
  });
});

describe("malloc_trim (§7)", () => {
  it("uses its own pad, not the threshold", () => {
    const p = process("2.36");
    p.malloc(24);
    p.trim(10000);
    expect(p.top()).toBe(0x21000 - 0x2b0 - 0x1e000);
    p.trim(0);
    expect(p.brk).toBe(0x1000);
  });

  it("drops the whole pages within a free chunk after the 48 bytes of its header and links", () => {
    const p = process("2.36", {}, { touch: "all" });
    const first = p.malloc(4096 * 3);
    const block = p.malloc(4096 * 3);
    p.malloc(24);
    p.free(block);
    p.trim(0);
    // its chunk is 0x32a0..0x62b0
    expect([first, block]).toEqual(["main+0x2a0", "main+0x32b0"]);
    expect(p.resident(0, 1, "touched")).toEqual([0, 1, 2, 3, 6]);
  });

  it("keeps a page if the chunk begins less than 48 bytes below it", () => {
    const kept = [0xfc0, 0xfd0, 0xfe0].map((header) => {
      const p = process("2.36", {}, { touch: "all" });
      p.malloc(header - 0x290 - 8);
      const block = p.malloc(8192);
      p.malloc(24);
      p.free(block);
      p.trim(0);
      return p.resident(0, 1, "touched");
    });
    expect(kept).toEqual([
      [0, 2],
      // the top begins at 0x3000
      [0, 2, 3],
      [0, 1, 2, 3],
    ]);
  });

  it("skips bins below 4096 bytes, but not the unsorted bin", () => {
    const p = process("2.36", {}, { touch: "all" });
    p.malloc(3300);
    const block = p.malloc(4096 + 4000);
    p.malloc(24);
    p.free(block);
    expect(p.trim(0)).toBe(4096);
  });

  it("returns the decrease of RSS", () => {
    const p = process("2.36", {}, { touch: "all" });
    const block = p.malloc(40960);
    p.malloc(24);
    p.free(block);
    expect(p.trim(0)).toBe(9 * 4096);
    expect(p.trim(0)).toBe(0);
  });

  it("consolidates first, to 2.42", () => {
    const p = process("2.36", UNCACHED);
    const block = p.malloc(24);
    p.malloc(24);
    p.free(block);
    p.trim(0);
    expect([p.fastbin(32), p.unsorted()]).toEqual([[], [block]]);
  });

  it("keeps cached chunks", () => {
    const p = process("2.36");
    const block = p.malloc(24);
    p.free(block);
    p.trim(0);
    expect(p.tcache(32)).toEqual([block]);
  });

  it("drops pages of free chunks in other arenas, but not their tops", () => {
    const p = process("2.36", {}, { touch: "all" });
    const t = p.thread();
    const [a, b] = [t.malloc(40000), t.malloc(40000)];
    t.malloc(24);
    t.free(a);
    t.malloc(24, "end");
    const size = p.heap(1).size;
    const before = p.resident(1, 1, "touched").length;
    expect(p.trim(0)).toBe(9 * 4096);
    expect(p.heap(1).size).toBe(size);
    expect(p.resident(1, 1, "touched").length).toBe(before - 9);
    t.free(b);
  });
});

describe("heap_trim (§4.5)", () => {
  /** The top of a second arena after 220 KB above 24 bytes have been freed. */
  function topAfter(glibc: string, pad: number, threshold: number): number {
    const p = process(glibc, {
      MALLOC_TOP_PAD_: `${pad}`,
      MALLOC_TRIM_THRESHOLD_: `${threshold}`,
    });
    const t = p.thread();
    t.malloc(24);
    t.malloc(110000, "a");
    t.malloc(110000, "b");
    t.free("b", "a");
    return p.top(1);
  }

  it.each([
    ["2.17", true],
    ["2.21", true],
    ["2.22", false],
    ["2.23", false],
    ["2.36", false],
  ])("%s: a top below the threshold shrinks: %s", (glibc, shrinks) => {
    expect(topAfter(glibc, 0, 300000) < 10000).toBe(shrinks);
  });

  it.each([
    ["2.17", true],
    ["2.22", false],
    ["2.23", true],
    ["2.36", true],
  ])(
    "%s: a top above the threshold, of which less can be trimmed, shrinks: %s",
    (glibc, shrinks) => {
      expect(topAfter(glibc, 100000, 150000) < 110000).toBe(shrinks);
    },
  );

  it.each([
    [4096 + 32, 0],
    [4096 + 48, 4096],
  ])("2.17: a top of %d bytes shrinks by %d: whole pages in addition to 33 bytes", (top, gone) => {
    const p = process("2.17", { MALLOC_TOP_PAD_: "0" });
    const t = p.thread();
    t.malloc(70000, "large");
    t.malloc(24);
    t.free(t.malloc(20000));
    t.malloc(p.top(1) - top - 8);
    const { size } = p.heap(1);
    t.free("large");
    expect(size - p.heap(1).size).toBe(gone);
  });

  it.each(["2.17", "2.22", "2.23", "2.36", "2.43"])("%s: keeps the pad", (glibc) => {
    const top = topAfter(glibc, 20000, 100000);
    expect(top).toBeGreaterThanOrEqual(20000 + 33);
    expect(top).toBeLessThan(20000 + 33 + 4096);
  });

  it("does not lower mprotect_size", () => {
    const p = process("2.36");
    const t = p.thread();
    const blocks = times(3, () => t.malloc(100000));
    const { size } = p.heap(1);
    t.free(...blocks);
    expect(p.heap(1).size).toBeLessThan(size);
    expect(p.heap(1).mprotectSize).toBe(size);
  });

  describe("deletes a heap that consists of top", () => {
    /** A second heap with one block; `last` is the last block of the first heap. */
    function twoHeaps(topPad: string) {
      const p = process("2.36", {
        MALLOC_MMAP_THRESHOLD_: "33554432",
        MALLOC_TRIM_THRESHOLD_: "33554432",
        MALLOC_TOP_PAD_: topPad,
      });
      const t = p.thread();
      t.malloc(30000000);
      t.malloc(30000000, "last");
      t.malloc(7000000, "left");
      expect(t.malloc(9000000, "upper")).toBe("arena1.heap2+0x40");
      return { p, t };
    }

    it("if the previous heap has room for the pad; free memory there becomes top", () => {
      const { p, t } = twoHeaps("0");
      t.free("left");
      t.free("upper");
      expect(p.m.arenas[1]!.heaps.length).toBe(1);
      expect(p.top(1)).toBeGreaterThanOrEqual(7000016);
      expect(p.m.arenas[1]!.systemMem).toBe(p.heap(1).size);
    });

    it("not if it has no room", () => {
      const { p, t } = twoHeaps("33000000");
      t.free("left");
      t.free("upper");
      expect(p.m.arenas[1]!.heaps.length).toBe(2);
    });

    it("together with its resident pages", () => {
      const { p, t } = twoHeaps("0");
      t.write("upper", 0, 9000000);
      const before = p.planes[2];
      t.free("left");
      t.free("upper");
      expect(p.planes[2]).toBe(before - 1 - Math.floor((9000000 + 0x40) / 4096));
    });
  });
});
