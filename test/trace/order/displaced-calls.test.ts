import { describe, expect, it } from "vitest";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { DisplacedCalls } from "../../../src/trace/order/displaced-calls.ts";
import { resolveAll } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const P = 0x7f00_0000_08c0;
const malloc = (tid: number, pointerOut: number): PlainEvent => ({
  op: Op.malloc,
  tid,
  size: 100,
  pointerOut,
});
const free = (tid: number, pointerIn: number): PlainEvent => ({ op: Op.free, tid, pointerIn });
/** A line of the thread that does not matter. */
const line = (tid: number): PlainEvent => ({ op: Op.free, tid });
/** So many lines that a search for the other call of a pair ends: it is further down. */
const far = (tid: number): PlainEvent[] => Array.from({ length: 100 }, () => line(tid));

function found(events: readonly PlainEvent[]): number {
  const ledger = new Ledger();
  resolveAll(ledger, events);
  return ledger.displacedCalls;
}

describe("a call stands in the wrong place", () => {
  it("if its block is freed above, and returned again below without a free", () => {
    expect(found([free(1, P), ...far(2), malloc(2, P), ...far(3), malloc(3, P)])).toBe(1);
  });

  it("if a pointer is returned twice, and then freed twice", () => {
    const log = [malloc(1, P), malloc(2, P), ...far(3), free(3, P), ...far(2), free(2, P)];
    expect(found(log)).toBe(1);
  });
});

describe("other causes explain", () => {
  it("a free of a block from before the log", () => {
    const log = [free(1, P), ...far(2), malloc(2, P), ...far(3), free(3, P), malloc(3, P)];
    expect(found(log)).toBe(0);
  });

  it("a call that is the first line of its thread: the thread may have written it late", () => {
    expect(found([free(1, P), ...far(3), malloc(2, P), ...far(3), malloc(3, P)])).toBe(0);
    const log = [malloc(1, P), malloc(2, P), ...far(3), free(4, P), ...far(2), free(2, P)];
    expect(found(log)).toBe(0);
  });

  it("calls of one thread", () => {
    expect(found([free(1, P), ...far(1), malloc(1, P), ...far(1), malloc(1, P)])).toBe(0);
  });

  it("a free that is missing", () => {
    const log = [malloc(1, P), malloc(2, P), ...far(3), free(3, P), ...far(2), malloc(2, P)];
    expect(found([...log, ...far(3), free(3, P)])).toBe(0);
  });
});

it("show lost order if they are many, also beside other contradictions", () => {
  const calls = new DisplacedCalls();
  expect(calls.showLostOrder(0)).toBe(false);
  calls.found = 16;
  expect(calls.showLostOrder(300)).toBe(true);
  expect(calls.showLostOrder(1000)).toBe(false);
});

it("are sought for so many pointers at once: more are not kept", () => {
  const MOST = 65_536;
  const calls = new DisplacedCalls();
  const pointers = Array.from({ length: MOST + 1 }, (_, n) => P + n * 16);
  for (const pointer of pointers) {
    calls.returnedLive(pointer, 1);
    calls.freed(pointer, 2, 2);
  }
  for (const pointer of pointers) {
    calls.freedTwice(pointer);
  }
  expect(calls.found).toBe(MOST);
});
