import { describe, expect, it } from "vitest";
import { census } from "../../src/ptmalloc/census.ts";
import { bitOf, PLANE_ALL } from "../../src/ptmalloc/resident.ts";
import { process, times } from "../support/model-driver.ts";

describe("an arena's memory by use", () => {
  it("adds up to system_mem", () => {
    const p = process("2.36", {}, { touch: "all" });
    const small = times(9, (i) => {
      p.malloc(24, `small${i}`);
      return `small${i}`;
    });
    const mid = p.malloc(800);
    p.malloc(2000);
    const large = p.malloc(4000);
    p.malloc(24, "guard");
    p.malloc(1500, "late");
    p.malloc(24, "guard2");
    p.free(...small, mid, large);
    p.malloc(60000);
    p.free("late");
    const { free, inUseBytes, systemBytes, pages, fastBlocks, binBlocks } = census(p.m)[0]!;
    expect(free).toEqual({
      tcache: 7 * 32 + 816,
      // consolidated by malloc(60000), and merged
      fastbins: 0,
      unsorted: 1520,
      smallbins: 64,
      largebins: 4016,
      top: p.top(),
    });
    expect([fastBlocks, binBlocks]).toEqual([0, 3]);
    expect(inUseBytes).toBe(2016 + 32 + 32 + 60016);
    const struct = 656;
    const sum = Object.values(free).reduce((all, bytes) => all + bytes, inUseBytes + struct);
    expect(sum).toBe(systemBytes);
    expect(pages[bitOf(PLANE_ALL)]).toBe(p.resident(0, 1, "touched").length);
  });
});

describe("mallinfo2", () => {
  it("counts as glibc does: top is a free chunk, cached chunks are in use", () => {
    const p = process("2.36");
    const blocks = times(9, () => p.malloc(24));
    const large = p.malloc(2000);
    p.malloc(24);
    p.malloc(200000);
    p.free(...blocks, large);
    expect(p.mallinfo()).toEqual({
      arena: 0x21000,
      ordblks: 2,
      smblks: 2,
      hblks: 1,
      hblkhd: 0x31000,
      usmblks: 0,
      fsmblks: 64,
      uordblks: 656 + 7 * 32 + 32,
      fordblks: 64 + 2016 + p.top(),
      keepcost: p.top(),
    });
  });

  it("sums up all arenas; keepcost is the main arena's top", () => {
    const p = process("2.36");
    p.malloc(24);
    const t = p.thread();
    t.malloc(24);
    const { arena, ordblks, keepcost, fordblks } = p.mallinfo();
    expect([arena, ordblks, keepcost]).toEqual([0x42000, 2, p.top()]);
    expect(fordblks).toBe(p.top() + p.top(1));
  });

  it.each([
    ["2.41", 0],
    ["2.43", 3 * 16],
  ])(
    "hblkhd of glibc %s is %d bytes too large after three mappings were resized",
    (glibc, excess) => {
      const p = process(glibc);
      p.malloc(200000, "block");
      for (const bytes of [300000, 300001, 1000, 500000]) {
        p.realloc("block", bytes);
      }
      expect(p.mallinfo().hblkhd).toBe(0x7b000 + excess);
      expect(p.m.mappedBytes).toBe(0x7b000);
      p.free("block");
      expect(p.mallinfo().hblkhd).toBe(excess);
      expect(p.clone([])[0].mallinfo().hblkhd).toBe(excess);
    },
  );

  it("has one free chunk of 0 bytes before the first call", () => {
    const { arena, ordblks, fordblks, keepcost } = process("2.36").mallinfo();
    expect([arena, ordblks, fordblks, keepcost]).toEqual([0, 1, 0, 0]);
  });
});
