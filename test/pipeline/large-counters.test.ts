import { describe, expect, test } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import type { Insertion } from "../../src/replay/insertions.ts";
import { replayBatch } from "../../src/replay/insertions.ts";
import { REPLAY } from "../../src/replay/replay-state.ts";
import { ActionBatch } from "../../src/trace/actions.ts";
import { Op } from "../../src/trace/event.ts";
import { Ledger } from "../../src/trace/ledger/ledger.ts";
import { RowSeries } from "../../src/trace/ledger/row-series.ts";
import { MAX_POINTS, PeakSeries, TimeAxis } from "../../src/trace/ledger/series.ts";
import { LastCalls } from "../../src/trace/order/last-calls.ts";
import { ThreadExits } from "../../src/trace/order/thread-exits.ts";
import { FirstPointers } from "../../src/trace/signs/first-pointers.ts";
import { CollectingSink } from "../support/collect.ts";
import { inBatches, resolve, resolveAll } from "../support/event-batches.ts";
import type { PlainEvent } from "../support/naive-ledger.ts";
import { guidedReplay, originOf, prepare } from "../support/prepared-log.ts";

/** An endless log passes 2^31 and 2^32 lines and events within days, and 2^53 bytes of volume within months. */
const LIMITS = [2 ** 31, 2 ** 32, 2 ** 33];

describe.each(LIMITS)("around %i", (limit) => {
  test("lines keep their numbers", () => {
    const sink = new CollectingSink();
    const diagnostics = new Diagnostics();
    diagnostics.lines.total = limit - 2;
    const lines = ["1 free(0x10)", "# rss 4096", "nonsense", "1 free(0x20)", ""];
    const text = Buffer.from(lines.join("\n"));
    new NativeScanner(sink, diagnostics).scan(text, text.length);
    sink.end();
    expect(sink.events.map(({ line }) => line)).toEqual([limit - 1, limit + 2]);
    expect(sink.notes.map(({ line }) => line)).toEqual([limit]);
    expect(diagnostics.samples).toEqual([{ line: limit + 1, text: "nonsense" }]);
    expect(diagnostics.lines.total).toBe(limit + 2);
  });

  test("series over events end with the last event, and keep their peaks", () => {
    const peaks = new PeakSeries();
    const times = new TimeAxis();
    for (const [n, event] of [0, limit - 2, limit - 1, limit, limit + 1].entries()) {
      peaks.record(event, [5, 1, 9, 2, 3][n]!);
      times.record(event, n);
    }
    expect(peaks).toMatchObject({ peak: 9, peakEvent: limit - 1, last: 3 });
    expect(peaks.eventsPerPoint).toBe(times.eventsPerPoint);
    expect(peaks.eventsPerPoint * peaks.length).toBeGreaterThan(limit + 1);
    expect(peaks.eventsPerPoint * (peaks.length - 1)).toBeLessThanOrEqual(limit + 1);
    expect(peaks.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(peaks.points().every((value) => value >= 1 && value <= 9)).toBe(true);
    expect(Math.max(...peaks.points())).toBe(9);
    expect(times.points().at(-1)).toBe(4);
  });

  test("timelines of threads have at most 32 points", () => {
    const rows = new RowSeries(2 ** 18);
    let closed = 0;
    while (rows.start < limit) {
      rows.close(Float64Array.of(++closed));
    }
    expect(rows.end).toBe(rows.start + rows.eventsPerPoint);
    expect(Number.isInteger(Math.log2(rows.eventsPerPoint))).toBe(true);
    expect(rows.row(0).length).toBeLessThan(32);
    expect(rows.row(0).at(-1)).toBe(closed);
  });

  test("ends of threads are found at their events", () => {
    const at = 0x5581000002a0;
    const free = (tid: number, pointerIn: number, caller: number): PlainEvent => ({
      op: Op.free,
      tid,
      pointerIn,
      caller,
    });
    const events: PlainEvent[] = [
      { op: Op.malloc, tid: 1, size: 10, pointerOut: at },
      { op: Op.malloc, tid: 2, size: 10, pointerOut: at + 32 },
      free(2, 0, 0x7f0000001000),
      free(2, 0, 0x7f0000002000),
      { op: Op.malloc, tid: 1, size: 10, pointerOut: at + 64 },
      { op: Op.threadExit, tid: 2 },
      { op: Op.malloc, tid: 3, size: 10, pointerOut: at + 96 },
    ];
    const found = (first: number) => {
      const [ledger, actions] = [new Ledger(), new ActionBatch()];
      const [batch] = inBatches(events);
      resolve({ ledger, batch: batch!, actions, next: null });
      const [calls, exits, pointers] = [new LastCalls(), new ThreadExits(), new FirstPointers()];
      const late = calls.read(batch!, actions, first, null);
      return {
        late: [...late, ...calls.likelyExits(2)].map(({ thread, last }) => [thread, last - first]),
        logged: exits.place(batch!, actions, first, null).map(({ last }) => last - first),
        pointers: pointers.read(batch!, actions, first, null).map(({ event }) => event - first),
      };
    };
    expect(found(limit - 4)).toEqual(found(0));
    expect(found(0)).toMatchObject({ late: [[1, 3]], logged: [5] });
  });

  test("a replay does the same as from event 0", () => {
    const replayed = (before: number) => {
      const lines = ["1 malloc(100) = 0x5581000002a0", "1 malloc(9000) = 0x558100000310"].concat(
        ["1 realloc(0x558100000310, 200000) = 0x558100000310", "1 free(0x5581000002a0)"],
        ["# rss 4096", "2 malloc(24) = 0x7f0000000b70", "1 malloc(50) = 0x111111111110"],
        ["1 free(0x558100000310)"],
      );
      const { batches } = prepare(lines);
      const guided = guidedReplay(originOf("2.36", {}, 2));
      guided.model.core.attached.f64[REPLAY.event] = before;
      for (const { work, first, logged } of batches) {
        const moved = logged.map((one): Insertion => ({ ...one, before: one.before + before }));
        replayBatch(guided.replay, work, first + before, moved);
      }
      guided.replay.finish();
      const { rss, state, model } = guided.replay;
      return {
        event: state.event - before,
        last: rss.pages.map((series) => [series.last, series.peak, series.peakEvent - before]),
        probes: rss.probes.map((pages) => [...pages]),
        system: model.systemBytes,
        inUse: [guided.inUse.last, guided.inUse.peak, guided.inUse.peakEvent - before],
        divergence: (guided.judge.state.firstDivergence?.event ?? 0) - before,
      };
    };
    expect(replayed(limit - 3)).toEqual(replayed(0));
    expect(replayed(0).event).toBe(7);
    expect(replayed(0).divergence).toBeGreaterThan(0);
  });
});

describe("sums beyond 2^53 bytes", () => {
  const LARGE = 2 ** 47;

  test("volume is rounded, but never falls or wraps", () => {
    const ledger = new Ledger();
    const before: number[] = [];
    for (let n = 0; n < 200; n++) {
      resolveAll(ledger, [
        { op: Op.malloc, tid: 1, size: LARGE + 1, pointerOut: 0x1000 },
        { op: Op.free, tid: 1, pointerIn: 0x1000 },
      ]);
      before.push(ledger.threads.row(0).volumeBytes);
    }
    expect(before.every((volume, n) => n === 0 || volume > before[n - 1]!)).toBe(true);
    expect(before.at(-1)! / (200 * (LARGE + 1))).toBeCloseTo(1, 12);
    expect(ledger.blocks.liveBytes).toBe(0);
    expect(ledger.threads.row(0).liveBytes).toBe(0);
  });

  test("live bytes stay exact: no process has more, and what would exceed it is left out", () => {
    const count = 100;
    const mallocs = Array.from({ length: count }, (_, n) => ({
      op: Op.malloc,
      tid: n % 3,
      size: LARGE + 1 + n * 7,
      pointerOut: (n + 1) * 4096,
    }));
    const frees = mallocs.map((_, n) => ({
      op: Op.free,
      tid: 1,
      pointerIn: (((n * 7) % count) + 1) * 4096,
    }));
    const ledger = new Ledger();
    resolveAll(ledger, mallocs);
    const counted = 63;
    expect(ledger.blocks.liveBytes).toBe(
      mallocs.slice(0, counted).reduce((sum, { size }) => sum + size, 0),
    );
    expect(ledger.anomalies.impossibleSize).toBe(count - counted);
    resolveAll(ledger, frees);
    expect(ledger.blocks).toMatchObject({ liveBytes: 0, liveBlocks: 0 });
    for (const row of ledger.threads.rows()) {
      expect(row).toMatchObject({ liveBytes: 0, liveBlocks: 0 });
    }
  });
});
