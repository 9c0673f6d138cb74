import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import type { SiteLimits } from "../../../src/trace/ledger/site-limits.ts";
import { ANY, ANY_CALLER } from "../../../src/trace/ledger/site-table.ts";
import { inOrder, resolveAll } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";
import { naiveSites, rowsOf, sitesState } from "../../support/naive-sites.ts";

const P = 0x55d0_0000_02a0;
const [A, B] = [0x7f11_0000_1000, 0x7f22_0000_1000];

const malloc = (size: number, at: number, caller = A, tid = 1): PlainEvent => ({
  op: Op.malloc,
  tid,
  caller,
  size,
  pointerOut: P + 16 * at,
});
const free = (at: number, tid = 1): PlainEvent => ({ op: Op.free, tid, pointerIn: P + 16 * at });
const realloc = (size: number, from: number, at: number, caller = A): PlainEvent => ({
  op: Op.realloc,
  tid: 1,
  caller,
  size,
  pointerIn: P + 16 * from,
  pointerOut: P + 16 * at,
});

function sitesOf(events: readonly PlainEvent[], limits?: SiteLimits) {
  const ledger = new Ledger(limits && { limits });
  resolveAll(ledger, events);
  return ledger.sites;
}

describe("a call site", () => {
  it("counts the allocations of a caller, a size and a thread, and what is live of them", () => {
    const log = [malloc(10, 0), malloc(10, 1), malloc(10, 2, A, 2), malloc(10, 3, B), free(0)];
    expect(rowsOf(sitesOf(log))).toMatchObject([
      { caller: A, size: 10, thread: 0, calls: 2, volumeBytes: 20, liveBytes: 10, liveBlocks: 1 },
      { caller: A, size: 10, thread: 1, calls: 1, volumeBytes: 10, liveBytes: 10, liveBlocks: 1 },
      { caller: B, size: 10, thread: 0, calls: 1, volumeBytes: 10, liveBytes: 10, liveBlocks: 1 },
    ]);
  });

  it("loses its block to the realloc that resizes it", () => {
    expect(rowsOf(sitesOf([malloc(10, 0), realloc(30, 0, 1, B)]))).toMatchObject([
      { caller: A, size: 10, calls: 1, liveBytes: 0, liveBlocks: 0 },
      { caller: B, size: 30, calls: 1, volumeBytes: 30, liveBytes: 30, liveBlocks: 1 },
    ]);
  });

  it("knows what it had live at the first peak of the process", () => {
    const log = [malloc(10, 0), malloc(50, 1, B), free(0), malloc(40, 2), free(1), malloc(20, 3)];
    // 10, 60, 50, 90, 40, 60: the peak is after the fourth call, when 0 is freed and 1 is not.
    const atPeak = rowsOf(sitesOf(log)).map(({ size, liveAtPeakBytes }) => [size, liveAtPeakBytes]);
    expect(atPeak).toEqual([
      [10, 0],
      [50, 50],
      [40, 40],
      [20, 0],
    ]);
  });

  it("counts blocks as temporary that are freed before their thread has allocated 17 others", () => {
    const others = (count: number, tid: number) =>
      Array.from({ length: count }, (_, i) => malloc(1, 10 + i, B, tid));
    const temporary = (log: PlainEvent[]) => rowsOf(sitesOf(log))[0]!.temporaryCalls;
    expect(temporary([malloc(10, 0), ...others(16, 1), free(0)])).toBe(1);
    expect(temporary([malloc(10, 0), ...others(17, 1), free(0)])).toBe(0);
    expect(temporary([malloc(10, 0), ...others(17, 2), free(0, 2)])).toBe(1);
  });

  it("knows how many events its blocks lived, in powers of two", () => {
    const sites = sitesOf([malloc(1, 0), free(0), malloc(1, 1), malloc(1, 2), free(2), free(1)]);
    expect(sites.lifetimes.of(A).slice(0, 3)).toEqual([2, 1, 0]);
    expect(sites.lifetimes.of(B)).toEqual([]);
  });
});

/** Few pointers, callers and sizes; some blocks are lost, reallocated onto others, or impossibly large. */
const event: fc.Arbitrary<PlainEvent> = fc.record({
  op: fc.constantFrom(Op.malloc, Op.malloc, Op.calloc, Op.memalign, Op.realloc, Op.free, Op.free),
  tid: fc.constantFrom(1, 2, 3),
  caller: fc.constantFrom(0, A, B, A + 2 ** 40, -1),
  size: fc.oneof(fc.nat(3), fc.nat(5000), fc.constantFrom(2 ** 46, 2 ** 63)),
  pointerIn: fc.nat(9).map((k) => P + 16 * k),
  pointerOut: fc.nat(9).map((k) => P + 16 * k),
});
const limits = fc.record({
  ofFewCalls: fc.nat(20),
  exact: fc.nat(20),
  anyThread: fc.nat(30),
  anySize: fc.nat(40),
});

it("agrees with sites of Maps and objects, whatever the batches and the limits", () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 300, size: "max" }),
      fc.integer({ min: 1, max: 300 }),
      fc.oneof(
        limits,
        fc.constant({ ofFewCalls: 1000, exact: 1000, anyThread: 1000, anySize: 1000 }),
      ),
      (log, perBatch, limits) => {
        const ledger = new Ledger({ limits });
        const actions = resolveAll(ledger, log, perBatch);
        const liveAfter = ledger.liveBytes.points();
        const naive = naiveSites(inOrder(log, actions), actions, liveAfter, limits);
        expect(sitesState(ledger.sites)).toEqual(naive);
      },
    ),
    { numRuns: 200 },
  );
});

describe("a log with 200,000 callers and sizes", () => {
  const log = Array.from({ length: 200_000 }, (_, i) => malloc(i, 0, A + 16 * i));

  it("has a bounded number of sites, one of which stands for all that came too late", () => {
    const sites = sitesOf(log.flatMap((call) => [call, free(0)]));
    expect(sites.size).toBe(3 * 2 ** 15 + 1);
    const rows = rowsOf(sites);
    expect(rows.at(-1)).toMatchObject({ caller: ANY_CALLER, size: ANY, thread: ANY });
    expect(rows.reduce((sum, { calls }) => sum + calls, 0)).toBe(log.length);
    expect(rows.reduce((sum, { volumeBytes }) => sum + volumeBytes, 0)).toBe(
      log.reduce((sum, { size = 0 }) => sum + size, 0),
    );
  });

  it("is counted as fast if the addresses differ in their high halves only", () => {
    const sites = sitesOf(
      Array.from({ length: 300_000 }, (_, i) => malloc(8, i, 0x1000 + (i % 100_000) * 2 ** 32)),
    );
    expect(sites.size).toBeLessThanOrEqual(3 * 2 ** 15 + 1);
  });
});
