import { beforeEach, describe, expect, it } from "vitest";
import { SMALLEST_PAGE as PAGE } from "../../../src/ptmalloc/chunks.ts";
import { MappingStarts } from "../../../src/replay/pointers/mapping-starts.ts";
import { type Process, process } from "../../support/model-driver.ts";

const MIB = 2 ** 20;
/** an aligned block, and the start of what lies above its mapping */
const ALIGNED = 0x7fff_f600_0000;
const ABOVE = ALIGNED + 0x30_000;

let p: Process;
let starts: MappingStarts;

beforeEach(() => {
  p = process("2.36");
  starts = new MappingStarts();
});

/** A mapping of 3 pages and 128 KiB starts at `address`. */
function plainAt(name: string, address: number): void {
  p.malloc(0x20_000 + 2 * PAGE, name);
  starts.note(p.m, p.chunkOf(name), address + 16, false);
}

/** A mapped block of 128 KiB with an alignment of 64 KiB: its mapping has 0x31000 bytes. */
function alignedAt(name: string, pointer: number): void {
  p.memalign(0x10_000, 0x20_000, name);
  starts.note(p.m, p.chunkOf(name), pointer, false);
}

/** Bytes from the start of the mapping to its block. */
const leadOf = (name: string): number => (p.mapping(name).offset + 1) * 16;

describe("an alignment above a page", () => {
  it("has the longest lead while nothing shows its start", () => {
    alignedAt("a", ALIGNED);
    expect(p.mapping("a").totalBytes).toBe(0x31_000);
    expect(leadOf("a")).toBe(0x10_000);
  });

  it("ends where a block's mapping starts", () => {
    plainAt("above", ABOVE);
    alignedAt("a", ALIGNED);
    expect(leadOf("a")).toBe(ALIGNED - (ABOVE - 0x31_000));
  });

  it("starts where a later mapping ends", () => {
    alignedAt("a", ALIGNED);
    plainAt("below", ALIGNED - 0x3000 - 0x23_000);
    const { totalBytes } = p.mapping("below");
    expect(totalBytes).toBe(0x23_000);
    expect(leadOf("a")).toBe(0x3000);
  });

  it("is shown through others that were open, too", () => {
    alignedAt("a", ALIGNED);
    alignedAt("b", ALIGNED - 0x30_000);
    plainAt("below", ALIGNED - 0x33_000 - 0x23_000);
    expect([leadOf("b"), leadOf("a")]).toEqual([0x3000, 0x2000]);
  });

  it("stays open where the next block above is open itself", () => {
    plainAt("above", ABOVE + 0x31_000);
    alignedAt("a", ALIGNED + 0x20_000);
    alignedAt("b", ALIGNED - 0x20_000);
    expect(leadOf("b")).toBe(0x10_000);
  });

  it("ends where a library starts, if another mapping ended there before", () => {
    alignedAt("a", ALIGNED);
    plainAt("below", ALIGNED - 0x3000 - 0x23_000);
    p.free("a");
    alignedAt("again", ALIGNED);
    expect(leadOf("again")).toBe(0x3000);
  });

  it("ends where a library starts, if a block's mapping started there before", () => {
    p = process("2.36", { MALLOC_MMAP_THRESHOLD_: "131072" });
    alignedAt("other", ALIGNED - 64 * MIB);
    plainAt("gone", ABOVE);
    p.free("gone");
    // It gets the id of the one that is gone.
    plainAt("elsewhere", ALIGNED - 32 * MIB);
    plainAt("below", ABOVE - 0x23_000);
    p.free("below");
    alignedAt("a", ALIGNED);
    expect(leadOf("a")).toBe(0x1000);
  });

  it("starts where a hole shows it, and what ends there does, too", () => {
    alignedAt("a", ALIGNED);
    alignedAt("b", ALIGNED - 0x30_000);
    starts.settle(p.m, p.chunkOf("b"), ALIGNED - 0x30_000, ALIGNED - 0x33_000);
    expect([leadOf("b"), leadOf("a")]).toEqual([0x3000, 0x2000]);
    p.free("b");
    expect(p.m.par.mmapThreshold).toBe(0x31_000 - 0x3000 + 16);
  });

  it("starts where a hole shows it, although a neighbour shows another place", () => {
    plainAt("above", ABOVE);
    alignedAt("a", ALIGNED);
    starts.settle(p.m, p.chunkOf("a"), ALIGNED, ALIGNED - 0x5000);
    expect(leadOf("a")).toBe(0x5000);
  });

  it("has at most the longest lead, and stays where the log shows its block elsewhere", () => {
    alignedAt("a", ALIGNED);
    starts.settle(p.m, p.chunkOf("a"), ALIGNED, ALIGNED - 0x11_000);
    starts.settle(p.m, p.chunkOf("a"), ALIGNED - MIB, ALIGNED - MIB - 0x1000);
    expect(leadOf("a")).toBe(0x10_000);
  });

  it("does not start where a shrunk block's mapping ends", () => {
    plainAt("resized", ALIGNED - 0x3000 - 0x23_000 - PAGE);
    alignedAt("a", ALIGNED);
    p.realloc("resized", 0x20_000 + 3 * PAGE);
    starts.note(p.m, p.chunkOf("resized"), ALIGNED - 0x3000 - 0x23_000 - PAGE + 16, true);
    expect(leadOf("a")).toBe(0x10_000);
  });
});

describe("the mmap threshold after a mapping of unknown start was freed", () => {
  beforeEach(() => {
    p.memalign(MIB, 1000, "a");
    starts.note(p.m, p.chunkOf("a"), ALIGNED, false);
    starts.beforeFree(p.m, p.chunkOf("a"));
    p.free("a");
  });

  it("is raised to the next size that the mapping's chunk can have had", () => {
    expect(p.m.par.mmapThreshold).toBe(0x20_000);
    expect(starts.raiseThreshold(p.m, p.m.mainArena, 200_000)).toBe(true);
    expect(p.m.par.mmapThreshold).toBe(0x31_010);
    expect(p.m.par.trimThreshold).toBe(0x62_020);
  });

  it("is not raised above what the mapping's size allows", () => {
    expect(starts.raiseThreshold(p.m, p.m.mainArena, MIB + PAGE)).toBe(false);
  });

  it("is raised to a size of any of them", () => {
    alignedAt("b", ALIGNED);
    starts.beforeFree(p.m, p.chunkOf("b"));
    p.free("b");
    expect(starts.raiseThreshold(p.m, p.m.mainArena, 200_000)).toBe(true);
    expect(p.m.par.mmapThreshold).toBe(0x31_010);
  });

  it("is not raised to a size from which on a chunk was mapped, until one more is freed", () => {
    starts.capThreshold(300_000);
    expect(starts.raiseThreshold(p.m, p.m.mainArena, 400_000)).toBe(false);
    p.memalign(MIB, 1000, "b");
    starts.note(p.m, p.chunkOf("b"), ALIGNED, false);
    starts.beforeFree(p.m, p.chunkOf("b"));
    p.free("b");
    expect(starts.raiseThreshold(p.m, p.m.mainArena, 400_000)).toBe(true);
  });

  it("is raised where a found start turns out to be that of something else", () => {
    const other = new MappingStarts();
    alignedAt("b", ALIGNED);
    p.malloc(0x20_000 + 2 * PAGE, "below");
    other.note(p.m, p.chunkOf("b"), ALIGNED, false);
    other.note(p.m, p.chunkOf("below"), ALIGNED - 0x8000 - 0x23_000 + 16, false);
    expect(leadOf("b")).toBe(0x8000);
    other.beforeFree(p.m, p.chunkOf("b"));
    p.free("b");
    expect(p.m.par.mmapThreshold).toBe(0x29_010);
    expect(other.raiseThreshold(p.m, p.m.mainArena, 0x29_010)).toBe(true);
  });

  it("is raised after more mappings than are remembered", () => {
    const other = new MappingStarts();
    p.memalign(MIB, 1000, "first");
    other.note(p.m, p.chunkOf("first"), ALIGNED, false);
    for (let i = 1; i <= 70; i++) {
      p.memalign(MIB, 1000, `more ${i}`);
      other.note(p.m, p.chunkOf(`more ${i}`), ALIGNED - i * 4 * MIB, false);
    }
    other.beforeFree(p.m, p.chunkOf("first"));
    expect(other.raiseThreshold(p.m, p.m.mainArena, 200_000)).toBe(true);
  });

  it("is raised so far that the top was not trimmed, if it then had room for the block", () => {
    p.m.trims = [];
    p.malloc(1000);
    const blocks = [100_000, 100_000, 100_000].map((bytes) => p.malloc(bytes));
    p.free(...blocks);
    const { trimmedAt } = p.m.mainArena;
    const before = p.brk;
    expect(starts.raiseThreshold(p.m, p.m.mainArena, 300_000)).toBe(true);
    expect(p.m.par.trimThreshold).toBeGreaterThan(trimmedAt);
    expect(p.m.par.mmapThreshold).toBeLessThan(300_000);
    expect(p.brk).toBeGreaterThan(before);
  });

  it("is raised no further than the block needs, although the top had room for it before a trim", () => {
    p.m.trims = [];
    p.malloc(1000);
    p.free(...[100_000, 100_000, 100_000].map((bytes) => p.malloc(bytes)));
    expect(p.m.mainArena.trimmedAt).toBeGreaterThan(2 * 0x23_010);
    const before = p.brk;
    expect(starts.raiseThreshold(p.m, p.m.mainArena, 140_000)).toBe(true);
    expect(p.m.par.mmapThreshold).toBe(0x23_010);
    expect(p.brk).toBe(before);
  });

  it("and a trim that another free prevents now is not taken back without such a mapping", () => {
    const other = new MappingStarts();
    p.m.trims = [];
    p.malloc(1000);
    p.free(...[100_000, 100_000, 100_000].map((bytes) => p.malloc(bytes)));
    p.malloc(400_000, "mapped");
    p.free("mapped");
    expect(p.m.par.trimThreshold).toBeGreaterThan(p.m.mainArena.trimmedAt);
    expect(other.raiseThreshold(p.m, p.m.mainArena, 410_000)).toBe(false);
  });

  it("is open until a chunk no larger is mapped, and never where a setting freezes it", () => {
    expect(starts.leavesThresholdOpen(p.m)).toBe(true);
    expect(starts.leavesThresholdOpen(process("2.36", { MALLOC_TOP_PAD_: "0" }).m)).toBe(false);
    starts.capThreshold(p.m.par.mmapThreshold);
    expect(starts.leavesThresholdOpen(p.m)).toBe(false);
    expect(new MappingStarts().leavesThresholdOpen(p.m)).toBe(false);
  });

  it("is not raised for another reason", () => {
    const other = new MappingStarts();
    expect(other.raiseThreshold(p.m, p.m.mainArena, 200_000)).toBe(false);
  });
});
