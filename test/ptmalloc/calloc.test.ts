import { describe, expect, it } from "vitest";
import { main, process, times } from "../support/model-driver.ts";

const range = (from: number, to: number): number[] =>
  times(to - from + 1, (i) => `${from + i}`).map(Number);

describe("calloc clears (§5.2)", () => {
  it("what was in top before the call, and 8 bytes of what the kernel supplied during it (T22)", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1000000" });
    p.malloc(10);
    p.calloc(300000);
    expect(p.resident()).toEqual([...range(0, 33), 73]);
  });

  it("untouched memory within top, too (T22)", () => {
    const p = process("2.36");
    p.malloc(10);
    p.calloc(50000);
    expect(p.resident()).toEqual(range(0, 12));
  });

  it("everything under MALLOC_PERTURB_", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1000000", MALLOC_PERTURB_: "1" });
    p.malloc(10);
    p.calloc(300000);
    expect(p.resident()).toEqual(range(0, 73));
  });

  it("memory above the end of a shrunken heap that was writable before, since it may hold old data", () => {
    const p = process("2.36");
    const t = p.thread();
    const blocks = times(3, () => t.malloc(100000));
    t.free(...blocks);
    const { size, mprotectSize } = p.heap(1);
    t.calloc(120000);
    const last = Math.floor((0xb70 + 120000) / 4096);
    expect(size).toBeLessThan(mprotectSize);
    expect(p.resident(1)).toEqual(range(0, last));
    const fresh = process("2.36");
    const u = fresh.thread();
    u.malloc(110000);
    u.calloc(120000);
    const untouched = fresh.resident(1);
    expect(untouched.length).toBeLessThan(15);
  });

  it("nothing of a mapping, except under MALLOC_PERTURB_", () => {
    const pages = [{}, { MALLOC_PERTURB_: "1" }].map((settings) => {
      const p = process("2.36", settings);
      p.malloc(10);
      p.calloc(200000, "mapped");
      return p.mapping("mapped").pages(2);
    });
    expect(pages).toEqual([1, 49]);
  });

  it("all usable bytes of a free chunk", () => {
    const p = process("2.36");
    const block = p.malloc(50000);
    p.malloc(24);
    p.free(block);
    p.calloc(40000);
    expect(p.resident()).toEqual([...range(0, 9), 12]);
  });

  it.each([
    ["2.17", 49],
    ["2.31", 49],
    ["2.34", 1],
    ["2.36", 1],
  ])(
    "%s: everything if it is the process's first call, which runs the initial hook",
    (glibc, pages) => {
      const p = process(glibc);
      p.calloc(200000, "mapped");
      expect(p.mapping("mapped").pages(2)).toBe(pages);
      p.calloc(200000, "second");
      expect(p.mapping("second").pages(2)).toBe(1);
    },
  );

  it("2.31: realloc removes the initial hook for calloc", () => {
    const p = process("2.31");
    p.memalign(4096, 0, "a");
    p.realloc("a", 1);
    p.free("a");
    // The hook's malloc would take the cached chunk at 0x1000.
    expect(p.calloc(0)).toBe("main+0x2a0");
  });

  it("2.31: malloc removes the initial hook for calloc; mallopt, memalign and free do not", () => {
    const untouched = process("2.31");
    untouched.memalign(64, 100);
    untouched.calloc(200000, "mapped");
    expect(untouched.mapping("mapped").pages(2)).toBe(49);
    const p = process("2.31");
    p.malloc(10);
    p.calloc(200000, "mapped");
    expect(p.mapping("mapped").pages(2)).toBe(1);
  });
});

describe("calloc and the tcache (§5.2)", () => {
  it.each([
    ["2.36", main(0x2c0)],
    ["2.40", main(0x2c0)],
    ["2.41", main(0x2a0)],
    ["2.42", main(0x310)],
    ["2.43", main(0x10)],
  ])("%s: the block that calloc returns if one of its size is cached", (glibc, [block]) => {
    const p = process(glibc);
    p.free(p.malloc(24));
    expect(p.calloc(24)).toBe(block);
  });

  it("an exact fit from the unsorted bin may still pass through the tcache", () => {
    const p = process("2.36");
    const blocks = times(8, () => {
      const block = p.malloc(200);
      p.malloc(24);
      return block;
    });
    p.free(...blocks);
    times(7, () => p.malloc(200));
    expect(p.calloc(200)).toBe(blocks[7]);
  });
});
