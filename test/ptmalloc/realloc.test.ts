import { describe, expect, it } from "vitest";
import { main, process } from "../support/model-driver.ts";

describe("realloc to a smaller size (§5.1)", () => {
  it("a remainder below 32 bytes stays with the block", () => {
    const p = process("2.36");
    p.malloc(120, "a");
    expect([p.realloc("a", 104), p.chunkBytes("a")]).toEqual(["main+0x2a0", 128]);
    expect([p.realloc("a", 88), p.chunkBytes("a")]).toEqual(["main+0x2a0", 96]);
    expect(p.tcache(32)).toEqual(main(0x300));
  });

  it("0 bytes leave the smallest chunk: another allocator's realloc to 0 returns a live block", () => {
    const p = process("2.36");
    const block = p.malloc(1000, "a");
    expect(p.realloc("a", 0)).toBe(block);
    p.free("a");
    expect(p.malloc(1)).toBe(block);
  });

  it("the remainder merges with a free chunk above if the tcache does not take it", () => {
    const p = process("2.36");
    p.malloc(3000, "a");
    const above = p.malloc(3000);
    p.malloc(24);
    p.free(above);
    p.realloc("a", 1000);
    expect([p.unsorted(), p.binBytes(1)]).toEqual([main(0x690), [2000 + 3008]]);
  });

  it("the remainder may merge into top, which may trim it", () => {
    const p = process("2.36");
    p.malloc(130000, "a");
    p.malloc(130000, "b");
    const { brk } = p;
    p.realloc("b", 100);
    expect(p.top()).toBe(p.brk - 0x290 - 130016 - 112);
    expect(p.brk).toBeLessThan(brk);
  });

  it.each([
    ["2.36", 64],
    ["2.37-tag", 5008],
    ["2.39", 64],
  ])("%s: realloc from 5000 bytes to 50 keeps a chunk of %d", (glibc, left) => {
    const p = process(glibc);
    p.malloc(5000, "a");
    p.realloc("a", 50);
    expect(p.chunkBytes("a")).toBe(left);
  });

  it("the 2.37 tag splits off a remainder above the trim threshold", () => {
    const p = process("2.37-tag", { MALLOC_TRIM_THRESHOLD_: "4000" });
    p.malloc(5000, "a");
    p.realloc("a", 50);
    expect(p.chunkBytes("a")).toBe(64);
  });
});

describe("realloc to a larger size (§5.1)", () => {
  it("grows into top if 32 bytes of it are left (T3)", () => {
    const p = process("2.36", { MALLOC_TOP_PAD_: "0" });
    p.malloc(24, "a");
    const room = p.top();
    expect(p.realloc("a", 24 + room - 32)).toBe("main+0x2a0");
    expect([p.top(), p.brk]).toEqual([32, 0x1000]);
    // 16 bytes more, and top is too small: sysmalloc supplies a new block
    p.realloc("a", 24 + room - 16);
    expect(p.brk).toBe(0x2000);
  });

  it("grows into a free chunk above, whose remainder is freed", () => {
    const p = process("2.36");
    p.malloc(100, "a");
    const above = p.malloc(3000);
    p.malloc(24);
    p.free(above);
    expect(p.realloc("a", 1000)).toBe("main+0x2a0");
    expect([p.chunkBytes("a"), p.unsorted(), p.binBytes(1)]).toEqual([
      1008,
      main(0x690),
      [112 + 3008 - 1008],
    ]);
  });

  it("takes all of it if less than 32 bytes would be left", () => {
    const p = process("2.36");
    p.malloc(100, "a");
    const above = p.malloc(3000);
    p.malloc(24);
    p.free(above);
    p.realloc("a", 112 + 3008 - 8 - 16);
    expect([p.chunkBytes("a"), p.unsorted()]).toEqual([112 + 3008, []]);
  });

  it("does not grow into a cached chunk above, which counts as in use", () => {
    const p = process("2.36");
    p.malloc(100, "a");
    p.free(p.malloc(500));
    expect(p.realloc("a", 300)).toBe("main+0x510");
  });

  it("moves: the old block is freed to the tcache up to 2.41, to the arena since 2.42 (§3.9)", () => {
    const cached = ["2.36", "2.41", "2.42", "2.43"].map((glibc) => {
      const p = process(glibc);
      const a = p.malloc(200, "a");
      p.malloc(24);
      p.realloc("a", 2000);
      return p.tcache(208).includes(a);
    });
    expect(cached).toEqual([true, true, false, false]);
  });

  it("never moves into a cached chunk", () => {
    const p = process("2.36");
    const cached = p.malloc(200);
    p.malloc(24, "a");
    p.malloc(24);
    p.free(cached);
    expect(p.realloc("a", 200)).toBe("main+0x3b0");
  });

  it("stays in the arena of the block, whichever thread calls (§5.1)", () => {
    const p = process("2.36");
    p.malloc(100, "a");
    p.malloc(24);
    const t = p.thread();
    t.malloc(24);
    expect(t.realloc("a", 2000)).toMatch(/^main\+/);
    expect(t.tcache(112)).toEqual(["main+0x2a0"]);
  });

  it("merges with the new chunk if sysmalloc extended top directly above; the surplus is freed (T24)", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1000000" });
    p.malloc(100, "a");
    expect(p.realloc("a", 140000)).toBe("main+0x2a0");
    expect(p.chunkBytes("a")).toBe(140016);
    // 112 bytes, the old size, are left
    expect(p.tcache(112)).toEqual(main(0x290 + 140016 + 16));
  });

  it("moves to a mapping from the mmap threshold on", () => {
    const p = process("2.36");
    p.malloc(100, "a");
    p.malloc(24);
    expect(p.realloc("a", 200000)).toBe("mmapped+0x10");
    expect(p.tcache(112)).toEqual(main(0x2a0));
  });

  it("NULL leaves the block as it was", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1000000" });
    const a = p.malloc(100, "a");
    p.malloc(24);
    p.sbrk(4096);
    expect(p.realloc("a", 140000)).toBe("NULL");
    expect(p.chunkBytes("a")).toBe(112);
    expect(p.realloc("a", 90)).toBe(a);
  });

  it("moves to another arena if that of the block has no memory, in a process with several threads", () => {
    const p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "1000000" });
    p.malloc(100, "a");
    p.malloc(24);
    p.thread().malloc(24);
    p.sbrk(4096);
    expect(p.realloc("a", 140000)).toBe("main+0x22010");
    expect(p.tcache(112)).toEqual(main(0x2a0));
  });
});

describe("realloc of a mapped block (§5.1)", () => {
  it.each([
    [200000, 0x31000],
    [200681, 0x32000],
    [100, 0x1000],
  ])("to %d bytes: mremap to %d", (bytes, total) => {
    const p = process("2.36");
    p.malloc(300000, "a");
    p.realloc("a", bytes);
    expect(p.mapping("a").totalBytes).toBe(total);
    expect([p.m.mappedBlocks, p.m.mappedBytes]).toEqual([1, total]);
  });

  it("keeps memalign's lead", () => {
    const p = process("2.36");
    p.memalign(4096, 200000, "a");
    expect(p.realloc("a", 100)).toBe("mmapped+0x1000");
    expect(p.mapping("a").totalBytes).toBe(0x2000);
  });

  it("drops the pages it loses and adds none", () => {
    const p = process("2.36", {}, { touch: "all" });
    p.malloc(200000, "a");
    expect(p.mapping("a").pages(4)).toBe(49);
    p.realloc("a", 100000);
    expect(p.mapping("a").pages(4)).toBe(25);
    const untouched = process("2.36");
    untouched.malloc(200000, "a");
    untouched.realloc("a", 400000);
    expect(untouched.planes).toEqual([1, 1, 1].map((n) => n + untouched.resident().length));
  });
});
