import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Insertion } from "../../src/replay/insertions.ts";
import { newWork, type Work } from "../../src/replay/work.ts";
import { Action, LOST_FREE, withoutLostFree } from "../../src/trace/actions.ts";
import { EVENTS_PER_BATCH } from "../../src/trace/columns.ts";
import { OrderCore } from "../../src/what-if/order-core.ts";
import { type Drift, type Reordered, ThreadDrift } from "../../src/what-if/thread-drift.ts";

/** What a row of a log does; `serial` marks it. */
interface Call {
  readonly thread: number;
  readonly action: number;
  /** the log's id, given again as soon as the block is freed; −1: none */
  readonly block: number;
  readonly serial: number;
  readonly time: number;
  /** true for the last call of its thread, after which the thread ends */
  readonly ends: boolean;
}

/** Random calls: an allocation, or a realloc or free of a live block by any thread; ids are reused at once, the latest first. */
function callsOf(choices: readonly [thread: number, what: number, pick: number][]): Call[] {
  const live: number[] = [];
  const unused: number[] = [];
  let ids = 0;
  let time = 0;
  return choices.map(([thread, what, pick], serial) => {
    time += what % 7;
    const call = { thread, serial, time, ends: false };
    if (live.length === 0 || what < 50) {
      const block = unused.pop() ?? ids++;
      live.push(block);
      return { ...call, action: Action.malloc, block };
    }
    const at = pick % live.length;
    const block = live[at]!;
    if (what < 60) {
      return { ...call, action: Action.realloc, block };
    }
    if (what < 63) {
      // Its free is missing, and the allocation has its place and id.
      return { ...call, action: Action.malloc + LOST_FREE, block };
    }
    live.splice(at, 1);
    unused.push(block);
    return { ...call, action: Action.free, block };
  });
}

const CALLS = fc
  .array(fc.tuple(fc.nat(5), fc.nat(99), fc.nat(1000)), { minLength: 1, maxLength: 400 })
  .map(callsOf);
const DRIFT: fc.Arbitrary<Drift> = fc.record({
  seed: fc.nat(1000),
  events: fc.constantFrom(1, 2, 16, 64, 1024),
  time: fc.constantFrom(0, 5, 50, 1e9),
});

/** Fills a work with calls; the size is the serial, so that what leaves can be recognised. */
function workOf(calls: readonly Call[]): Work {
  const work = newWork(ArrayBuffer, Math.max(1, calls.length));
  work.batch.length = calls.length;
  calls.forEach(({ thread, action, block, serial, time }, row) => {
    work.batch.time[row] = time;
    work.batch.size[row] = serial;
    work.actions.action[row] = action;
    work.actions.thread[row] = thread;
    work.actions.block[row] = block;
    work.actions.lost[row] = block;
    work.touch.whole[row] = 1;
  });
  return work;
}

/** A row that has left, with the blocks' names. */
interface Left {
  readonly serial: number;
  readonly thread: number;
  readonly action: number;
  readonly block: number;
  readonly lost: number;
  readonly time: number;
}

function rowsOf(parts: readonly Reordered[]): Left[] {
  return parts.flatMap(({ work: { batch, actions } }) =>
    Array.from({ length: batch.length }, (_, n) => ({
      serial: batch.size[n]!,
      thread: actions.thread[n]!,
      action: actions.action[n]!,
      block: actions.block[n]!,
      lost: actions.action[n]! >= LOST_FREE ? actions.lost[n]! : -1,
      time: batch.time[n]!,
    })),
  );
}

/** Returns the calls in the other order, given in batches of `length`; and how many waited at most. */
function drifted(calls: readonly Call[], drift: Drift, length: number, first = 0) {
  const core = new OrderCore();
  const order = new ThreadDrift(core, drift, first, 0, []);
  const parts: Reordered[] = [];
  let waited = 0;
  for (let from = 0; from < calls.length; from += length) {
    const batch = calls.slice(from, from + length);
    core.load(workOf(batch));
    parts.push(...order.add(first + from, []));
    const left = parts.reduce((sum, { work }) => sum + work.batch.length, 0);
    waited = Math.max(waited, from + batch.length - left);
  }
  parts.push(...order.end([]));
  return { rows: rowsOf(parts), parts, waited };
}

describe("the calls of a log whose threads drift", () => {
  const runs = { numRuns: 200 };

  it("are all there once, numbered one after the other", () => {
    fc.assert(
      fc.property(CALLS, DRIFT, fc.integer({ min: 1, max: 100 }), (calls, drift, length) => {
        const { rows, parts } = drifted(calls, drift, length, 1000);
        expect(rows.map(({ serial }) => serial).sort((a, b) => a - b)).toEqual([...calls.keys()]);
        let first = 1000;
        for (const part of parts) {
          expect(part.first).toBe(first);
          first += part.work.batch.length;
        }
      }),
      runs,
    );
  });

  it("keep each thread's order", () => {
    fc.assert(
      fc.property(CALLS, DRIFT, (calls, drift) => {
        const { rows } = drifted(calls, drift, 50);
        const latest = new Map<number, number>();
        for (const { thread, serial } of rows) {
          expect(serial).toBeGreaterThan(latest.get(thread) ?? -1);
          latest.set(thread, serial);
        }
      }),
      runs,
    );
  });

  it("concern a block from its allocation to its free, in the log's order, under a name that no other live block has", () => {
    fc.assert(
      fc.property(CALLS, DRIFT, (calls, drift) => {
        const { rows } = drifted(calls, drift, 50);
        /** by name: the serials of the calls that concern the live block, as in the log */
        const live = new Map<number, number>();
        const lives = livesOf(calls);
        for (const { serial, action, block, lost } of rows) {
          const { before, own } = lives[serial]!;
          if (action >= LOST_FREE) {
            expect(live.get(lost)).toBe(before);
            live.delete(lost);
          }
          if (withoutLostFree(action) === Action.malloc) {
            expect(live.has(block)).toBe(false);
            live.set(block, own);
          } else {
            expect(live.get(block)).toBe(own);
          }
          if (action === Action.free) {
            live.delete(block);
          }
        }
      }),
      runs,
    );
  });

  it("are the same for the same seed, however the log is cut into batches", () => {
    fc.assert(
      fc.property(CALLS, DRIFT, fc.integer({ min: 1, max: 100 }), (calls, drift, length) => {
        expect(drifted(calls, drift, length).rows).toEqual(drifted(calls, drift, 400).rows);
      }),
      runs,
    );
  });

  it("wait in a window of the longest lag", () => {
    fc.assert(
      fc.property(CALLS, DRIFT, (calls, drift) => {
        expect(drifted(calls, drift, 1).waited).toBeLessThanOrEqual(drift.events);
      }),
      runs,
    );
  });

  it("come later by the longest time at most, and their times never go back", () => {
    fc.assert(
      fc.property(CALLS, DRIFT, (calls, drift) => {
        const { rows } = drifted(calls, drift, 50);
        rows.forEach(({ serial, time }, n) => {
          // A call leaves before the first one that is later by more than that.
          expect(time - calls[serial]!.time).toBeLessThanOrEqual(
            drift.time + timeToNext(calls, time),
          );
          expect(time).toBeGreaterThanOrEqual(rows[n - 1]?.time ?? 0);
        });
      }),
      runs,
    );
  });

  it("come in another order if threads may lag, and in another one for another seed", () => {
    const calls = callsOf(Array.from({ length: 2000 }, (_, i) => [i % 4, (i * 37) % 100, i * 7]));
    const orders = [1, 2, 3].map((seed) => {
      const { rows } = drifted(calls, { seed, events: 64, time: 1e9 }, 500);
      return rows.map(({ serial }) => serial).join();
    });
    const logged = [...calls.keys()].join();
    expect(new Set([logged, ...orders]).size).toBe(4);
  });

  it("of one thread keep the log's order", () => {
    const calls = callsOf(Array.from({ length: 500 }, (_, i) => [0, (i * 37) % 100, i * 7]));
    const { rows } = drifted(calls, { seed: 1, events: 64, time: 1e9 }, 100);
    expect(rows.map(({ serial }) => serial)).toEqual([...calls.keys()]);
  });

  it("of a new thread come after all that the log has before", () => {
    const threads = [0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 2, 2, 2];
    const calls = callsOf(threads.map((thread) => [thread, 0, 0]));
    for (let seed = 0; seed < 50; seed++) {
      const { rows } = drifted(calls, { seed, events: 16, time: 1e9 }, 16);
      expect(rows.slice(13).map(({ thread }) => thread)).toEqual([2, 2, 2]);
    }
  });
});

/** For each call, by its serial: the serial of the allocation of its block; and of the one before, if its free is missing. */
function livesOf(calls: readonly Call[]): { before: number; own: number }[] {
  const owners = new Map<number, number>();
  return calls.map(({ action, block, serial }) => {
    const before = owners.get(block) ?? -1;
    if (withoutLostFree(action) === Action.malloc) {
      owners.set(block, serial);
    }
    return { before, own: owners.get(block)! };
  });
}

/** The step of the log's clock that ends at `time`. */
function timeToNext(calls: readonly Call[], time: number): number {
  const next = calls.find((call) => call.time > time)?.time ?? time;
  return next - time;
}

describe("what happens between the calls", () => {
  const drift = { seed: 3, events: 16, time: 1e9 };

  it("stays with its thread or block, and has numbers of the new order", () => {
    const threads = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 2, 2, 2];
    const calls = callsOf(threads.map((thread) => [thread, 0, 0]));
    const insertions: Insertion[] = [
      { kind: "writes", before: 3, block: 2, written: [], unwritten: [] },
      { kind: "probe", before: 5 },
      { kind: "exit", before: 12, thread: 1 },
      { kind: "mappingEnd", before: 16, block: 4, pointer: 0, bytes: 0 },
    ];
    for (let seed = 0; seed < 50; seed++) {
      const core = new OrderCore();
      const order = new ThreadDrift(core, { ...drift, seed }, 0, 100, []);
      core.load(workOf(calls));
      const parts = [...order.add(0, insertions), ...order.end([])];
      const rows = rowsOf(parts);
      const placed = parts.flatMap((part) => part.insertions);
      expect(placed.map(({ kind }) => kind).sort()).toEqual([
        "exit",
        "mappingEnd",
        "probe",
        "writes",
      ]);
      const place = (serial: number) => rows.findIndex((row) => row.serial === serial);
      for (const one of placed) {
        if (one.kind === "exit") {
          expect(one.before).toBeGreaterThan(place(11));
        } else if (one.kind === "writes" || one.kind === "mappingEnd") {
          const serial = one.kind === "writes" ? 2 : 4;
          expect(one.before).toBeGreaterThan(place(serial));
          expect(one.block).toBe(rows[place(serial)]!.block);
        }
      }
    }
  });

  it("begins a thread anew that has ended: another with its tid comes after all that the log has before", () => {
    const calls = callsOf([1, 0, 0, 0, 0, 0, 1, 0].map((thread) => [thread, 0, 0]));
    for (let seed = 0; seed < 50; seed++) {
      const core = new OrderCore();
      const order = new ThreadDrift(core, { ...drift, seed }, 0, 100, []);
      core.load(workOf(calls));
      const parts = [...order.add(0, [{ kind: "exit", before: 1, thread: 1 }]), ...order.end([])];
      const serials = rowsOf(parts).map(({ serial }) => serial);
      const before = serials.slice(0, serials.indexOf(6));
      expect(before).toEqual(expect.arrayContaining([0, 1, 2, 3, 4, 5]));
    }
  });

  it("at the log's end names the blocks as the order does", () => {
    const core = new OrderCore();
    const order = new ThreadDrift(core, drift, 0, 100, []);
    core.load(workOf(callsOf([[0, 0, 0]])));
    order.add(0, []);
    const part = order
      .end([
        { kind: "writes", before: 1, block: 0, written: [], unwritten: [] },
        { kind: "writes", before: 1, block: 7, written: [], unwritten: [] },
      ])
      .at(-1);
    // Block 7 is older than the order.
    expect(part?.insertions).toMatchObject([
      { before: 1, block: 100 },
      { before: 1, block: 7 },
    ]);
  });
});

it("a log of many batches leaves in full batches, whose memory is used again", () => {
  const unused: Work[] = [];
  const core = new OrderCore();
  const order = new ThreadDrift(core, { seed: 1, events: 20_000, time: 1e9 }, 0, 0, unused);
  const works = new Set<Work>();
  for (let batch = 0; batch < 20; batch++) {
    const choices = Array.from(
      { length: EVENTS_PER_BATCH },
      (_, i) => [i % 3, i % 100, i] as const,
    );
    const calls = choices.map(([thread], i) => {
      const isFree = i % 2 === 1;
      const action = isFree ? Action.free : Action.malloc;
      return { thread, action, block: 0, serial: i, time: 0, ends: false };
    });
    core.load(workOf(calls));
    for (const { work } of order.add(batch * EVENTS_PER_BATCH, [])) {
      works.add(work);
      unused.push(work);
    }
  }
  expect(works.size).toBeLessThanOrEqual(3);
});
