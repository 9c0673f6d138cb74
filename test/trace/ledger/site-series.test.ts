import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { resolveAll } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const P = 0x55d0_0000_02a0;

/** Mallocs of 1 to 4 bytes at one of three callers, and frees of the oldest live block. */
const logs = fc.array(
  fc.record({
    isFree: fc.boolean(),
    size: fc.integer({ min: 1, max: 4 }),
    caller: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 300 },
);

interface Call {
  readonly isFree: boolean;
  readonly size: number;
  readonly caller: number;
}

/** The events of the log, and the live bytes of each caller after each of them. */
function played(calls: readonly Call[]): { events: PlainEvent[]; live: number[][] } {
  const blocks: { size: number; caller: number; at: number }[] = [];
  const sums = [0, 0, 0, 0];
  const events: PlainEvent[] = [];
  const live: number[][] = [];
  for (const [i, { isFree, size, caller }] of calls.entries()) {
    const freed = isFree ? blocks.shift() : undefined;
    if (freed !== undefined) {
      sums[freed.caller]! -= freed.size;
      events.push({ op: Op.free, tid: 1, pointerIn: P + 16 * freed.at });
    } else {
      blocks.push({ size, caller, at: i });
      sums[caller]! += size;
      events.push({ op: Op.malloc, tid: 1, caller, size, pointerOut: P + 16 * i });
    }
    live.push([...sums]);
  }
  return { events, live };
}

function sumsByCaller(ledger: Ledger): number[][] {
  const { caller } = ledger.sites.table();
  return ledger.siteSeries.sums(ledger.sites, Int32Array.from(caller), 4, ledger.events);
}

describe("the series of call sites", () => {
  it("has what each caller has live at some moments, the last of which is the end", () => {
    fc.assert(
      fc.property(logs, (calls) => {
        const { events, live } = played(calls);
        const ledger = new Ledger();
        resolveAll(ledger, events);
        const moments = ledger.siteSeries.events(ledger.events);
        expect(moments.length).toBeLessThanOrEqual(32);
        expect(moments.length).toBeGreaterThanOrEqual(Math.min(4, events.length));
        expect(moments.at(-1)).toBe(events.length);
        expect([...new Set(moments)].sort((a, b) => a - b)).toEqual(moments);
        expect(sumsByCaller(ledger)).toEqual(
          [0, 1, 2, 3].map((caller) => moments.map((moment) => live[moment - 1]?.[caller] ?? 0)),
        );
      }),
    );
  });

  it("leaves out sites without a group", () => {
    const ledger = new Ledger();
    resolveAll(ledger, played([{ isFree: false, size: 4, caller: 1 }]).events);
    expect(ledger.siteSeries.sums(ledger.sites, Int32Array.of(-1), 1, 1)).toEqual([[0]]);
  });
});
