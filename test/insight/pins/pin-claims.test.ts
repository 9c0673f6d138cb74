import { describe, expect, it } from "vitest";
import { type PinClaim, pinClaims } from "../../../src/insight/pins/pin-claims.ts";
import { SMALLEST_PAGE } from "../../../src/ptmalloc/chunks.ts";
import { bitOf, PLANE_ALL } from "../../../src/ptmalloc/resident.ts";
import { type Process, process } from "../../support/model-driver.ts";

const WITHOUT_TCACHE = { "glibc.malloc.tcache_count": "0" };
const BLOCKS = 2000;

/** 2000 free blocks of 1 KiB below one live block of `size` bytes. */
function pinnedBy(size: number): Process {
  const p = process("2.36", WITHOUT_TCACHE, { touch: "all" });
  const names = Array.from({ length: BLOCKS }, (_, i) => p.malloc(1024, `block${i}`));
  p.malloc(size, "pin");
  p.free(...names);
  return p;
}

function claims({ m }: Process): PinClaim[] {
  return pinClaims(m, PLANE_ALL, () => 0);
}

function returned({ now, freed }: Pick<PinClaim, "now" | "freed">): number {
  const bit = bitOf(PLANE_ALL);
  return (now[bit]! - freed[bit]!) * SMALLEST_PAGE;
}

/** Bytes that RSS falls by while `step` runs. */
function fallOf({ m }: Process, step: () => void): number {
  const now = m.resident.pages.slice();
  step();
  return returned({ now, freed: m.resident.pages });
}

describe("the block above free memory", () => {
  it("gives back at its free what the claim says", () => {
    const p = pinnedBy(200);
    const [claim, ...others] = claims(p);
    expect(others).toEqual([]);
    expect(claim).toMatchObject({
      cached: 0,
      structs: 0,
      unmerged: 0,
      outside: 0,
      cachedIfFreed: 0,
      unmergedIfFreed: 0,
    });
    expect(claim?.blocks).toHaveLength(1);
    expect(claim?.heldBytes).toBeGreaterThan(BLOCKS * 1024);
    const before = p.m.resident.pages[bitOf(PLANE_ALL)]!;
    p.free("pin");
    const after = p.m.resident.pages[bitOf(PLANE_ALL)]!;
    expect(returned(claim!)).toBe((before - after) * SMALLEST_PAGE);
    // glibc keeps 128 KiB at the top.
    expect(returned(claim!)).toBeGreaterThan(0.9 * claim!.heldBytes);
  });

  it("gives back nothing if it is so small that it stays unmerged", () => {
    const [claim] = claims(pinnedBy(40));
    expect(claim).toMatchObject({ cachedIfFreed: 0, unmergedIfFreed: 1 });
    expect(returned(claim!)).toBe(0);
  });

  it("gives back what the claim says at the next free of 64 KiB, which merges it", () => {
    const p = pinnedBy(40);
    const [claim] = claims(p);
    const { now, merged } = claim!;
    const fall = fallOf(p, () => {
      p.free("pin");
      p.malloc(70_000, "large");
      p.free("large");
    });
    expect(returned({ now, freed: merged })).toBe(fall);
    expect(fall).toBeGreaterThan(0.9 * claim!.heldBytes);
  });

  it("gives back nothing while a cache keeps it", () => {
    const p = process("2.36", {}, { touch: "all" });
    const names = Array.from({ length: BLOCKS }, (_, i) => p.malloc(2000, `block${i}`));
    p.malloc(200, "pin");
    p.free(...names);
    const [claim] = claims(p);
    expect(claim).toMatchObject({ cachedIfFreed: 1, unmergedIfFreed: 0 });
    expect(returned(claim!)).toBe(0);
  });
});

describe("a freed chunk in a fastbin above free memory", () => {
  it("holds it as a live block does, until it is merged", () => {
    const p = pinnedBy(40);
    p.free("pin");
    const [claim, ...others] = claims(p);
    expect(others).toEqual([]);
    expect(claim).toMatchObject({ blocks: [], cached: 0, unmerged: 1, outside: 0 });
    expect(claim?.heldBytes).toBeGreaterThan(BLOCKS * 1024);
    const { now, uncached, merged } = claim!;
    expect(returned({ now, freed: uncached })).toBe(0);
    const fall = fallOf(p, () => {
      p.malloc(70_000, "large");
      p.free("large");
    });
    expect(returned({ now, freed: merged })).toBe(fall);
    expect(fall).toBeGreaterThan(0.9 * claim!.heldBytes);
  });
});

describe("many blocks with free memory between them", () => {
  it.each([
    [2000, 700, 0],
    [200, 12_000, 0.6],
  ])("%i × %i bytes: malloc_trim returns what the claim says", (count, bytes, least) => {
    const p = process("2.36", WITHOUT_TCACHE, { touch: "all" });
    const names = Array.from({ length: count }, (_, i) => {
      const name = p.malloc(bytes, `block${i}`);
      p.malloc(200, `pin${i}`);
      return name;
    });
    p.free(...names);
    const [claim] = claims(p);
    expect(claim?.blocks.length).toBeGreaterThan(0.9 * names.length);
    expect(claim!.wholePageBytes).toBeGreaterThanOrEqual(least * claim!.heldBytes);
    const fall = fallOf(p, () => p.trim(0));
    // The claim is about the blocks that hold 95 %; the trim, about all, and the top.
    expect(claim!.wholePageBytes).toBeLessThanOrEqual(fall);
    expect(claim!.wholePageBytes).toBeGreaterThanOrEqual(0.9 * fall - 256 * 1024);
  });
});
