import { expect, it } from "vitest";
import { Action, ActionBatch } from "../../../src/trace/actions.ts";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger.ts";
import { ThreadExits } from "../../../src/trace/order/thread-exits.ts";
import { inBatches } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const exit = (tid: number): PlainEvent => ({ op: Op.threadExit, tid });
const freeNull = (tid: number): PlainEvent => ({ op: Op.free, tid });
const malloc = (tid: number): PlainEvent => ({ op: Op.malloc, tid, size: 1, pointerOut: 0x10 });

/** The 0-based events at which a thread exits. */
function exitsOf(events: readonly PlainEvent[], perBatch?: number): number[] {
  const ledger = new Ledger();
  const exits = new ThreadExits();
  const actions = new ActionBatch();
  const found: number[] = [];
  const batches = [...inBatches(events, perBatch)];
  for (const [n, batch] of batches.entries()) {
    const first = ledger.events;
    const next = batches[n + 1] ?? null;
    ledger.resolve(batch, actions, next);
    exits.place(batch, actions, next);
    for (let i = 0; i < batch.length; i++) {
      if (actions.action[i] === Action.threadExit) {
        found.push(first + i);
      }
    }
  }
  return found;
}

it("an exit without a later free(NULL) stays at its line", () => {
  expect(exitsOf([malloc(1), exit(1), freeNull(2)])).toEqual([1]);
});

it("an exit moves to the last free(NULL) of late destructors, also in the next batch", () => {
  const events = [exit(1), malloc(2), freeNull(1), freeNull(1), malloc(2)];
  for (const perBatch of [2, 3, 5]) {
    expect(exitsOf(events.slice(0, 3), perBatch)).toEqual([2]);
    expect(exitsOf(events, perBatch)).toEqual([3]);
  }
});

it("another call of the tid is a new thread: the exit stays before it", () => {
  expect(exitsOf([exit(1), malloc(1), freeNull(1)])).toEqual([0]);
  expect(exitsOf([exit(1), freeNull(1), malloc(1), freeNull(1)])).toEqual([1]);
});

it("a free(NULL) far from the exit is not of a late destructor", () => {
  const others = (count: number) => Array.from({ length: count }, () => freeNull(2));
  expect(exitsOf([exit(1), ...others(58), freeNull(1)])).toEqual([59]);
  expect(exitsOf([exit(1), ...others(59), freeNull(1)])).toEqual([0]);
});
