import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MovedAddresses } from "../../src/shrink/moved-addresses.ts";
import { isAmongMappings } from "../../src/trace/signs/address-space.ts";

const GIB = 2 ** 30;
const STEP = 64 * 2 ** 20;

/** Multiples of 16 below 2^48. */
const address = fc
  .oneof(
    fc.nat(2 ** 31 - 1).map((n) => n * 2),
    fc.double({ min: 0, max: 1, noNaN: true }).map((part) => Math.floor(part * 2 ** 48)),
    fc.nat(64 * 1024).map((n) => 0x7f00_0000_0000 + n * 2 ** 20),
    fc.nat(64 * 1024).map((n) => 0x5555_0000_0000 + n * 2 ** 20),
  )
  .map((n) => n - (n % 16));

describe("MovedAddresses", () => {
  test("keeps NULL", () => {
    expect(new MovedAddresses().of(0)).toBe(0);
  });

  test("moves each address to one of its own, with the same offset in 64 MiB, of the same kind", () => {
    fc.assert(
      fc.property(fc.uniqueArray(address), (addresses) => {
        const moves = new MovedAddresses();
        const moved = addresses.map((one) => moves.of(one));
        expect(addresses.map((one) => moves.of(one))).toEqual(moved);
        expect(new Set(moved).size).toBe(addresses.length);
        expect(moved.map((one) => one % STEP)).toEqual(addresses.map((one) => one % STEP));
        expect(moved.map(isAmongMappings)).toEqual(addresses.map(isAmongMappings));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["a break of x86_64", 0x5581_a2b0_c000, 100 * GIB],
    ["one of arm64", 0xaaaa_d2b0_c000, 100 * GIB],
    ["one without address randomization", 0x0040_5000, 0.9 * GIB],
    ["mappings above the first", 0x7f12_3450_0000, 512 * GIB],
    ["mappings below the first", 0x7f12_3450_0000, -8000 * GIB],
    ["mappings of arm64", 0xffff_8450_0000, -8000 * GIB],
    ["mappings of 39 bits", 0x7f_8450_0000, -24 * GIB],
  ])("keeps distances in %s, and shows none of its addresses", (_, first, reach) => {
    const moves = new MovedAddresses();
    const start = moves.of(first);
    const shift = start - first;
    expect(Math.abs(shift)).toBeGreaterThanOrEqual(0.25 * GIB);
    for (let n = 1; n <= 1000; n++) {
      const one = first + Math.round((reach * n) / 16_000) * 16;
      expect(moves.of(one) - one).toBe(shift);
    }
  });

  test("keeps the heap of a program without address randomization whole that grows beyond 4 GiB", () => {
    const moves = new MovedAddresses();
    const start = moves.of(0x0123_4000);
    moves.of(0x7f00_0000_0010);
    for (let gib = 1; gib < 16; gib++) {
      expect(moves.of(0x0123_4000 + gib * GIB) - start).toBe(gib * GIB);
    }
  });

  test("keeps cut addresses below 2^32", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 32 - 1)), (addresses) => {
        const moves = new MovedAddresses();
        expect(addresses.map((one) => moves.of(one)).every((one) => one < 2 ** 32)).toBe(true);
      }),
    );
  });

  test("takes any number", () => {
    const moves = new MovedAddresses();
    for (const one of [2 ** 48, 2 ** 53, 2 ** 57 + 16, 2 ** 64 - 2048, 2 ** 64]) {
      expect(moves.of(one)).toBeLessThanOrEqual(2 ** 64);
      expect(moves.of(one)).not.toBe(one);
    }
  });
});
