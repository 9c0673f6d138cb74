import { expect, test } from "vitest";
import { ActionBatch } from "../../../src/trace/actions.ts";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger.ts";
import { LastCalls } from "../../../src/trace/order/last-calls.ts";
import { inBatches } from "../../support/event-batches.ts";
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

function read(events: readonly PlainEvent[], perBatch?: number): LastCalls {
  const ledger = new Ledger();
  const actions = new ActionBatch();
  const calls = new LastCalls();
  for (const batch of inBatches(events, perBatch)) {
    const first = ledger.events;
    ledger.resolve(batch, actions, null);
    calls.read(batch, actions, first);
  }
  return calls;
}

const start = [malloc(MAIN, 0x1010), malloc(MAIN, 0x2010)];

test("two free(NULL) as a thread's last calls are an exit since 2.32; before, one is", () => {
  const calls = read([...start, malloc(1, 0x3010), ...exit(1), malloc(2, 0x4010), free(2, 0)]);
  expect(calls.likelyExits(2)).toEqual([{ thread: 1, last: 4, sure: true }]);
  expect(read(withoutCallers([...start, free(1, 0x1010), free(1, 0)])).likelyExits(1)).toEqual([
    { thread: 1, last: 3, sure: false },
  ]);
});

test("a thread that calls again has not exited, nor has the main thread", () => {
  const calls = read([...start, ...exit(1), malloc(1, 0x3010), ...exit(MAIN)]);
  expect(calls.likelyExits(2)).toEqual([]);
});

test("a call site that also frees blocks is not glibc's; without callers the exit is not sure", () => {
  const events = [...start, malloc(1, 0x3010), free(1, 0x1010), free(1, 0), free(1, 0)];
  expect(read(events).likelyExits(1)).toEqual([]);
  expect(read(withoutCallers(events)).likelyExits(2)).toEqual([
    { thread: 1, last: 5, sure: false },
  ]);
});

test("an exit is not sure at a call site in the program, nor at a cut address", () => {
  for (const site of [0x402000, 0x5555_5555_4000, STRERROR % 2 ** 32]) {
    const nulls = [free(1, 0, site), free(1, 0, site + 16)];
    const calls = read([...start, malloc(1, 0x3010), ...nulls]);
    expect(calls.likelyExits(2)).toEqual([{ thread: 1, last: 4, sure: false }]);
  }
});

test("a call site that frees NULL more often than there are threads is not glibc's", () => {
  const nulls = Array.from({ length: 9 }, () => free(1, 0, 0x402000));
  expect(read([...start, malloc(1, 0x3010), ...nulls]).likelyExits(1)).toEqual([]);
});

test("a detached thread frees thread vectors last of all", () => {
  const dtv = { op: Op.calloc, tid: MAIN, size: DTV_BYTES, pointerOut: 0x5010, caller: DTV };
  const events = [...start, dtv, malloc(1, 0x3010), ...exit(1), ...freeDtv(1, 0x5010)];
  expect(read(events, 7).likelyExits(2)).toEqual([{ thread: 1, last: 21, sure: true }]);
  // A thread that joins others frees their vectors in the same way, and does not exit.
  const joiner = [...start, dtv, malloc(1, 0x3010), ...freeDtv(1, 0x5010)];
  expect(read(withoutCallers(joiner)).likelyExits(1)).toEqual([]);
});

test("an exit in the first calls of a new tid is that of the thread that called just before", () => {
  const events = [...start, malloc(1, 0x3010), ...exit(2), malloc(2, 0x4010), malloc(MAIN, 0x6010)];
  expect(read(events).likelyExits(2)).toEqual([{ thread: 1, last: 2, sure: false }]);
  expect(read([...events, malloc(1, 0x7010)]).likelyExits(2)).toEqual([]);
});

test("a hook that does not log free(NULL) shows no exit", () => {
  const calls = read([...start, malloc(1, 0x3010), malloc(2, 0x4010), free(1, 0x3010)]);
  expect(calls.showsNull).toBe(false);
  expect(calls.all().map(({ thread }) => thread)).toEqual([2, 1]);
});
