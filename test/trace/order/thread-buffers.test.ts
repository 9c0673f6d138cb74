import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Op } from "../../../src/trace/event.ts";
import { ThreadBuffers } from "../../../src/trace/order/thread-buffers.ts";
import { inBatches } from "../../support/event-batches.ts";

interface Call {
  readonly op: number;
  readonly tid: number;
  /** µs */
  readonly time?: number;
}

const HOUR = 3600e6;

function read(calls: readonly Call[], perBatch?: number): ThreadBuffers {
  const buffers = new ThreadBuffers();
  for (const batch of inBatches(calls, perBatch)) {
    buffers.read(batch);
  }
  return buffers;
}

/** Calls of threads 1..threads, one each `gap` µs; lower threads call more often. */
const calls = (count: number, threads: number, gap = 50): Call[] =>
  Array.from({ length: count }, (_, n) => {
    const random = (Math.imul(n, 0x9e3779b1) >>> 16) / 2 ** 16;
    return { op: Op.free, tid: 1 + Math.floor(threads * random ** 2), time: gap * n };
  });

/** The log of a hook with a buffer of `size` lines for each thread; the rest is written at the end, newest thread first. */
function buffered(events: readonly Call[], size: number): Call[] {
  const waiting = new Map<number, Call[]>();
  const log: Call[] = [];
  for (const event of events) {
    const buffer = waiting.get(event.tid) ?? [];
    waiting.set(event.tid, buffer);
    buffer.push(event);
    if (buffer.length === size) {
      log.push(...buffer.splice(0));
    }
  }
  return [...log, ...[...waiting.values()].reverse().flat()];
}

describe("a hook with buffers", () => {
  it("is recognised: lines stand below later ones of other threads, in turn", () => {
    const { areShown, late, latestBy } = read(buffered(calls(1000, 3), 60));
    expect(areShown).toBe(true);
    expect(late).toBeGreaterThan(400);
    // The thread that calls least fills its buffer in some 300 calls.
    expect(latestBy).toBeGreaterThan(200 * 50);
    expect(latestBy).toBeLessThan(400 * 50);
  });

  it("is recognised in batches of any size", () => {
    const log = buffered(calls(1000, 3), 60);
    const whole = read(log);
    for (const perBatch of [1, 7, 64]) {
      const { late, latestBy, areShown } = read(log, perBatch);
      expect({ late, latestBy, areShown }).toEqual({
        late: whole.late,
        latestBy: whole.latestBy,
        areShown: true,
      });
    }
  });

  it("is recognised with two threads", () => {
    expect(read(buffered(calls(1000, 2), 60)).areShown).toBe(true);
  });

  it("is not, once the log is sorted", () => {
    const { areShown, late } = read(calls(1000, 3));
    expect({ areShown, late }).toEqual({ areShown: false, late: 0 });
  });
});

describe("a hook without buffers is not taken for one with them", () => {
  /** How long each thread waits until it has written a line, in µs. */
  const waits = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 200, maxLength: 200 });
  const tids = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 200, maxLength: 200 });

  it("however long a thread waits between a call and the writing of its line", () => {
    fc.assert(
      fc.property(tids, waits, (threads, delays) => {
        const written = new Map<number, number>();
        const lines = threads.map((tid, n) => {
          // A thread calls again once it has written its line.
          const time = Math.max(100 * n, (written.get(tid) ?? 0) + 1);
          written.set(tid, time + delays[n]!);
          return { call: { op: Op.free, tid, time }, at: time + delays[n]! };
        });
        const log = lines.sort((a, b) => a.at - b.at).map(({ call }) => call);
        const { late, areShown } = read(log);
        expect({ late, areShown }).toEqual({ late: 0, areShown: false });
      }),
      { numRuns: 100 },
    );
  });

  it("when one thread at a time runs", () => {
    const turns = Array.from({ length: 40 }, (_, turn) =>
      calls(100, 1).map(({ op, time }) => ({
        op,
        tid: 1 + (turn % 4),
        time: 5000 * turn + (time ?? 0),
      })),
    );
    expect(read(turns.flat()).late).toBe(0);
  });

  it("when the clocks of CPUs differ a little", () => {
    const skewed = calls(1000, 3, 1).map((call) => ({
      ...call,
      time: (call.time ?? 0) - 30 * call.tid,
    }));
    expect(read(skewed).late).toBe(0);
  });

  it("when the clock is set back", () => {
    const log = [0, 1, 2, 3, 4, 5].flatMap((n) =>
      calls(300, 3).map((call) => ({ ...call, time: (call.time ?? 0) + 5000 * n })),
    );
    expect(read(log).areShown).toBe(false);
  });

  it("when the time of day passes midnight", () => {
    const log = calls(1000, 3).map((call) => ({
      ...call,
      time: ((call.time ?? 0) + 24 * HOUR - 20_000) % (24 * HOUR),
    }));
    expect(read(log).areShown).toBe(false);
  });

  it("when several processes each count time from their own start", () => {
    const log = calls(1000, 4).map((call) => ({
      ...call,
      time: (call.time ?? 0) - (call.tid > 2 ? 10_000 : 0),
    }));
    expect(read(log).areShown).toBe(false);
  });
});

describe("a log without times", () => {
  const untimed = (log: readonly Call[]): Call[] => log.map(({ op, tid }) => ({ op, tid }));

  it("may be of a hook with buffers if most lines stand in blocks", () => {
    const log = untimed(buffered(calls(4000, 3), 60));
    expect(read(log).mayExist).toBe(true);
    expect(read(log, 64).mayExist).toBe(true);
    expect(read(log).areShown).toBe(false);
  });

  it("is not if threads take turns", () => {
    expect(read(untimed(calls(4000, 3))).mayExist).toBe(false);
  });

  it("is not if it is of one thread", () => {
    expect(read(untimed(calls(4000, 1))).mayExist).toBe(false);
  });

  it("times decide where there are any", () => {
    expect(read(buffered(calls(4000, 3), 60)).mayExist).toBe(false);
  });
});
