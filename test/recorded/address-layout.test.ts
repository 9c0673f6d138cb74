import { describe, expect, it } from "vitest";
import { addressLayout, NO_LAYOUT } from "../../src/recorded/address-layout.ts";
import { EventBatch } from "../../src/trace/event.ts";

const HEAP = { x86_64: 0x55d0_c0a2_d000, aarch64: 0xaaaa_c072_0000 };
const MAPPING = { x86_64: 0x7f08_4cd1_0000, aarch64: 0xffff_8cd1_0000 };

/** The layout that malloc calls of these sizes show. */
function layoutOf(...blocks: readonly (readonly [pointer: number, bytes: number])[]) {
  const batch = new EventBatch();
  for (const [pointer, bytes] of blocks) {
    batch.pointerOut[batch.length] = pointer;
    batch.size[batch.length++] = bytes;
  }
  return addressLayout([batch]);
}

/** `count` mapped blocks, `apart` bytes from each other. */
function mappings(start: number, apart: number, count: number) {
  return Array.from({ length: count }, (_, i) => [start + i * apart + 16, 200000] as const);
}

describe("the architecture", () => {
  it("is x86_64 where nothing else is known", () => {
    expect(layoutOf()).toEqual(NO_LAYOUT);
    expect(layoutOf([0x1363010, 1024])).toMatchObject({ arch: "x86_64" });
  });

  it("is aarch64 where most pointers are where only it has memory", () => {
    expect(layoutOf([HEAP.aarch64 + 0x2a0, 100]).arch).toBe("aarch64");
    expect(layoutOf([0x72e010, 100], ...mappings(0x55_0000_0000, 0x40000, 1)).arch).toBe("aarch64");
  });

  it("is x86_64 in spite of a corrupt line", () => {
    const blocks = [100, 200, 300].map((at) => [HEAP.x86_64 + 16 * at, 100] as const);
    expect(layoutOf(...blocks, [0xffff_ffff_ffff, 8]).arch).toBe("x86_64");
  });
});

describe("the program break", () => {
  it("is in the page of the lowest block that does not lie among mappings", () => {
    const blocks = [[HEAP.x86_64 + 0x15a0, 24] as const, [HEAP.x86_64 + 0x2a0, 24] as const];
    expect(layoutOf(...mappings(MAPPING.x86_64, 0x31000, 2), ...blocks).breakBase).toBe(
      HEAP.x86_64,
    );
  });
});

describe("the page sizes", () => {
  const first = [HEAP.aarch64 + 0x2a0, 100] as const;

  it("are those at whose multiples mappings begin", () => {
    expect(layoutOf(first, ...mappings(MAPPING.aarch64, 0x40000, 4)).pageSizes).toEqual([
      65536, 4096,
    ]);
    expect(layoutOf(first, ...mappings(MAPPING.aarch64, 0x34000, 4)).pageSizes).toEqual([
      16384, 4096,
    ]);
    expect(layoutOf(first, ...mappings(MAPPING.aarch64, 0x31000, 4)).pageSizes).toEqual([4096]);
  });

  it("stay open while few mappings are known", () => {
    const sizes = layoutOf(first, ...mappings(MAPPING.aarch64, 0x40000, 2)).pageSizes;
    expect(sizes).toEqual([65536, 16384, 4096]);
  });

  it("follow from the break area where nothing is mapped", () => {
    expect(layoutOf(first).pageSizes).toEqual([4096, 65536, 16384]);
    expect(layoutOf([HEAP.aarch64 + 0xd2a0, 100]).pageSizes).toEqual([4096]);
  });

  it("ignore a large block of a heap that lies like a mapped one", () => {
    const block = [HEAP.aarch64 + 0x45010, 40000] as const;
    expect(layoutOf(first, block, ...mappings(MAPPING.aarch64, 0x40000, 4)).pageSizes[0]).toBe(
      65536,
    );
  });

  it("are 4096 on x86_64 unless many mappings say otherwise", () => {
    const firstHere = [HEAP.x86_64 + 0x2a0, 100] as const;
    const sizes = (apart: number, count: number) =>
      layoutOf(firstHere, ...mappings(MAPPING.x86_64, apart, count)).pageSizes;
    expect(sizes(0x40000, 3)).toEqual([4096]);
    expect(sizes(0x31000, 20)).toEqual([4096]);
    expect(sizes(0x40000, 4)).toEqual([4096, 65536]);
  });
});
