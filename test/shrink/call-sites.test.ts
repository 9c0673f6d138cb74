import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CallSites } from "../../src/shrink/call-sites.ts";
import { isAmongMappings } from "../../src/trace/signs/address-space.ts";

const site = fc.oneof(
  fc.nat(0xff_ffff).map((n) => 0x7f12_3400_0000 + n),
  fc.nat(0xff_ffff).map((n) => 0x5581_3400_0000 + n),
  fc.nat(0xfff_ffff),
  fc.integer({ min: -5000, max: -2 }),
);

describe("CallSites", () => {
  test("keeps what is unknown", () => {
    expect(new CallSites().of(0)).toBe(0);
  });

  test("gives each site an address of its own, of the same kind", () => {
    fc.assert(
      fc.property(fc.uniqueArray(site), (sites) => {
        const calls = new CallSites();
        const moved = sites.map((one) => calls.of(one));
        expect(sites.map((one) => calls.of(one))).toEqual(moved);
        expect(new Set(moved).size).toBe(sites.length);
        expect(moved.map(isAmongMappings)).toEqual(sites.map(isAmongMappings));
        expect(moved.map((one) => one >= 2 ** 32)).toEqual(sites.map((one) => one >= 2 ** 32));
      }),
      { numRuns: 500 },
    );
  });

  test("keeps distances of up to a page, and separates what is farther away", () => {
    const calls = new CallSites();
    const first = calls.of(0x7f12_3400_0ff0);
    expect(calls.of(0x7f12_3400_1010) - first).toBe(0x20);
    expect(calls.of(0x7f12_3400_0010) - first).toBe(-0xfe0);
    expect(calls.of(0x7f12_33ff_fff0) - first).toBe(-0x1000);
    expect(Math.abs(calls.of(0x7f12_3400_3010) - first)).toBeGreaterThan(0x1_0000);
  });

  test("has a place for any number of sites", () => {
    const calls = new CallSites();
    for (let n = 1; n < 200_000; n++) {
      const moved = calls.of(n * 3 * 4096);
      expect(moved < 2 ** 32).toBe(n * 3 * 4096 < 2 ** 32);
    }
  });
});
