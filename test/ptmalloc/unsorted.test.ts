import { describe, expect, it } from "vitest";
import { main, type Process, process, times } from "../support/model-driver.ts";

/** so that every free reaches the bins */
const BINNED = { "glibc.malloc.tcache_count": "0", "glibc.malloc.mxfast": "0" };

/** A block below another one that stays allocated. */
function apart(p: Process, bytes: number): string {
  const block = p.malloc(bytes);
  p.malloc(24);
  return block;
}

/** The block `bytes` above another one of the main heap. */
function above(block: string, bytes: number): string {
  return main(Number(block.slice("main+".length)) + bytes)[0]!;
}

describe("the scan (§3.4)", () => {
  it("goes from the back and bins chunks that do not fit, small ones at the front of their bin", () => {
    const p = process("2.36", BINNED);
    const [a, b, large] = [apart(p, 200), apart(p, 200), apart(p, 3000)];
    p.free(a, b, large);
    expect(p.unsorted()).toEqual([large, b, a]);
    p.malloc(5000);
    expect([p.unsorted(), p.bin(13), p.binBytes(95)]).toEqual([[], [b, a], [3008]]);
  });

  it("ends at the first exact fit; newer chunks stay unsorted", () => {
    const p = process("2.36", BINNED);
    const [a, b, c] = [apart(p, 300), apart(p, 200), apart(p, 3000)];
    p.free(a, b, c);
    expect(p.malloc(200)).toBe(b);
    expect([p.bin(20), p.unsorted()]).toEqual([[a], [c]]);
  });

  it.each([
    { glibc: "2.43", fit: 17, unsorted: [], cached: [16] },
    { glibc: "2.44", fit: 16, unsorted: [17], cached: [] },
  ])("of two exact fits $glibc returns #$fit", ({ glibc, fit, unsorted, cached }) => {
    const p = process(glibc);
    // Chunks of 1040 bytes: the largest that a tcache takes, of which it holds 16.
    const blocks = times(18, () => apart(p, 1032));
    p.free(...blocks);
    times(16, () => p.malloc(1032));
    expect([p.unsorted(), p.tcache(1040)]).toEqual([[blocks[17], blocks[16]], []]);
    expect(p.malloc(1032)).toBe(blocks[fit]);
    expect(p.unsorted()).toEqual(unsorted.map((i) => blocks[i]));
    expect(p.tcache(1040)).toEqual(cached.map((i) => blocks[i]));
  });

  it("ends after 10000 chunks", () => {
    const p = process("2.36", BINNED, { unchecked: true });
    const names = times(10002, (i) => `#${i}`);
    for (const name of names) {
      p.malloc(2000, name);
      p.malloc(24);
    }
    p.free(...names);
    p.malloc(3000);
    expect(p.unsorted().length).toBe(2);
    expect(p.bin(79).length).toBe(10000);
  });

  it.each([
    ["2.36", 1],
    ["2.41", 0],
    ["2.43", 0],
  ])("%s: freed chunks below 1024 bytes in the unsorted bin: %d (§4.4)", (glibc, unsorted) => {
    const p = process(glibc, { "glibc.malloc.tcache_count": "0" });
    const [small, large] = [apart(p, 200), apart(p, 2000)];
    p.free(small);
    expect([p.unsorted().length, p.bin(13).length]).toEqual([unsorted, 1 - unsorted]);
    p.free(large);
    expect(p.unsorted()[0]).toBe(large);
  });
});

it("2.41: freed chunks of 1024 bytes and more go to the unsorted bin, smaller ones do not (§4.4)", () => {
  const p = process("2.41", BINNED);
  const [small, large] = [apart(p, 1008 - 8), apart(p, 1024 - 8)];
  p.free(small, large);
  expect([p.bin(63), p.unsorted()]).toEqual([[small], [large]]);
});

describe("the last remainder (§3.4)", () => {
  /**
   * A free chunk of `otherBytes`, and the remainder of one of 3568 bytes, split as `first` decides. The place of the
   * next small block shows whether that counts as the last remainder.
   */
  function remainderBeside(otherBytes: number, first: number) {
    const p = process("2.36", BINNED);
    const [other, large] = [apart(p, otherBytes - 8), apart(p, 3560)];
    p.free(other, large);
    expect(p.malloc(first)).toBe(large);
    const rest = p.unsorted()[0]!;
    return { p, other, rest, restBytes: p.binBytes(1)[0]! };
  }

  it("is set by a small request that splits a chunk of a larger bin (§3.6)", () => {
    const { p, rest } = remainderBeside(320, 1000);
    expect(p.malloc(200)).toBe(rest);
    expect(p.malloc(200)).toBe(above(rest, 208));
  });

  it("is not set by a large request, from another bin or its own (T5)", () => {
    const other = remainderBeside(320, 2000);
    expect(other.p.malloc(200)).toBe(other.other);
    const own = remainderBeside(320, 3128);
    expect(own.restBytes).toBe(432);
    expect(own.p.malloc(200)).toBe(own.other);
  });

  it.each([
    [384, "rest"],
    [400, "other"],
  ] as const)("of 432 must exceed a chunk of %d by more than 32: served by %s (T4)", (nb, by) => {
    const p = process("2.36", BINNED);
    const [other, large] = [apart(p, 416 - 8), apart(p, 1008 + 432 - 8)];
    p.free(other, large);
    expect(p.malloc(1000)).toBe(large);
    const rest = above(large, 1008);
    expect([p.unsorted(), p.binBytes(1)]).toEqual([[rest], [432]]);
    expect(p.malloc(nb - 8)).toBe({ rest, other }[by]);
  });

  it("must be the only unsorted chunk", () => {
    const { p, other, rest } = remainderBeside(320, 1000);
    const [third] = [p.malloc(100)];
    expect(third).toBe(rest);
    p.free(third!);
    // two chunks are unsorted, so both are binned first
    expect(p.malloc(200)).toBe(other);
  });

  it("may be stale: a new chunk at its address counts (T7)", () => {
    const { p, other, rest, restBytes } = remainderBeside(320, 1000);
    expect(p.malloc(restBytes - 8)).toBe(rest);
    p.free(rest);
    expect(p.malloc(200)).toBe(rest);
    expect(p.bin(20)).toEqual([other]);
  });

  it("is an address, not a chunk: one that merged into a lower chunk does not count (T7)", () => {
    const p = process("2.36", BINNED);
    const [other, large] = [apart(p, 312), apart(p, 3560)];
    p.free(other, large);
    p.malloc(1000, "low");
    p.free("low");
    expect(p.unsorted()).toEqual([large]);
    expect(p.malloc(200)).toBe(other);
  });
});
