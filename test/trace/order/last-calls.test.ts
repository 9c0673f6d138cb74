import { describe, expect, test } from "vitest";
import { Action, ActionBatch } from "../../../src/trace/actions.ts";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { LastCalls, type LikelyExit } from "../../../src/trace/order/last-calls.ts";
import { inBatches, resolve } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const MAIN = 100;
const HERE = 0x401000;
const STRERROR = 0x7f0000001000;
const STRSIGNAL = 0x7f0000002000;
const DTV = 0x7f0000003000;
const DTV_BYTES = 17 * 16;

const malloc = (tid: number, pointerOut: number, size = 100): PlainEvent => ({
  op: Op.malloc,
  tid,
  size,
  pointerOut,
  caller: HERE,
});
const free = (tid: number, pointerIn: number, caller = HERE): PlainEvent => ({
  op: Op.free,
  tid,
  pointerIn,
  caller,
});
const exit = (tid: number): PlainEvent[] => [free(tid, 0, STRERROR), free(tid, 0, STRSIGNAL)];
const freeDtv = (tid: number, pointer: number): PlainEvent[] => [
  ...Array.from({ length: 15 }, () => free(tid, 0, DTV)),
  free(tid, pointer, DTV),
];
const withoutCallers = (events: readonly PlainEvent[]) =>
  events.map((event) => ({ ...event, caller: 0 }));

interface Found {
  readonly calls: LastCalls;
  /** those found before the log's end */
  readonly exits: LikelyExit[];
  /** numbers of the events that free something after a thread's exit */
  readonly late: number[];
}

function read(events: readonly PlainEvent[], perBatch?: number): Found {
  const ledger = new Ledger();
  const actions = new ActionBatch();
  const calls = new LastCalls();
  const exits: LikelyExit[] = [];
  const late: number[] = [];
  const batches = [...inBatches(events, perBatch)];
  for (const [n, batch] of batches.entries()) {
    const first = ledger.events;
    const next = batches[n + 1] ?? null;
    resolve({ ledger, batch, actions, next });
    exits.push(...calls.read(batch, actions, first, next));
    for (let i = 0; i < batch.length; i++) {
      if (actions.action[i] === Action.freeAfterExit) {
        late.push(first + i);
      }
    }
  }
  return { calls, exits, late };
}

/** All exits with `frees` calls of free(NULL), before the log's end and at it. */
function exitsOf(events: readonly PlainEvent[], frees: number, perBatch?: number) {
  const { calls, exits } = read(events, perBatch);
  const all = [...exits.filter((one) => one.frees >= frees), ...calls.likelyExits(frees)];
  return all
    .sort((a, b) => a.last - b.last)
    .map(({ thread, last, sure }) => ({ thread, last, sure }));
}

const start = [malloc(MAIN, 0x1010), malloc(MAIN, 0x2010)];

test("two free(NULL) as a thread's last calls are an exit since 2.32; before, one is", () => {
  const events = [...start, malloc(1, 0x3010), ...exit(1), malloc(2, 0x4010), free(2, 0)];
  expect(exitsOf(events, 2)).toEqual([{ thread: 1, last: 4, sure: true }]);
  expect(exitsOf(withoutCallers([...start, free(1, 0x1010), free(1, 0)]), 1)).toEqual([
    { thread: 1, last: 3, sure: false },
  ]);
});

test("a thread that calls again has not exited, nor has the main thread", () => {
  const events = [...start, ...exit(1), malloc(1, 0x3010), ...exit(MAIN)];
  expect(exitsOf(events, 2)).toEqual([]);
  expect(exitsOf(events, 2, 3)).toEqual([]);
});

test("an exit is found before the log's end once the thread is silent in the batch that follows", () => {
  const others = Array.from({ length: 4 }, (_, n) => malloc(MAIN, 0x5010 + n * 16));
  const events = [...start, malloc(1, 0x3010), ...exit(1), ...others, malloc(1, 0x7010)];
  expect(read(events, 4).exits).toEqual([]);
  expect(read(events, 3).exits).toEqual([{ thread: 1, last: 4, frees: 2, sure: true }]);
});

test("a call site that also frees blocks is not glibc's; without callers the exit is not sure", () => {
  const events = [...start, malloc(1, 0x3010), free(1, 0x1010), free(1, 0), free(1, 0)];
  expect(exitsOf(events, 1)).toEqual([]);
  expect(exitsOf(withoutCallers(events), 2)).toEqual([{ thread: 1, last: 5, sure: false }]);
});

test("an exit is not sure at a call site in the program, nor at a cut address", () => {
  for (const site of [0x402000, 0x5555_5555_4000, STRERROR % 2 ** 32]) {
    const nulls = [free(1, 0, site), free(1, 0, site + 16)];
    const events = [...start, malloc(1, 0x3010), ...nulls];
    expect(exitsOf(events, 2)).toEqual([{ thread: 1, last: 4, sure: false }]);
    expect(read(events).exits).toEqual([]);
  }
});

test("a call site of the program before the last one leaves one free(NULL) as a sign of the exit", () => {
  const events = [...start, malloc(1, 0x3010), free(1, 0x3010), free(1, 0), free(1, 0, STRERROR)];
  expect(exitsOf(events, 1)).toEqual([{ thread: 1, last: 5, sure: true }]);
  expect(exitsOf(events, 2)).toEqual([]);
});

test("a call site that frees NULL more often than there are threads is not glibc's", () => {
  const nulls = Array.from({ length: 9 }, () => free(1, 0, 0x402000));
  expect(exitsOf([...start, malloc(1, 0x3010), ...nulls], 1)).toEqual([]);
});

test("a detached thread frees thread vectors last of all, without its cache and arena", () => {
  const dtv = { op: Op.calloc, tid: MAIN, size: DTV_BYTES, pointerOut: 0x5010, caller: DTV };
  const events = [...start, dtv, malloc(1, 0x3010), ...exit(1), ...freeDtv(1, 0x5010)];
  for (const perBatch of [7, 100]) {
    expect(exitsOf(events, 2, perBatch)).toEqual([{ thread: 1, last: 5, sure: true }]);
    expect(read(events, perBatch).late).toEqual([21]);
  }
  // A thread that joins others frees their vectors in the same way, and does not exit.
  const joiner = [...start, dtv, malloc(1, 0x3010), ...freeDtv(1, 0x5010)];
  expect(exitsOf(withoutCallers(joiner), 1)).toEqual([]);
});

describe("an id that speaks again", () => {
  /** Thread 1 exits and stays silent; the id 2 exits and speaks again at once. */
  const silent = [malloc(1, 0x3010), ...exit(1)];
  const recycled = [malloc(2, 0x4010), ...exit(2), malloc(2, 0x5010)];
  const more = Array.from({ length: 12 }, (_, n) => malloc(MAIN, 0x6010 + n * 16));

  test("is a new thread's after a clean-up whose call sites a silent thread has shown", () => {
    const events = [...start, ...recycled, ...silent, ...more];
    for (const perBatch of [9, 12]) {
      expect(read(events, perBatch).exits).toEqual([
        { thread: 1, last: 4, frees: 2, sure: true },
        { thread: 2, last: 8, frees: 2, sure: true },
      ]);
    }
  });

  test("is so where the next batch begins with its call; not while that may be of a thread vector", () => {
    const exits = (events: readonly PlainEvent[]) =>
      read(events, 8).exits.filter(({ thread }) => thread === 2);
    const before = [...start, ...silent, malloc(MAIN, 0x9010), ...more.slice(0, 7), ...recycled];
    expect(exits([...before, ...more]).map(({ last }) => last)).toEqual([15]);
    const vector = { op: Op.calloc, tid: MAIN, size: DTV_BYTES, pointerOut: 0x5010, caller: DTV };
    const late = [...start, ...silent, vector, malloc(MAIN, 0x9010), ...more.slice(0, 6)];
    const frees = [malloc(2, 0x4010), ...exit(2), ...freeDtv(2, 0x5010)];
    const found = read([...late, ...frees, ...more, ...more], 8);
    expect(found.exits.filter(({ thread }) => thread === 2)).toMatchObject([{ last: 15 }]);
    expect(found.late).toEqual([31]);
  });

  test("is one that a hook gave to the exit of the thread before, unless that calls again", () => {
    const late = [...start, ...silent, malloc(7, 0x4010), ...exit(8), malloc(8, 0x5010)];
    const exits = (events: readonly PlainEvent[]) =>
      read(events, 12).exits.map(({ thread, last }) => ({ thread, last }));
    expect(exits([...late, ...more])).toEqual([
      { thread: 1, last: 4 },
      { thread: 2, last: 7 },
    ]);
    expect(exits([...late, malloc(7, 0x7010), ...more])).toEqual([{ thread: 1, last: 4 }]);
    // The id may exit in the same batch.
    expect(exits([...late, ...exit(8), ...more, ...more])).toEqual([
      { thread: 1, last: 4 },
      { thread: 2, last: 7 },
      { thread: 3, last: 10 },
    ]);
  });

  test("stays the same thread's after calls that show no exit, whatever the pointers show", () => {
    const calls = new LastCalls();
    const events = [...start, malloc(1, 0x3010), free(1, 0x3010), free(1, 0), malloc(1, 0x4010)];
    const [first, second] = [...inBatches([...events, ...events.slice(2)], events.length)];
    const [ledger, actions] = [new Ledger(), new ActionBatch()];
    resolve({ ledger, batch: first!, actions, next: second! });
    calls.read(first!, actions, 0, second!);
    calls.confirm(1, 5);
    resolve({ ledger, batch: second!, actions, next: null });
    expect(calls.read(second!, actions, events.length, null)).toEqual([]);
  });

  test("is so after an exit that pointers have shown", () => {
    const ledger = new Ledger();
    const actions = new ActionBatch();
    const calls = new LastCalls();
    const lives = [...recycled, malloc(3, 0x8010), ...exit(3), malloc(3, 0x9010)];
    const events = [...start, ...lives, ...lives, ...lives];
    const [first, second] = [...inBatches(events, 10)];
    resolve({ ledger, batch: first!, actions, next: second! });
    expect(calls.read(first!, actions, 0, second!)).toEqual([]);
    calls.confirm(1, 5);
    resolve({ ledger, batch: second!, actions, next: null });
    const found = calls.read(second!, actions, 10, null);
    // The last one falls silent.
    expect(found.map(({ thread, last }) => ({ thread, last }))).toEqual([
      { thread: 1, last: 12 },
      { thread: 2, last: 16 },
      { thread: 1, last: 19 },
    ]);
  });
});

describe("silence of a whole batch where the call sites leave the exit open", () => {
  const silence = Array.from({ length: 8200 }, () => free(MAIN, 0, 0));
  const round = (tid: number) => [
    ...withoutCallers([malloc(tid, 0x3010), free(tid, 0x3010), ...exit(tid)]),
    ...silence,
  ];

  test("suggests that the thread has exited", () => {
    expect(read([...start, ...round(1), ...silence]).exits).toEqual([
      { thread: 1, last: 5, frees: 2, sure: false },
    ]);
  });

  test("suggests nothing once a thread has called again", () => {
    const events = [...start, ...round(1), ...silence, ...round(1), ...round(2), ...silence];
    expect(read(events).exits.map(({ thread }) => thread)).toEqual([1]);
  });
});

test("an exit in the first calls of a new tid is that of the thread that called just before", () => {
  const events = [...start, malloc(1, 0x3010), ...exit(2), malloc(2, 0x4010), malloc(MAIN, 0x6010)];
  expect(exitsOf(events, 2)).toEqual([{ thread: 1, last: 2, sure: false }]);
  expect(exitsOf([...events, malloc(1, 0x7010)], 2)).toEqual([]);
  // A tid of no other calls has no thread of its own.
  const only = [...start, malloc(1, 0x3010), ...exit(2), malloc(MAIN, 0x6010)];
  expect(exitsOf(only, 2)).toEqual([{ thread: 1, last: 4, sure: false }]);
});

test("a hook that does not log free(NULL) shows no exit", () => {
  const { calls } = read([...start, malloc(1, 0x3010), malloc(2, 0x4010), free(1, 0x3010)]);
  expect(calls.showsNull).toBe(false);
  expect(calls.all().map(({ thread }) => thread)).toEqual([2, 1]);
});
