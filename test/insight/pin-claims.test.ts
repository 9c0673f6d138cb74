import { describe, expect, it } from "vitest";
import { type PinClaim, pinClaims } from "../../src/insight/pin-claims.ts";
import { SMALLEST_PAGE } from "../../src/ptmalloc/chunks.ts";
import { bitOf, PLANE_ALL } from "../../src/ptmalloc/resident.ts";
import { type Process, process } from "../support/model-driver.ts";

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

function returned({ now, freed }: PinClaim): number {
  const bit = bitOf(PLANE_ALL);
  return (now[bit]! - freed[bit]!) * SMALLEST_PAGE;
}

describe("the block above free memory", () => {
  it("gives back at its free what the claim says", () => {
    const p = pinnedBy(200);
    const [claim, ...others] = claims(p);
    expect(others).toEqual([]);
    expect(claim).toMatchObject({
      cached: 0,
      structs: 0,
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
