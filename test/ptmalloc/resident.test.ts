import { describe, expect, it } from "vitest";
import { EVERY_PLANE, PLANE_ALL, PLANE_NONE, PLANE_POLICY } from "../../src/ptmalloc/resident.ts";
import { planesOf } from "../support/heap-pages.ts";
import { process } from "../support/model-driver.ts";

describe("the planes (§9.3)", () => {
  it("writes of the allocator are in all of them; writes of the program in the given ones", () => {
    const p = process("2.36");
    p.malloc(40960, "a");
    expect(p.planes).toEqual([2, 2, 2]);
    p.write("a", 0, 4096);
    expect(p.planes).toEqual([2, 3, 3]);
    p.write("a", 0, 40960);
    expect(p.planes).toEqual([2, 11, 11]);
  });

  it("planes are independent", () => {
    const p = process("2.36");
    p.malloc(24);
    const c = p.m.malloc(40960);
    p.m.write(c, 0, 8192, PLANE_POLICY);
    p.m.write(c, 0, 20480, PLANE_ALL);
    expect(p.planes).toEqual([2, 4, 7]);
    const pages = planesOf(p.heap(0).pages, 0, 11);
    const both = PLANE_ALL | PLANE_POLICY;
    const header = EVERY_PLANE;
    const only = PLANE_ALL;
    expect(pages).toEqual([header, both, both, only, only, only, 0, 0, 0, 0, header]);
  });

  it("a range includes its first and last page and those between", () => {
    const p = process("2.36");
    p.malloc(40960, "a");
    p.write("a", 0x1000 - 0x2a0 - 1, 0x2000 - 0x2a0);
    expect(p.resident(0, 1, "touched")).toEqual([0, 1, 10]);
    p.write("a", 0x3100 - 0x2a0, 0x3100 - 0x2a0);
    expect(p.resident(0, 1, "touched")).toEqual([0, 1, 10]);
  });

  it("a page that is written twice counts once", () => {
    const p = process("2.36", {}, { touch: "all" });
    p.malloc(8192, "a");
    const { planes } = p;
    p.write("a", 0, 8192);
    expect(p.planes).toEqual(planes);
  });
});

describe("writes of the allocator (§9.2)", () => {
  it("the link words of a freed chunk, which may lie on another page than its header", () => {
    const p = process("2.36");
    // the header is at the end of a page, fd and bk at the start of the next
    p.malloc(0xff0 - 0x290 - 8);
    expect(p.malloc(8000, "a")).toBe("main+0x1000");
    p.malloc(8000);
    expect(p.resident()).toEqual([0, 2, 4]);
    p.free("a");
    expect(p.resident()).toEqual([0, 1, 2, 4]);
  });

  it("the whole tcache struct", () => {
    const p = process("2.36");
    p.memalign(32, 4096 - 0x100);
    expect(p.resident()).toEqual([0]);
    p.malloc(24);
    // from about 0xf60 into the next page
    expect(p.resident()).toEqual([0, 1]);
  });

  it("realloc copies all usable bytes, even those the program never wrote", () => {
    const p = process("2.36");
    p.malloc(30000, "a");
    p.malloc(24);
    p.realloc("a", 60000);
    expect(p.resident()).toEqual([0, 7, 8, 9, 10, 11, 12, 13, 14, 22]);
  });

  it("the first page of a new arena, and of a later heap", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "33554432" });
    const t = p.thread();
    t.malloc(30000000);
    expect(p.resident(1)).toEqual([0, Math.floor((0xb60 + 30000016) / 4096)]);
    t.malloc(30000000);
    t.malloc(9000000);
    expect(p.resident(1, 2)[0]).toBe(0);
  });

  it("under MALLOC_PERTURB_ whole blocks, on allocation and when they are freed to the arena", () => {
    const p = process("2.36", { MALLOC_PERTURB_: "1" });
    p.malloc(40000);
    expect(p.resident()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    p.malloc(200000, "mapped");
    expect(p.mapping("mapped").pages(PLANE_NONE)).toBe(49);
  });
});

describe("pages returned to the kernel (§9.1)", () => {
  it("those above a break that falls", () => {
    const p = process("2.36", {}, { touch: "all" });
    p.malloc(24);
    p.free(p.malloc(100000));
    p.trim(0);
    expect(p.planes).toEqual([1, 1, 1]);
  });

  it("those of a mapping", () => {
    const p = process("2.36", {}, { touch: "all" });
    p.malloc(24);
    const before = p.planes;
    p.malloc(200000, "a");
    expect(p.planes[2]).toBe(before[2] + 49);
    p.free("a");
    expect(p.planes).toEqual(before);
  });

  it("become resident again only with the next write", () => {
    const p = process("2.36", {}, { touch: "all" });
    p.malloc(24);
    p.free(p.malloc(100000));
    p.trim(0);
    p.malloc(50000, "again");
    expect(p.planes).toEqual([2, 13, 13]);
  });
});

describe("transparent huge pages (§9.1)", () => {
  it("a first write makes 512 pages resident if all are in the mapping: an upper bound", () => {
    const p = process("2.36");
    p.m.hugePages = true;
    p.malloc(5 * 2 ** 20, "a");
    expect(p.mapping("a").pages(PLANE_NONE)).toBe(512);
    p.write("a", 0, 4 * 2 ** 20);
    // two huge pages, and part of the remaining ones
    expect(p.mapping("a").pages(PLANE_ALL)).toBe(1025);
  });

  it("the break area has them once it is large enough, but not above the break", () => {
    const p = process("2.36", { MALLOC_TOP_PAD_: String(3 * 2 ** 20) });
    p.m.hugePages = true;
    p.malloc(24);
    expect(p.planes).toEqual([512, 512, 512]);
  });

  it("a small heap has none", () => {
    const p = process("2.36");
    p.m.hugePages = true;
    p.malloc(24);
    expect(p.planes).toEqual([1, 1, 1]);
  });
});
