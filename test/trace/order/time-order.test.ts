import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EventBatch, Op } from "../../../src/trace/event.ts";
import { TimeOrder } from "../../../src/trace/order/time-order.ts";
import { inBatches } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const HOUR = 3600e6;
const P = 0x7f00_0000_08c0;
const Q = 0x7f00_0000_0930;

/** A call without a pointer. */
const call = (tid: number, time?: number): PlainEvent => ({
  op: Op.free,
  tid,
  ...(time === undefined ? {} : { time }),
});
const malloc = (tid: number, time: number, pointerOut: number): PlainEvent => ({
  op: Op.malloc,
  tid,
  time,
  size: 100,
  pointerOut,
});
const free = (tid: number, time: number, pointerIn: number): PlainEvent => ({
  op: Op.free,
  tid,
  time,
  pointerIn,
});

/** Passes the batches on; returns the 1-based lines in their new order, and the number of lines moved. */
function ordered(batches: readonly EventBatch[]) {
  const order = new TimeOrder();
  const lines: number[] = [];
  const collect = (batch: EventBatch | null) =>
    lines.push(...(batch === null ? [] : batch.line.subarray(0, batch.length)));
  for (const batch of batches) {
    collect(order.take(batch));
  }
  while (order.next !== null) {
    collect(order.release());
  }
  return { lines, moved: order.moved };
}

const inOrder = (events: readonly PlainEvent[], perBatch?: number) =>
  ordered([...inBatches(events, perBatch)]);
const linesOf = (events: readonly PlainEvent[], perBatch?: number) =>
  inOrder(events, perBatch).lines;

describe("a late line", () => {
  it("moves to where its time says", () => {
    const log = [call(1, 10), call(1, 20), call(1, 30), call(2, 15), call(1, 40)];
    expect(inOrder(log)).toEqual({ lines: [1, 4, 2, 3, 5], moved: 1 });
  });

  it("moves with all its columns", () => {
    const [batch] = [...inBatches([malloc(1, 20, P), malloc(2, 10, Q), free(1, 30, P)])];
    const order = new TimeOrder();
    order.take(batch!);
    expect([...batch!.pointerOut.subarray(0, 3)]).toEqual([Q, P, 0]);
    expect([...batch!.tid.subarray(0, 3)]).toEqual([2, 1, 1]);
    expect([...batch!.pointerIn.subarray(0, 3)]).toEqual([0, 0, P]);
  });

  it("moves into the batch above", () => {
    const log = [call(1, 10), call(1, 20), call(1, 30), call(2, 15)];
    expect(inOrder(log, 2)).toEqual({ lines: [1, 4, 2, 3], moved: 1 });
  });

  it("moves over several batches of the window, once one has shown that lines are late", () => {
    const punctual = Array.from({ length: 6 }, (_, n) => call(1, 100 + n));
    const log = [call(1, 10), call(2, 5), ...punctual, call(2, 50)];
    expect(linesOf(log, 2)).toEqual([2, 1, 9, 3, 4, 5, 6, 7, 8]);
  });

  it("moves to the top of the window, but no farther", () => {
    const punctual = Array.from({ length: 40 }, (_, n) => call(1, 100 + n));
    const log = [call(1, 10), call(2, 5), ...punctual, call(2, 50)];
    const at = linesOf(log, 2).indexOf(log.length);
    expect(at).toBeGreaterThan(20);
    expect(at).toBeLessThan(30);
  });

  it("stays below lines of the same time", () => {
    const log = [call(1, 10), call(1, 20), call(1, 30), call(2, 20), call(3, 20)];
    expect(linesOf(log)).toEqual([1, 2, 4, 5, 3]);
  });

  it("stays below its thread's own lines, even if their times are later", () => {
    expect(linesOf([call(1, 20), call(2, 30), call(2, 25)])).toEqual([1, 2, 3]);
  });

  it("stays below a comment", () => {
    const [batch] = [...inBatches([call(1, 10), call(1, 20), call(1, 30), call(2, 5)])];
    batch!.notes.push({ at: 2, line: 3, text: "rss 1" });
    expect(ordered([batch!]).lines).toEqual([1, 2, 4, 3]);
  });

  it("stays below a comment of the batch above", () => {
    const batches = [...inBatches([call(1, 10), call(1, 20), call(1, 30), call(2, 5)], 2)];
    batches[0]!.notes.push({ at: 1, line: 2, text: "rss 1" });
    expect(ordered(batches).lines).toEqual([1, 4, 2, 3]);
  });
});

it("lines that tie keep their order", () => {
  const log = [call(1, 10), call(2, 10), call(1, 10), call(3, 10)];
  expect(inOrder(log)).toEqual({ lines: [1, 2, 3, 4], moved: 0 });
});

it("lines without times stay", () => {
  const log = [call(1), call(2), call(1), call(3)];
  expect(inOrder(log, 2)).toEqual({ lines: [1, 2, 3, 4], moved: 0 });
});

it("a line with a time passes lines without one that stand between", () => {
  expect(linesOf([call(1, 10), call(1, 30), call(3), call(2, 20)])).toEqual([1, 4, 2, 3]);
});

it("a clock that is set back leaves the lines as they are", () => {
  const log = [call(1, 50e6), call(2, 51e6), call(1, 20e6), call(2, 21e6), call(1, 22e6)];
  expect(inOrder(log, 2)).toEqual({ lines: [1, 2, 3, 4, 5], moved: 0 });
  // Less than a line may be late: each thread's own time shows it.
  const little = [call(1, 50), call(2, 51), call(1, 20), call(2, 21), call(1, 22)];
  expect(inOrder(little, 2)).toEqual({ lines: [1, 2, 3, 4, 5], moved: 0 });
});

it("a late line does not move above the place where the clock was set back", () => {
  const log = [call(1, 50e6), call(2, 51e6), call(1, 20e6), call(2, 22e6), call(3, 21e6)];
  expect(linesOf(log)).toEqual([1, 2, 3, 5, 4]);
});

it("midnight leaves the lines as they are, and lines after it are put in order", () => {
  const log = [call(1, 24 * HOUR - 10), call(2, 24 * HOUR - 5), call(1, 5), call(2, 9), call(3, 7)];
  expect(linesOf(log)).toEqual([1, 2, 3, 5, 4]);
});

describe("a hook that takes the time outside of its lock", () => {
  // Thread 2 takes its time before it waits for the lock, so its line is later than it says.
  const round = (n: number) => [
    malloc(1, 100 * n, P),
    free(1, 100 * n + 20, P),
    malloc(2, 100 * n + 10, P),
    free(2, 100 * n + 30, P),
  ];

  it("keeps the order of lines: the pointers contradict the times", () => {
    const log = [1, 2, 3, 4].flatMap(round);
    expect(inOrder(log)).toEqual({ lines: log.map((_, n) => n + 1), moved: 0 });
  });

  it("also where pointers do not show it, once they have", () => {
    const later = [call(1, 1000), call(1, 1020), call(2, 1010)];
    const log = [...round(1), ...later];
    expect(linesOf(log, 4)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(linesOf(later)).toEqual([1, 3, 2]);
  });
});

describe("random logs", () => {
  /** Calls at times that differ, in the order of their times. */
  const calls = fc
    .array(
      fc.record({ tid: fc.integer({ min: 1, max: 4 }), gap: fc.integer({ min: 1, max: 50 }) }),
      {
        maxLength: 60,
      },
    )
    .map((steps) => {
      let time = 0;
      return steps.map(({ tid, gap }) => {
        time += gap;
        return { op: Op.free, tid, time };
      });
    });
  /** How long a thread waits before it writes each line. */
  const delays = fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 60, maxLength: 60 });
  const perBatch = fc.integer({ min: 1, max: 16 });

  /** The calls in the order in which the threads write them: each writes a line before it calls again. */
  function written(events: readonly PlainEvent[], waits: readonly number[]): PlainEvent[] {
    const at = new Map<number | undefined, number>();
    const lines = events.map((event, n) => {
      const time = Math.max((event.time ?? 0) + waits[n]!, (at.get(event.tid) ?? 0) + 0.001);
      at.set(event.tid, time);
      return { event, time };
    });
    return lines.sort((a, b) => a.time - b.time).map(({ event }) => event);
  }

  it("keep all lines, and each thread its order", () => {
    fc.assert(
      fc.property(calls, delays, perBatch, (events, waits, size) => {
        const log = written(events, waits);
        const { lines } = inOrder(log, size);
        expect([...lines].sort((a, b) => a - b)).toEqual(log.map((_, n) => n + 1));
        for (const tid of [1, 2, 3, 4]) {
          const own = lines.filter((line) => log[line - 1]?.tid === tid);
          expect(own).toEqual([...own].sort((a, b) => a - b));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("are in order of time if the window holds them", () => {
    fc.assert(
      fc.property(calls, delays, (events, waits) => {
        const log = written(events, waits);
        expect(linesOf(log).map((line) => log[line - 1])).toEqual(events);
      }),
      { numRuns: 100 },
    );
  });

  it("stay as they are once in order", () => {
    fc.assert(
      fc.property(calls, perBatch, (events, size) => {
        const lines = events.map((_, n) => n + 1);
        expect(inOrder(events, size)).toEqual({ lines, moved: 0 });
      }),
      { numRuns: 100 },
    );
  });
});
