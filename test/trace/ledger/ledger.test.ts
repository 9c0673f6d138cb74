import { describe, expect, it } from "vitest";
import { Action, LOST_FREE } from "../../../src/trace/actions.ts";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { resolveAll } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const [P, Q, R] = [0x55d0000002a0, 0x55d000000310, 0x7f00000008c0];
const malloc = (pointerOut: number, size: number, tid = 1): PlainEvent => ({
  op: Op.malloc,
  tid,
  size,
  pointerOut,
});
const free = (pointerIn: number, tid = 1): PlainEvent => ({ op: Op.free, tid, pointerIn });
const realloc = (pointerIn: number, size: number, pointerOut: number, tid = 1): PlainEvent => ({
  op: Op.realloc,
  tid,
  pointerIn,
  size,
  pointerOut,
});

function run(...events: PlainEvent[]) {
  const ledger = new Ledger();
  const actions = resolveAll(ledger, events);
  return {
    ledger,
    actions,
    last: actions.at(-1)!,
    row: ledger.threads.row(0),
    anomalies: Object.fromEntries(Object.entries(ledger.anomalies).filter(([, n]) => n > 0)),
  };
}

describe("an action", () => {
  it("has a dense id for each live block, which rests after free", () => {
    const { actions } = run(malloc(P, 10), malloc(Q, 20), free(P), malloc(R, 30));
    expect(actions.map(({ action }) => action)).toEqual([1, 1, Action.free, 1]);
    expect(actions.map(({ block }) => block)).toEqual([0, 1, 0, 2]);
    expect(actions.map(({ oldSize }) => oldSize)).toEqual([0, 0, 10, 0]);
  });

  it.each([
    ["malloc", Action.malloc],
    ["calloc", Action.calloc],
    ["memalign", Action.memalign],
    ["valloc", Action.valloc],
    ["pvalloc", Action.pvalloc],
  ] as const)("of %s allocates", (name, action) => {
    const { last, ledger, row } = run({ op: Op[name], tid: 1, size: 100, pointerOut: P });
    expect(last).toMatchObject({ action, block: 0 });
    expect(ledger.blocks.liveBytes).toBe(100);
    expect(row.calls).toBe(1);
    expect(row[name === "valloc" || name === "pvalloc" ? "memalign" : name]).toBe(1);
  });

  it("is none for an allocation that returns NULL, which failed", () => {
    const { last, row, ledger } = run(malloc(0, 2 ** 50));
    expect(last).toMatchObject({ action: Action.none, block: -1 });
    expect(row).toMatchObject({ malloc: 1, failedCalls: 1, volumeBytes: 0 });
    expect(ledger.blocks.liveBlocks).toBe(0);
  });

  it("of malloc(0) allocates a live block of 0 bytes", () => {
    const { ledger, row } = run(malloc(P, 0));
    expect([ledger.blocks.liveBlocks, ledger.blocks.liveBytes]).toEqual([1, 0]);
    expect(row).toMatchObject({ liveBlocks: 1, failedCalls: 0 });
  });

  it("is none for free(NULL), which counts as a call", () => {
    const { last, row, anomalies } = run(free(0));
    expect(last).toMatchObject({ action: Action.none, block: -1 });
    expect(row).toMatchObject({ free: 1, calls: 1 });
    expect(anomalies).toEqual({});
  });

  it("of realloc(NULL, n) is malloc; the call counts as a realloc", () => {
    const { last, row } = run(realloc(0, 64, P));
    expect(last).toMatchObject({ action: Action.malloc, block: 0 });
    expect(row).toMatchObject({ realloc: 1, malloc: 0, volumeBytes: 64 });
  });

  it("of realloc(p, 0) = NULL is free, not a failure", () => {
    const { last, row, ledger } = run(malloc(P, 64), realloc(P, 0, 0));
    expect(last).toMatchObject({ action: Action.free, block: 0, oldSize: 64 });
    expect(row).toMatchObject({
      realloc: 1,
      free: 0,
      failedCalls: 0,
      volumeBytes: 64,
      liveBytes: 0,
    });
    expect(ledger.blocks.liveBlocks).toBe(0);
  });

  it("of realloc(p, 0) that returns a block is realloc; the block stays live with 0 bytes", () => {
    const { last, row } = run(malloc(P, 64), realloc(P, 0, Q));
    expect(last).toMatchObject({ action: Action.realloc, block: 0, oldSize: 64 });
    expect(row).toMatchObject({ liveBlocks: 1, liveBytes: 0 });
  });

  it("of realloc keeps the block's id, in place and moved", () => {
    const { actions, row, ledger } = run(
      malloc(Q, 1),
      malloc(P, 64),
      realloc(P, 128, P),
      realloc(P, 256, R),
      free(R),
    );
    expect(actions.map(({ block }) => block)).toEqual([0, 1, 1, 1, 1]);
    expect(actions.map(({ oldSize }) => oldSize)).toEqual([0, 0, 64, 128, 256]);
    expect(row.volumeBytes).toBe(1 + 64 + 128 + 256);
    expect(ledger.blocks.liveBytes).toBe(1);
    expect([ledger.blocks.bytesOf(0), ledger.blocks.liveBlocks]).toEqual([1, 1]);
  });

  it("is none for a realloc that fails, and the block stays unchanged", () => {
    const { last, row, actions } = run(malloc(P, 64), realloc(P, 2 ** 50, 0));
    expect(last).toMatchObject({ action: Action.none, block: -1 });
    expect(row).toMatchObject({ failedCalls: 1, liveBytes: 64, volumeBytes: 64 });
    expect(actions[0]!.block).toBe(0);
  });

  it("of malloc_trim and mallopt is the same, of thread_exit and a mark none; all count as lines, not calls", () => {
    const ops = [Op.mallocTrim, Op.mallopt, Op.threadExit, Op.mark];
    const { actions, row } = run(...ops.map((op) => ({ op, tid: 1 })));
    expect(actions.map(({ action }) => action)).toEqual([
      Action.mallocTrim,
      Action.mallopt,
      Action.none,
      Action.none,
    ]);
    expect(actions.every(({ block }) => block === -1)).toBe(true);
    expect(row).toMatchObject({ calls: 0, lines: 4 });
  });
});

describe("a call that contradicts the log", () => {
  it("free of a pointer never returned counts as unknown, of one freed before as double", () => {
    const { actions, anomalies, row } = run(
      free(Q),
      malloc(P, 1),
      free(P),
      free(P),
      realloc(P, 0, 0),
    );
    expect(actions.slice(3).every(({ action }) => action === Action.none)).toBe(true);
    expect(anomalies).toEqual({ freeUnknown: 1, doubleFree: 2 });
    expect(row).toMatchObject({ liveBlocks: 0, liveBytes: 0, freedForOthersBytes: 0 });
  });

  it("a double free may count as unknown after many other frees, but never as a valid one", () => {
    const pointers = Array.from({ length: 100_000 }, (_, k) => P + 32 * k);
    const frees = pointers.map((pointer) => free(pointer));
    const ledger = new Ledger();
    resolveAll(ledger, [...pointers.map((pointer) => malloc(pointer, 1)), ...frees, ...frees]);
    const { doubleFree, freeUnknown } = ledger.anomalies;
    expect(doubleFree + freeUnknown).toBe(100_000);
    expect(doubleFree).toBe(65_536);
    expect(ledger.threads.row(0)).toMatchObject({ liveBlocks: 0, free: 200_000 });
  });

  it("a pointer that realloc moved away from counts as freed", () => {
    expect(run(malloc(P, 1), realloc(P, 2, Q), free(P)).anomalies).toEqual({ doubleFree: 1 });
  });

  it("a pointer returned again may be freed again", () => {
    expect(run(malloc(P, 1), free(P), malloc(P, 1), free(P)).anomalies).toEqual({});
  });

  it("an allocation that returns a live pointer frees that block first and reuses its id", () => {
    const { last, anomalies, ledger, row } = run(malloc(P, 100), malloc(P, 10, 2));
    expect(last).toMatchObject({
      action: Action.malloc | LOST_FREE,
      block: 0,
      lost: 0,
      oldSize: 0,
    });
    expect(anomalies).toEqual({ reusedLive: 1 });
    expect([ledger.blocks.liveBytes, ledger.blocks.liveBlocks]).toEqual([10, 1]);
    // The thread that freed it is unknown.
    expect(row).toMatchObject({ liveBytes: 0, freedByOthersBytes: 0 });
  });

  it("a realloc onto another live block frees that first and keeps the id of the moved block", () => {
    const { actions, anomalies, ledger } = run(
      malloc(P, 100),
      malloc(Q, 10),
      realloc(P, 200, Q),
      malloc(R, 1),
      free(Q),
    );
    expect(actions[2]).toMatchObject({
      action: Action.realloc | LOST_FREE,
      block: 0,
      lost: 1,
      oldSize: 100,
    });
    expect(actions[3]!.block).toBe(2);
    expect(actions[4]).toMatchObject({ action: Action.free, block: 0, oldSize: 200 });
    expect(anomalies).toEqual({ reusedLive: 1 });
    expect([ledger.blocks.liveBytes, ledger.blocks.liveBlocks]).toEqual([1, 1]);
  });

  it("realloc of a pointer never returned acts as malloc", () => {
    const { last, anomalies, row } = run(realloc(P, 50, Q));
    expect(last).toMatchObject({ action: Action.malloc, block: 0, oldSize: 0 });
    expect(anomalies).toEqual({ foreignRealloc: 1 });
    expect(row).toMatchObject({ realloc: 1, liveBytes: 50 });
  });

  it("a foreign realloc that returns a live pointer also shows a missing free", () => {
    const { last, anomalies } = run(malloc(Q, 7), realloc(P, 50, Q));
    expect(last).toMatchObject({ action: Action.malloc | LOST_FREE, block: 0, lost: 0 });
    expect(anomalies).toEqual({ foreignRealloc: 1, reusedLive: 1 });
  });

  it.each([2 ** 48, 2 ** 53, 2 ** 64 - 1, 2 ** 80])(
    "an allocation of %d bytes that returned a block does nothing",
    (size) => {
      const { last, anomalies, row, ledger } = run(malloc(P, 100), malloc(P, size));
      expect(last).toMatchObject({ action: Action.none, block: -1 });
      expect(anomalies).toEqual({ impossibleSize: 1 });
      expect(row).toMatchObject({ malloc: 2, failedCalls: 0, volumeBytes: 100, liveBytes: 100 });
      expect([ledger.blocks.liveBytes, ledger.blocks.liveBlocks]).toEqual([100, 1]);
      expect(run(malloc(0, size)).row.failedCalls).toBe(1);
      expect(run(malloc(P, 2 ** 48 - 1)).anomalies).toEqual({});
    },
  );

  it("an allocation with an impossible alignment does nothing", () => {
    const memalign = (align: number) => ({ op: Op.memalign, align, size: 24, pointerOut: P });
    expect(run(memalign(2 ** 48)).anomalies).toEqual({ impossibleSize: 1 });
    expect(run(memalign(2 ** 47)).anomalies).toEqual({});
  });

  it("a realloc to an impossible size leaves the block unchanged", () => {
    const { actions, anomalies, row } = run(malloc(P, 64), realloc(P, 2 ** 64, Q), free(P));
    expect(actions.map(({ action }) => action)).toEqual([Action.malloc, Action.none, Action.free]);
    expect(anomalies).toEqual({ impossibleSize: 1 });
    expect(row).toMatchObject({ failedCalls: 0, volumeBytes: 64, liveBytes: 0 });
    expect(run(realloc(0, 2 ** 48, P)).anomalies).toEqual({ impossibleSize: 1 });
    expect(run(realloc(R, 2 ** 48, P)).anomalies).toEqual({ impossibleSize: 1 });
  });

  it("a time before the one above is counted; lines without time are skipped", () => {
    const times = [5, 6, Number.NaN, 4, 4, 9, 8];
    const { anomalies, ledger } = run(...times.map((time) => ({ op: Op.mark, time })));
    expect(anomalies).toEqual({ reordered: 2 });
    expect([ledger.clock.least, ledger.clock.greatest, ledger.clock.last]).toEqual([4, 9, 8]);
    expect(ledger.threads.row(0)).toMatchObject({ firstTime: 4, lastTime: 9 });
  });
});

describe("a log that runs past midnight without a date", () => {
  const HOUR = 3600e6;
  const DAY = 24 * HOUR;
  const BEFORE = DAY - 1e6;

  /** The times as the ledger rewrites them, in batches of two. */
  function read(...times: number[]) {
    const ledger = new Ledger();
    const marks = times.map((time, tid) => ({ op: Op.mark, tid, time }));
    resolveAll(ledger, marks, 2);
    const rewritten = ledger.threads.rows().map(({ lastTime }) => lastTime);
    return { rewritten, reordered: ledger.anomalies.reordered, ledger };
  }

  it("continues a day later, also for threads and on the time axis", () => {
    const { rewritten, reordered, ledger } = read(BEFORE, 10e6, 11e6, BEFORE - HOUR, 12e6);
    const expected = [BEFORE, DAY + 10e6, DAY + 11e6, DAY + BEFORE - HOUR, 2 * DAY + 12e6];
    expect(rewritten).toEqual(expected);
    expect(ledger.time.points()).toEqual(expected);
    expect([ledger.clock.least, ledger.clock.greatest]).toEqual([BEFORE, 2 * DAY + 12e6]);
    expect(reordered).toBe(0);
  });

  it("is recognised across lines without time", () => {
    expect(read(BEFORE, Number.NaN, 10e6).rewritten.at(-1)).toBe(DAY + 10e6);
  });

  it("may have a late line of the day before, which is not another midnight", () => {
    const { rewritten, reordered } = read(BEFORE, 10, BEFORE + 5, BEFORE + 6, 20);
    expect(rewritten).toEqual([BEFORE, DAY + 10, BEFORE + 5, BEFORE + 6, DAY + 20]);
    expect(reordered).toBe(1);
  });

  it("is distinguished from small steps back, and from clocks beyond 24 h", () => {
    expect(read(13 * HOUR, 2 * HOUR)).toMatchObject({ reordered: 1 });
    expect(read(13 * HOUR, 2 * HOUR).rewritten).toEqual([13 * HOUR, 2 * HOUR]);
    expect(read(30 * HOUR, 2 * HOUR).rewritten).toEqual([30 * HOUR, 2 * HOUR]);
    expect(read(2 * HOUR, BEFORE).rewritten).toEqual([2 * HOUR, BEFORE]);
  });
});

describe("the threads", () => {
  it("are in the order of their first line; a reused tid is the same row", () => {
    const exit = { op: Op.threadExit, tid: 9 };
    const { ledger, actions } = run(malloc(P, 1, 9), malloc(Q, 2, 3), exit, malloc(R, 4, 9));
    expect(ledger.threads.rows().map(({ tid }) => tid)).toEqual([9, 3]);
    expect(actions.map(({ thread }) => thread)).toEqual([0, 1, 0, 0]);
    expect(ledger.threads.row(0)).toMatchObject({ malloc: 2, lines: 3, liveBytes: 5 });
  });

  it("count a free by another thread on both sides", () => {
    const { ledger } = run(malloc(P, 100, 1), free(P, 2));
    const [one, two] = ledger.threads.rows();
    expect(one).toMatchObject({ liveBytes: 0, peakLiveBytes: 100, freedByOthersBytes: 100 });
    expect(two).toMatchObject({ liveBytes: 0, liveBlocks: 0, freedForOthersBytes: 100 });
  });

  it("own a block that they resize", () => {
    const { ledger } = run(malloc(P, 100, 1), realloc(P, 300, P, 2));
    const [one, two] = ledger.threads.rows();
    expect(one).toMatchObject({ liveBytes: 0, liveBlocks: 0, freedByOthersBytes: 100 });
    expect(two).toMatchObject({ liveBytes: 300, liveBlocks: 1, freedForOthersBytes: 100 });
    expect(two).toMatchObject({ volumeBytes: 300, peakLiveBytes: 300 });
  });

  it("have their first and last time, NaN if none of their lines carries one", () => {
    const { ledger } = run(
      { op: Op.mark, tid: 1, time: 3 },
      { op: Op.mark, tid: 2 },
      { op: Op.mark, tid: 1, time: 8 },
      { op: Op.mark, tid: 1 },
    );
    const [one, two] = ledger.threads.rows();
    expect(one).toMatchObject({ firstTime: 3, lastTime: 8 });
    expect([two!.firstTime, two!.lastTime]).toEqual([Number.NaN, Number.NaN]);
  });

  it("may be many, with any tids", () => {
    const events = Array.from({ length: 5000 }, (_, k) => ({
      op: Op.mark,
      tid: (k * 429_497) % 2 ** 31,
    }));
    const { ledger } = run(...events, ...events);
    expect(ledger.threads.size).toBe(5000);
    expect(ledger.threads.rows().every(({ lines }) => lines === 2)).toBe(true);
    expect(ledger.threads.tidOf(4999)).toBe(events[4999]!.tid);
  });
});

describe("the peak of live bytes", () => {
  it("is at the first event that reaches it, with the last time up to there", () => {
    const { ledger } = run(
      { ...malloc(P, 10), time: 100 },
      { ...malloc(Q, 20), time: 200 },
      malloc(R, 30),
      { ...free(R), time: 300 },
      { ...malloc(R, 30), time: 400 },
    );
    expect(ledger.liveBytes).toMatchObject({ peak: 60, peakEvent: 2, last: 60 });
    expect(ledger.peakTime).toBe(200);
  });

  it("has no time in a log without times, and no event in one without blocks", () => {
    expect(run(malloc(P, 1)).ledger.peakTime).toBeNaN();
    const { ledger } = run(free(0));
    expect(ledger.liveBytes).toMatchObject({ peak: 0, peakEvent: -1 });
    expect(ledger.peakTime).toBeNaN();
  });
});
