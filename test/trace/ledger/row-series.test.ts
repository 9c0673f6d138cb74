import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { RowSeries } from "../../../src/trace/ledger/row-series.ts";
import { inOrder, resolveAll } from "../../support/event-batches.ts";
import { naiveLedger, type PlainEvent } from "../../support/naive-ledger.ts";

/** Records the values of all rows after each event. */
function recorded(log: readonly (readonly number[])[], maxValues = Number.POSITIVE_INFINITY) {
  const timeline = new RowSeries(maxValues);
  let open: number[] = [];
  for (const [event, values] of log.entries()) {
    if (event === timeline.end) {
      timeline.close(Float64Array.from(open));
      open = [];
    }
    open = values.map((value, row) => Math.max(value, open[row] ?? 0));
  }
  return { timeline, open };
}

describe("RowSeries", () => {
  it("keeps the maximum of each row over every point's events, in at most 32 points", () => {
    const values = fc.array(fc.array(fc.nat(9), { minLength: 3, maxLength: 3 }), {
      maxLength: 700,
      size: "max",
    });
    fc.assert(
      fc.property(values, (log) => {
        const { timeline, open } = recorded(log);
        const width = timeline.eventsPerPoint;
        expect(log.length / width).toBeLessThanOrEqual(32);
        for (let row = 0; row < 3; row++) {
          const points = timeline.row(row);
          if (log.length > timeline.start) {
            points.push(open[row]!);
          }
          const expected: number[] = [];
          for (let from = 0; from < log.length; from += width) {
            const part = log.slice(from, from + width);
            expected.push(Math.max(...part.map((row3) => row3[row]!)));
          }
          expect(points).toEqual(expected);
        }
      }),
    );
  });

  it("has 0 for rows before they were added", () => {
    const timeline = new RowSeries(1000);
    timeline.close(Float64Array.of(5));
    timeline.close(Float64Array.of(5, 7));
    expect([timeline.row(0), timeline.row(1), timeline.row(2)]).toEqual([
      [5, 5],
      [0, 7],
      [0, 0],
    ]);
  });

  it("is coarser with many rows, down to a minimum of points", () => {
    const many = Array.from({ length: 1000 }, () => Array<number>(100).fill(1));
    expect(recorded(many, 2000).timeline.row(0).length).toBeLessThanOrEqual(20);
    expect(recorded(many, 1).timeline.row(0).length).toBeGreaterThan(4);
    expect(recorded(many).timeline.row(0).length).toBeGreaterThan(15);
  });
});

describe("the live bytes of a thread over time", () => {
  const event: fc.Arbitrary<PlainEvent> = fc.record({
    op: fc.constantFrom(Op.malloc, Op.malloc, Op.realloc, Op.free, Op.mark),
    tid: fc.nat(4),
    size: fc.nat(1000),
    pointerIn: fc.nat(20).map((k) => 0x55d0_0000_02a0 + 2048 * k),
    pointerOut: fc.nat(20).map((k) => 0x55d0_0000_02a0 + 2048 * k),
  });

  it("are the maxima of its row's live bytes after each event", () => {
    const events = fc.array(event, { maxLength: 200, size: "max" });
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 200 }), (log, perBatch) => {
        const ledger = new Ledger();
        const actions = resolveAll(ledger, log, perBatch);
        const width = ledger.threads.eventsPerPoint;
        const live = liveAfterEach(inOrder(log, actions));
        for (let thread = 0; thread < ledger.threads.size; thread++) {
          const after = live.map((rows) => rows.get(ledger.threads.tidOf(thread)) ?? 0);
          const expected: number[] = [];
          for (let from = 0; from < log.length; from += width) {
            const before = after[from - 1] ?? 0;
            expected.push(Math.max(before, ...after.slice(from, from + width)));
          }
          expect(ledger.threads.liveTimeline(thread, log.length)).toEqual(expected);
        }
      }),
      { numRuns: 50 },
    );
  });

  /** Live bytes of each thread after each event, by a naive ledger of the events up to it. */
  function liveAfterEach(log: readonly PlainEvent[]): Map<number, number>[] {
    return log.map((_, i) => {
      const { threads } = naiveLedger(log.slice(0, i + 1));
      return new Map(threads.map(({ tid, liveBytes }) => [Number(tid), Number(liveBytes)]));
    });
  }
});
