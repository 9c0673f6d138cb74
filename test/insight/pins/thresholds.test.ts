import { describe, expect, it } from "vitest";
import { retainedBy } from "../../../src/insight/pins/thresholds.ts";
import { SMALLEST_PAGE } from "../../../src/ptmalloc/chunks.ts";
import { bitOf, PLANE_ALL } from "../../../src/ptmalloc/resident.ts";
import { type Process, process } from "../../support/model-driver.ts";

const FROZEN = { MALLOC_MMAP_THRESHOLD_: "131072" };
const BEFORE = { mmapThreshold: 131_072, trimThreshold: 131_072 };

function after(calls: (p: Process) => void, settings: Readonly<Record<string, string>>): Process {
  const p = process("2.36", settings, { touch: "all" });
  calls(p);
  return p;
}

function residentBytes({ m }: Process): number {
  return m.resident.pages[bitOf(PLANE_ALL)]! * SMALLEST_PAGE;
}

/** The free of a mapped block of 1,000,000 bytes raises mmap_threshold to 1,003,520. */
function raise(p: Process): void {
  p.malloc(1_000_000, "mapped");
  p.free("mapped");
}

/** A block that would have been mapped is freed, and stays in the top. */
function freeTop(p: Process): void {
  raise(p);
  p.malloc(900_000, "large");
  p.free("large");
}

/** A large block in use above free memory. */
function pinByLarge(p: Process): void {
  raise(p);
  for (let i = 0; i < 500; i++) {
    p.malloc(2000, `small${i}`);
  }
  p.malloc(900_000, "large");
  for (let i = 0; i < 500; i++) {
    p.free(`small${i}`);
  }
}

/** A small block above the hole that a large one left. */
function leaveHole(p: Process): void {
  raise(p);
  p.malloc(900_000, "large");
  p.malloc(2000, "small");
  p.free("large");
}

describe("what raised thresholds keep resident", () => {
  it.each([
    ["a free top", freeTop, 0],
    ["what a large block pins, without the block itself", pinByLarge, 1],
  ])("is %s: as much as the same calls keep less with frozen thresholds", (_, calls, blocks) => {
    const raised = after(calls, {});
    const { bytes, largeBlocks, largeFreeBytes } = retainedBy(raised.m, PLANE_ALL, BEFORE);
    const saved = residentBytes(raised) - residentBytes(after(calls, FROZEN));
    expect(largeBlocks).toBe(blocks);
    expect(largeFreeBytes).toBe(0);
    expect(bytes).toBeGreaterThan(700_000);
    // glibc would keep top_pad, and a mapping has a header and an end of its own.
    expect(saved - bytes).toBeGreaterThanOrEqual(-2 * SMALLEST_PAGE * blocks);
    expect(saved - bytes).toBeLessThanOrEqual(131_072 + 2 * SMALLEST_PAGE);
  });

  it("may be what large blocks left among others", () => {
    const raised = after(leaveHole, {});
    const { bytes, largeFreeBytes } = retainedBy(raised.m, PLANE_ALL, BEFORE);
    const saved = residentBytes(raised) - residentBytes(after(leaveHole, FROZEN));
    expect(bytes).toBe(0);
    expect(Math.abs(saved - largeFreeBytes)).toBeLessThanOrEqual(2 * SMALLEST_PAGE);
  });

  it("is nothing where the thresholds make no difference, and the process stays as it was", () => {
    const p = after(raise, {});
    p.malloc(2000, "small");
    const before = { par: { ...p.m.par }, bytes: residentBytes(p) };
    expect(retainedBy(p.m, PLANE_ALL, BEFORE)).toEqual({
      bytes: 0,
      largeBlocks: 0,
      largeBlockBytes: 0,
      largeFreeBytes: 0,
    });
    expect({ par: { ...p.m.par }, bytes: residentBytes(p) }).toEqual(before);
  });
});
