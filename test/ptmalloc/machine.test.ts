import { describe, expect, it } from "vitest";
import { hugePageBytes, type Machine, thpPageOf, X86_64 } from "../../src/ptmalloc/machine.ts";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import { PLANE_ALL } from "../../src/ptmalloc/resident.ts";
import { planesOf } from "../support/heap-pages.ts";
import type { Calls } from "../support/model-calls.ts";
import { type Process, process, times } from "../support/model-driver.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const ARM64: Partial<Machine> = { arch: "aarch64" };
const LARGE_PAGES: Partial<Machine> = { arch: "aarch64", pageBytes: 64 * KIB };
/** Frees blocks b0, b1 … */
function freeAll(calls: Calls, count: number): void {
  for (let i = 0; i < count; i++) {
    calls.free(`b${i}`);
  }
}

const HUGETLB = { "glibc.malloc.hugetlb": "1" };

describe("malloc's THP page (§10.6)", () => {
  const unit = (glibc: string, machine: Partial<Machine>, hugetlb: number | null) =>
    thpPageOf(profileOf(glibc)!, { ...X86_64, ...machine }, hugetlb);

  it("is 2 MiB by default on aarch64 since 2.43, whatever the kernel's pages and mode", () => {
    expect(unit("2.43", ARM64, null)).toBe(2 * MIB);
    expect(unit("2.44", LARGE_PAGES, null)).toBe(2 * MIB);
    expect(unit("2.43", { ...ARM64, thp: "never" }, null)).toBe(2 * MIB);
    expect(unit("2.42", ARM64, null)).toBe(0);
    expect(unit("2.43", {}, null)).toBe(0);
  });

  it("is none with hugetlb=0", () => {
    expect(unit("2.43", ARM64, 0)).toBe(0);
  });

  it("is a huge page of the kernel with hugetlb=1, up to 2.42 in mode madvise only", () => {
    const modes = ["always", "madvise", "never"] as const;
    expect(modes.map((thp) => unit("2.36", { thp }, 1))).toEqual([0, 2 * MIB, 0]);
    expect(modes.map((thp) => unit("2.44", { thp }, 1))).toEqual([2 * MIB, 2 * MIB, 0]);
    expect(unit("2.36", LARGE_PAGES, 1)).toBe(512 * MIB);
    expect(unit("2.34", {}, 1)).toBe(0);
  });

  it("has as many pages as addresses of 8 bytes fill a page", () => {
    expect([4, 16, 64].map((kib) => hugePageBytes(kib * KIB))).toEqual([
      2 * MIB,
      32 * MIB,
      512 * MIB,
    ]);
  });
});

describe("with pages of 64 KiB", () => {
  const start = (glibc = "2.36") => process(glibc, {}, { machine: LARGE_PAGES, touch: "all" });

  it("the break moves by whole pages (§3.8)", () => {
    const p = start();
    p.malloc(24);
    expect(p.brk).toBe(0x30000);
  });

  it("mappings are whole pages, and stay while realloc needs no more (§3.8, §5.1)", () => {
    const p = start();
    expect(p.malloc(200000, "a")).toBe("mmapped+0x10");
    expect(p.mapping("a").totalBytes).toBe(256 * KIB);
    p.realloc("a", 250000);
    expect(p.mapping("a").totalBytes).toBe(256 * KIB);
    p.realloc("a", 270000);
    expect(p.mapping("a").totalBytes).toBe(320 * KIB);
  });

  it("valloc aligns to a page, and pvalloc rounds up to pages (§5.3)", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1000000" }, { machine: LARGE_PAGES });
    expect(p.valloc(1)).toBe("main+0x10000");
    expect(p.pvalloc(1)).toBe("main+0x20000");
    expect(p.malloc(65520)).toBe("main+0x30010");
  });

  it("a heap begins with three pages, and grows by pages (§6.3)", () => {
    const p = start();
    const t = p.thread();
    t.malloc(100);
    const [heap] = p.m.arenas[1]!.heaps;
    expect(heap!.size).toBe(0x30000);
    t.malloc(120000);
    t.malloc(120000);
    expect(heap!.size).toBe(0x40000);
  });

  it("trims give back whole pages (§4.5)", () => {
    const p = start();
    times(4, (i) => p.malloc(100000, `b${i}`));
    const grown = p.brk;
    freeAll(p, 4);
    expect((grown - p.brk) % (64 * KIB)).toBe(0);
    expect(p.brk).toBeLessThan(grown);
  });

  it("malloc_trim drops whole pages within free chunks only (§7)", () => {
    const p = start();
    p.malloc(100000, "small");
    p.malloc(24);
    p.malloc(130000, "large");
    p.malloc(24);
    p.free("small");
    p.free("large");
    const before = p.m.resident.pagesIn(PLANE_ALL);
    p.trim(0);
    // Of 0x10000 to 0x18940 no page is whole; of the larger chunk, up to 0x38510, one is.
    expect(before - p.m.resident.pagesIn(PLANE_ALL)).toBe(16);
  });

  it("a page counts as 16 of 4096 bytes in RSS (§9)", () => {
    const p = start();
    p.malloc(24);
    expect(p.m.resident.pagesIn(PLANE_ALL)).toBe(16);
  });
});

describe("in units of 2 MiB (aarch64, 2.43 and later)", () => {
  const start = (settings = {}, breakBase = 0x21000): Process =>
    process("2.43", settings, { machine: ARM64, breakBase });

  // [ran arm64 2.43, 2.44]
  it("the break ends at a multiple of the unit", () => {
    const p = start();
    p.malloc(100);
    expect(p.brk).toBe(0x1df000);
    times(20, () => p.malloc(100000));
    expect(p.brk).toBe(0x1df000 + 2 * MIB * Math.ceil((20 * 100016 - 0x1df000) / (2 * MIB)));
  });

  // [ran arm64 2.43, 2.44]
  it("64 × 100000 freed bytes stay until malloc_trim, which gives back whole units", () => {
    const p = start();
    times(64, (i) => p.malloc(100000, `b${i}`));
    const grown = p.brk;
    freeAll(p, 64);
    const freed = grown - p.brk;
    expect(freed % (2 * MIB)).toBe(0);
    expect((0x21000 + p.brk) % (2 * MIB)).toBe(0);
  });

  // [ran arm64 2.43, 2.44]
  it("a request that x86_64 maps may still fit in top", () => {
    const allocated = (machine: Partial<Machine>) => {
      const p = process("2.43", {}, { machine, breakBase: 0x21000 });
      times(64, () => p.malloc(100000));
      return p.malloc(200000);
    };
    expect(allocated(ARM64)).toMatch(/^main/);
    expect(allocated({})).toBe("mmapped+0x10");
  });

  it("a thread's first heap has one unit, and grows and shrinks by units", () => {
    const p = start();
    const t = p.thread();
    t.malloc(100);
    const [heap] = p.m.arenas[1]!.heaps;
    expect(heap!.size).toBe(2 * MIB);
    times(30, (i) => t.malloc(100000, `b${i}`));
    expect(heap!.size).toBe(4 * MIB);
    freeAll(t, 30);
    expect(heap!.size).toBe(2 * MIB);
  });

  it("mappings are in pages", () => {
    const p = start();
    p.malloc(3 * MIB, "a");
    expect(p.mapping("a").totalBytes).toBe(3 * MIB + 4096);
  });

  it("hugetlb=0 restores the pages", () => {
    const p = start({ "glibc.malloc.hugetlb": "0" });
    p.malloc(100);
    expect(p.brk).toBe(0x21000);
    p.thread().malloc(100);
    expect(p.m.arenas[1]!.heaps[0]!.size).toBe(0x21000);
  });
});

describe("with hugetlb=1 on x86_64", () => {
  // [ran 2.36, 2.41]
  it("up to 2.42, the first growth is whole units unless something called sbrk before", () => {
    const first = (sbrk: number | null) => {
      const p = process("2.36", HUGETLB, { breakBase: 0x21000 });
      if (sbrk !== null) {
        p.m.foreignSbrk(sbrk);
      }
      p.malloc(100);
      return p.brk;
    };
    expect(first(null)).toBe(2 * MIB);
    expect(first(0)).toBe(0x1df000);
  });

  // [ran 2.36, 2.41]
  it("up to 2.42, later growths end at a multiple of the unit, and heaps are in pages", () => {
    const p = process("2.36", HUGETLB, { breakBase: 0x21000 });
    times(40, () => p.malloc(100000));
    expect((0x21000 + p.brk) % (2 * MIB)).toBe(0);
    p.thread().malloc(100);
    expect(p.m.arenas[1]!.heaps[0]!.size).toBe(0x21000);
  });

  // [ran 2.43, 2.44]
  it("since 2.43, the first growth ends at a multiple of the unit, and heaps are in units", () => {
    const p = process("2.43", HUGETLB, { breakBase: 0x21000 });
    p.malloc(100);
    expect(p.brk).toBe(0x1df000);
    p.thread().malloc(100);
    expect(p.m.arenas[1]!.heaps[0]!.size).toBe(2 * MIB);
  });

  it("RSS is an upper bound: the kernel may use huge pages (§9.1)", () => {
    expect(process("2.43", HUGETLB).m.hugePages).toBe(true);
    expect(process("2.43").m.hugePages).toBe(false);
  });

  it("a huge page lies at a multiple of its size, wherever the break began", () => {
    const p = process("2.43", HUGETLB, { breakBase: 0x21000 });
    times(24, () => p.malloc(100000));
    // The break began within a huge page. The first whole one begins at 0x200000 − 0x21000.
    const page = planesOf(p.m.breakHeap.pages, 0x1df, 0x3df);
    expect(page.every((planes) => planes !== 0)).toBe(true);
    expect(p.m.breakHeap.pages.get(0x1de)).toBe(0);
  });
});
