import { describe, expect, it } from "vitest";
import { arena1, main, type Process, process, times } from "../support/model-driver.ts";

/**
 * The examples of ptmalloc2.md §11.2, observed with a real glibc: 2.36 and the versions that the text names. "base"
 * there is the initial break; offsets are those of returned pointers.
 */

/** malloc calls of these sizes, in order. */
function mallocs(p: Pick<Process, "malloc">, ...sizes: number[]): string[] {
  return sizes.map((size) => p.malloc(size));
}

describe("example 1: small blocks, a mapping, the dynamic threshold, growth of the break", () => {
  it.each(["2.31", "2.36", "2.41"])("%s", (glibc) => {
    const p = process(glibc);
    expect(mallocs(p, 24, 24, 1000, 1033)).toEqual(main(0x2a0, 0x2c0, 0x2e0, 0x6d0));
    expect(p.brk).toBe(0x21000);
    expect(p.resident()).toEqual([0]);
    expect(p.malloc(200000)).toBe("mmapped+0x10");
    expect(p.mapping("mmapped+0x10").totalBytes).toBe(0x31000);
    p.free("mmapped+0x10");
    expect(p.m.par.mmapThreshold).toBe(0x31000);
    expect(p.malloc(100000)).toBe("main+0xaf0");
    expect(p.malloc(40000)).toBe("main+0x191a0");
    expect(p.brk).toBe(0x43000);
  });

  it("2.43 begins without a tcache struct", () => {
    const p = process("2.43");
    expect(mallocs(p, 24, 24)).toEqual(main(0x10, 0x30));
  });
});

it("example 2: the tcache is LIFO", () => {
  const p = process("2.36");
  expect(mallocs(p, 24, 24)).toEqual(main(0x2a0, 0x2c0));
  p.free("main+0x2a0", "main+0x2c0");
  expect(mallocs(p, 24, 24)).toEqual(main(0x2c0, 0x2a0));
});

const NINE = times(9, (i) => `#${i}`);

function nineFreed(glibc: string): Process {
  const p = process(glibc);
  for (const name of NINE) {
    p.malloc(24, name);
  }
  p.free(...NINE);
  return p;
}

it("example 3: a fastbin hit stashes the rest of its bin, which reverses it", () => {
  const p = nineFreed("2.36");
  expect(p.fastbin(32)).toEqual(main(0x3a0, 0x380));
  expect(times(9, () => p.malloc(24))).toEqual(
    main(0x360, 0x340, 0x320, 0x300, 0x2e0, 0x2c0, 0x2a0, 0x3a0, 0x380),
  );
});

describe("example 4: calloc and the tcache", () => {
  it("2.36: calloc does not use it", () => {
    const p = nineFreed("2.36");
    expect(times(3, () => p.calloc(24))).toEqual(main(0x3a0, 0x380, 0x3c0));
    expect(p.malloc(24)).toBe("main+0x360");
  });

  it.each([
    ["2.41", main(0x360, 0x340)],
    ["2.43", main(0x110, 0xf0)],
  ])("%s: calloc uses it", (glibc, blocks) => {
    const p = nineFreed(glibc);
    expect(times(2, () => p.calloc(24))).toEqual(blocks);
  });
});

it("example 5: two chunks merge, are binned, and are split by the binmap search; a remainder too small is binned", () => {
  const p = process("2.36");
  expect(NINE.map((name) => p.malloc(200, name))).toEqual(
    main(...Array.from({ length: 9 }, (_, i) => 0x2a0 + i * 0xd0)),
  );
  expect(p.malloc(24)).toBe("main+0x9f0");
  p.free(...NINE);
  expect([p.unsorted(), p.binBytes(1)]).toEqual([["main+0x850"], [416]]);
  expect(mallocs(p, 200, 300, 150)).toEqual(main(0x780, 0x850, 0xa10));
});

it("example 6: small requests are cut from the last remainder", () => {
  const p = process("2.36");
  expect(mallocs(p, 1500, 24)).toEqual(main(0x2a0, 0x890));
  p.free("main+0x2a0");
  expect(mallocs(p, 1000, 300, 100, 24)).toEqual(main(0x2a0, 0x690, 0x7d0, 0x840));
});

describe("example 7: a small free beside the last remainder", () => {
  it.each([
    ["2.31", 0, main(0xaa0, 0x690)],
    ["2.36", 0, main(0xaa0, 0x690)],
    ["2.41", 0, main(0x690, 0x760)],
    ["2.43", 0x290, main(0x400, 0x4d0)],
  ])("%s", (glibc, lower, served) => {
    const p = process(glibc);
    const first = main(0x2a0 - lower, 0xa80 - lower, 0xaa0 - lower, 0xbe0 - lower);
    expect(mallocs(p, 2000, 24, 300, 24)).toEqual(first);
    const seven = times(7, (i) => `cached${i}`);
    for (const name of seven) {
      p.malloc(300, name);
    }
    p.free(...seven);
    p.free(first[0]!);
    expect(p.malloc(1000)).toBe(first[0]);
    p.free(first[2]!);
    expect(mallocs(p, 200, 150)).toEqual(served);
  });
});

describe("example 8: exact fits from the back of unsorted, then the smallest large chunk", () => {
  function fourFreed(glibc: string): Process {
    const p = process(glibc);
    const big = [5000, 5000, 5008, 6000].map((size) => {
      const block = p.malloc(size);
      p.malloc(24);
      return block;
    });
    p.free(...big);
    return p;
  }

  it("2.36", () => {
    const p = fourFreed("2.36");
    expect(p.unsorted()).toEqual(main(0x3dc0, 0x2a00, 0x1650, 0x2a0));
    expect(mallocs(p, 4990, 4990, 100, 100)).toEqual(main(0x2a0, 0x1650, 0x2a00, 0x2a70));
  });

  it("2.43: the tcache struct, allocated at the first exact fit, uses the second chunk", () => {
    expect(mallocs(fourFreed("2.43"), 4990, 4990)).toEqual(main(0x10, 0x2770));
  });

  it("2.44: exact fits are returned without making a struct", () => {
    const p = fourFreed("2.44");
    expect(mallocs(p, 4990, 4990, 100, 100)).toEqual(main(0x10, 0x13c0, 0x2770, 0x27e0));
  });
});

describe("example 9: the tail that realloc splits off", () => {
  it("2.36: it is cached", () => {
    const p = process("2.36");
    expect(p.malloc(1000, "a")).toBe("main+0x2a0");
    expect(p.realloc("a", 100)).toBe("main+0x2a0");
    expect(p.tcache(896)).toEqual(main(0x310));
    expect(p.malloc(800)).toBe("main+0x690");
    expect(p.malloc(880)).toBe("main+0x310");
  });

  it("2.43: it is in its small bin", () => {
    const p = process("2.43");
    p.malloc(1000, "a");
    // a chunk next to top would merge into it
    p.malloc(24);
    p.realloc("a", 100);
    expect(p.malloc(800)).toBe("main+0x80");
  });
});

describe("example 10: memalign", () => {
  it.each([
    ["2.36", main(0x40, 0x380, 0x10)],
    ["2.41", main(0x40, 0x10, 0x340)],
    ["2.43", main(0x40, 0x10, 0xb0)],
  ])("%s: lead and tail of a first call", (glibc, blocks) => {
    const p = process(glibc);
    expect([p.memalign(64, 100), p.malloc(24), p.malloc(40)]).toEqual(blocks);
  });

  it.each([
    ["2.36", 0xe00],
    ["2.41", 0xd00],
  ])("%s: a lead and a tail of free chunks", (glibc, second) => {
    const p = process(glibc);
    expect(mallocs(p, 2000, 24, 2000, 24)).toEqual(main(0x2a0, 0xa80, 0xaa0, 0x1280));
    p.free("main+0x2a0", "main+0xaa0");
    const aligned = [p.memalign(256, 500), p.memalign(256, 500)];
    expect(aligned).toEqual(main(0xb00, second));
    expect(p.malloc(1000)).toBe("main+0x2a0");
  });
});

it("example 11: dynamic thresholds keep a top of 0x115000, and trim one of 0x206d70", () => {
  const p = process("2.36");
  expect(p.malloc(1000000)).toBe("mmapped+0x10");
  expect(p.mapping("mmapped+0x10").totalBytes).toBe(0xf5000);
  p.free("mmapped+0x10");
  expect([p.m.par.mmapThreshold, p.m.par.trimThreshold]).toEqual([0xf5000, 0x1ea000]);
  expect(p.malloc(1000000)).toBe("main+0x2a0");
  p.free("main+0x2a0");
  expect(p.brk).toBe(0x115000);
  expect(mallocs(p, 1000000, 990000)).toEqual(main(0x2a0, 0xf44f0));
  expect(p.brk).toBe(0x207000);
  p.free("main+0x2a0");
  expect(p.brk).toBe(0x207000);
  p.free("main+0xf44f0");
  expect(p.brk).toBe(0x21000);
});

describe("example 12: the program moves the break", () => {
  it("the free of the old top trims the new one, and malloc returns NULL (T8)", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1000000" });
    expect(p.malloc(100)).toBe("main+0x2a0");
    p.sbrk(4096);
    expect(p.malloc(140000)).toBe("NULL");
    expect(p.malloc(140000)).toBe("main+0x22010");
    expect(p.brk).toBe(0x65000);
    expect(p.malloc(24)).toBe("main+0x310");
  });

  it("without the setting, a new stretch begins at the moved break", () => {
    const p = process("2.36");
    expect(p.malloc(100)).toBe("main+0x2a0");
    p.sbrk(4096);
    expect(mallocs(p, 60000, 60000, 60000)).toEqual(main(0x310, 0xed80, 0x22010));
    expect(p.brk).toBe(0x52000);
    expect(p.malloc(24)).toBe("main+0x1d7f0");
  });
});

describe("example 13: an arena passes to the next thread", () => {
  it("2.36", () => {
    const p = process("2.36");
    expect(p.malloc(100)).toBe("main+0x2a0");
    const first = p.threadWithDtv();
    expect(mallocs(first, 100, 100, 2000)).toEqual(arena1(0xb70, 0xbe0, 0xc50));
    first.exit();
    // The second pthread_create reuses the stack, and with it the DTV.
    const second = p.thread();
    expect(second.malloc(50)).toBe("arena1+0x1430");
    expect(p.malloc(20)).toBe("main+0x430");
  });

  it.each([
    ["2.31", 0xb60],
    ["2.36", 0xb70],
    ["2.43", 0x880],
  ])("%s: the first block of an arena", (glibc, offset) => {
    const p = process(glibc);
    expect(p.thread().malloc(100)).toBe(arena1(offset)[0]);
  });

  it("2.36: a heap grows by the need, without pad", () => {
    const p = process("2.36");
    const t = p.thread();
    t.malloc(60000);
    expect(p.heap(1).size).toBe(0x21000);
    mallocs(t, 60000, 60000);
    expect(p.heap(1).size).toBe(0x2d000);
    expect(p.resident(1)).toEqual([0, 15, 30, 44]);
  });
});

it("example 14: an arena's heap shrinks", () => {
  const p = process("2.36");
  const t = p.thread();
  mallocs(t, 100, 100, 100);
  const big = mallocs(t, 100000, 100000, 100000);
  expect(big).toEqual(arena1(0xcc0, 0x19370, 0x31a20));
  expect(p.heap(1).size).toBe(0x4b000);
  t.free(...big);
  expect([p.heap(1).size, p.heap(1).mprotectSize]).toEqual([0x21000, 0x4b000]);
  expect(p.resident(1)).toEqual([0, 25]);
});

it("example 15: block #559 of 120000 bytes opens the second heap", () => {
  const p = process("2.36", {}, { unchecked: true });
  const t = p.thread();
  const blocks = times(560, () => t.malloc(120000));
  expect(blocks.findIndex((block) => block.startsWith("arena1.heap2"))).toBe(559);
  expect(blocks[559]).toBe("arena1.heap2+0x40");
  expect(p.heap(1, 2).size).toBe(0x3e000);
});

it("example 16: three arenas are assigned to threads in turn", () => {
  const p = process("2.36", { MALLOC_ARENA_MAX: "3" });
  p.malloc(1);
  const arenas = times(8, () => {
    const t = p.thread();
    t.malloc(1);
    return t.arena ?? "";
  });
  const [a1, a2] = ["arena1", "arena2"];
  expect(arenas).toEqual([a1, a2, "main", a2, a1, "main", a2, a1]);
});

it("example 17: malloc_trim drops the whole pages of free chunks, then the top", () => {
  const p = process("2.36", {}, { touch: "all" });
  expect(mallocs(p, 20000, 20000, 20000, 24)).toEqual(main(0x2a0, 0x50d0, 0x9f00, 0xed30));
  const before = p.resident(0, 1, "touched");
  p.free("main+0x50d0");
  p.trim(0);
  expect(p.resident(0, 1, "touched")).toEqual(before.filter((page) => page < 6 || page > 8));
  p.free("main+0x2a0", "main+0x9f00");
  p.trim(0);
  expect(p.resident(0, 1, "touched")).toEqual([0, 14]);
  expect(p.brk).toBe(0xf000);
});

it("example 18: an untouched block makes the page of the next header resident", () => {
  const p = process("2.36");
  p.malloc(40000, "first");
  expect(p.resident()).toEqual([0, 9]);
  p.malloc(20000);
  expect(p.resident()).toEqual([0, 9, 14]);
  p.free("first");
  p.malloc(30000);
  expect(p.resident()).toEqual([0, 7, 9, 14]);
});

it("example 19: realloc of a mapped block keeps it mapped, however small", () => {
  const p = process("2.36");
  p.malloc(200000, "a");
  const sizes = [200000, 300000, 100000, 1000].map((size) => {
    expect(p.realloc("a", size)).toBe("mmapped+0x10");
    return p.mapping("a").totalBytes;
  });
  expect(sizes).toEqual([0x31000, 0x4a000, 0x19000, 0x1000]);
});

describe("example 20: memalign of a mapped block", () => {
  it.each([
    ["2.36", [0x40, 0x40, 0x1000]],
    ["2.43", [0x20, 0x40, 0x1000]],
  ])("%s", (glibc, offsets) => {
    const p = process(glibc);
    const blocks = [32, 64, 4096].map((alignment) => p.memalign(alignment, 200000));
    expect(blocks).toEqual(offsets.map((offset) => `mmapped+0x${offset.toString(16)}`));
  });
});

describe("example 21: a heap is deleted while it is being created (T8)", () => {
  function nearlyFullHeap() {
    const p = process("2.36", {
      MALLOC_MMAP_THRESHOLD_: "33554432",
      MALLOC_TRIM_THRESHOLD_: "33554432",
    });
    p.malloc(24);
    const t = p.threadWithDtv();
    expect(mallocs(t, 30000000, 29000000, 5000000)).toEqual(arena1(0xb70, 0x1c9cf00, 0x3845050));
    return { p, t };
  }

  it("the request uses the main arena", () => {
    const { t } = nearlyFullHeap();
    t.free("arena1+0x3845050");
    expect(mallocs(t, 9000000, 24, 100)).toEqual(["main+0x3e0", ...arena1(0x3845050, 0x3845070)]);
  });

  it("with a small old top the second heap stays", () => {
    const { p, t } = nearlyFullHeap();
    expect(t.malloc(9000000)).toBe("arena1.heap2+0x40");
    expect(p.heap(1, 2).size).toBe(0x8b6000);
    expect(t.malloc(24)).toBe("arena1+0x3d09ba0");
  });
});

it("example 22: a block of another arena goes to the tcache of the thread that frees it (T10)", () => {
  const p = process("2.36");
  const blocks = times(10, () => p.malloc(100));
  expect(blocks[3]).toBe("main+0x3f0");
  const t = p.thread();
  t.free("main+0x3f0");
  expect(t.arena).toBe("arena1");
  expect(mallocs(t, 100, 100)).toEqual(["main+0x3f0", "arena1+0xb70"]);
});

describe("example 23: a series of memalign calls", () => {
  it.each([
    ["2.31", main(0x2a0, 0x2c0, 0x380, 0x360, 0x400, 0x480, 0x500, 0x430)],
    ["2.36", main(0x2a0, 0x2c0, 0x380, 0x360, 0x400, 0x480, 0x500, 0x430)],
    ["2.41", main(0x2a0, 0x2c0, 0x340, 0x2f0, 0x310, 0x3c0, 0x480, 0x370)],
    ["2.43", main(0x10, 0x80, 0x100, 0x30, 0x50, 0x440, 0x500, 0xb0)],
  ])("%s", (glibc, blocks) => {
    const p = process(glibc);
    expect([
      p.malloc(24),
      p.memalign(64, 40),
      p.memalign(64, 40),
      p.malloc(24),
      p.malloc(40),
      p.memalign(64, 40),
      p.memalign(128, 1000),
      p.malloc(64),
    ]).toEqual(blocks);
  });
});

describe("example 24: memalign out of a free chunk", () => {
  const early = main(0x2a0, 0x2c0, 0x1650, 0x1000);
  it.each([
    ["2.31", early, main(0x2c0, 0x16a0, 0x1360)],
    ["2.36", early, main(0x2c0, 0x16a0, 0x1360)],
    ["2.41", early, main(0x1070, 0x2c0, 0xe80)],
    ["2.43", main(0x10, 0x30, 0x13c0, 0x1000), main(0x30, 0x13e0, 0x1070)],
  ])("%s", (glibc, first, rest) => {
    const p = process(glibc);
    const blocks = mallocs(p, 24, 5000, 24);
    p.free(blocks[1]!);
    expect([...blocks, p.memalign(4096, 100)]).toEqual(first);
    expect([p.malloc(1000), p.memalign(32, 3000), p.malloc(100)]).toEqual(rest);
  });
});

describe("example 25: the tcache struct is allocated late since 2.43", () => {
  it("at the first exact fit, with 784 bytes", () => {
    const p = process("2.43");
    expect(mallocs(p, 2000, 24)).toEqual(main(0x10, 0x7f0));
    p.free("main+0x10");
    expect(mallocs(p, 2000, 24)).toEqual(main(0x10, 0xb20));
  });

  it("at the first small free, with 768 bytes", () => {
    const p = process("2.43");
    expect(mallocs(p, 24, 24)).toEqual(main(0x10, 0x30));
    p.free("main+0x10");
    expect(mallocs(p, 24, 2000)).toEqual(main(0x10, 0x350));
  });

  it("2.44: not at an exact fit", () => {
    const p = process("2.44");
    expect(mallocs(p, 2000, 24)).toEqual(main(0x10, 0x7f0));
    p.free("main+0x10");
    expect(mallocs(p, 2000, 24)).toEqual(main(0x10, 0x810));
  });

  it.each([
    ["2.43", 0x930, 0xb30],
    ["2.44", 0x620, 0x820],
  ])("%s: nor when the fit is a remainder", (glibc, ...next) => {
    const p = process(glibc);
    expect(mallocs(p, 1500, 24)).toEqual(main(0x10, 0x600));
    p.free("main+0x10");
    expect(mallocs(p, 1000, 496, 500, 24)).toEqual(main(0x10, 0x400, ...next));
  });
});

describe("example 27: remainders of two free chunks, of which one is an exact fit", () => {
  it.each([
    ["2.43", [0x320, 0x950, 0xa90, 0x440]],
    ["2.44", [0x950, 0x10, 0x130, 0x250]],
  ])("%s", (glibc, next) => {
    const p = process(glibc);
    expect(mallocs(p, 1300, 24, 1300, 24)).toEqual(main(0x10, 0x530, 0x550, 0xa70));
    p.free("main+0x10", "main+0x550");
    expect(mallocs(p, 1016, 272, 272, 272, 24)).toEqual(main(0x550, ...next));
  });
});

describe("example 26: the first request of a thread", () => {
  it.each(["2.27", "2.31", "2.36", "2.39", "2.41"])("%s: malloc(1000000) is mapped", (glibc) => {
    const t = process(glibc).thread();
    expect(t.malloc(1000000, "big")).toBe("mmapped+0x10");
    expect(t.mapping("big").totalBytes).toBe(0xf5000);
  });

  it.each([
    ["2.17", 0x8c0],
    ["2.23", 0x8c0],
    ["2.42", 0x8e0],
    ["2.43", 0x880],
  ])("%s: malloc(1000000) determines the size of the new heap", (glibc, offset) => {
    const p = process(glibc);
    expect(p.thread().malloc(1000000)).toBe(arena1(offset)[0]);
    expect(p.heap(1).size).toBe(0x115000);
  });

  it.each([
    ["2.17", 0x8c0],
    ["2.23", 0x8c0],
    ["2.27", 0x900],
    ["2.31", 0x900],
    ["2.36", 0x900],
    ["2.39", 0x900],
    ["2.41", 0x900],
    ["2.42", 0x900],
    ["2.43", 0x880],
  ])("%s: so does memalign(64, 1000000)", (glibc, offset) => {
    expect(process(glibc).thread().memalign(64, 1000000)).toBe(arena1(offset)[0]);
  });
});
