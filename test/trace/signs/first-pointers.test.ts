import { expect, it } from "vitest";
import { ActionBatch } from "../../../src/trace/actions.ts";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { type FirstPointer, FirstPointers } from "../../../src/trace/signs/first-pointers.ts";
import { inBatches, resolve } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const malloc = (tid: number, pointerOut: number): PlainEvent => ({
  op: Op.malloc,
  tid,
  size: 100,
  pointerOut,
});
const free = (tid: number, pointerIn = 0): PlainEvent => ({ op: Op.free, tid, pointerIn });

function firstPointers(events: readonly PlainEvent[], perBatch: number): FirstPointer[] {
  const ledger = new Ledger();
  const pointers = new FirstPointers();
  const actions = new ActionBatch();
  const batches = [...inBatches(events, perBatch)];
  return batches.flatMap((batch, n) => {
    const first = ledger.events;
    const next = batches[n + 1] ?? null;
    resolve({ ledger, batch, actions, next });
    return pointers.read(batch, actions, first, next);
  });
}

it("the first pointer of a thread that begins with a free comes from the batch that follows", () => {
  const events = [malloc(1, 0x10), free(2), malloc(1, 0x20), malloc(2, 0x30), malloc(2, 0x40)];
  expect(firstPointers(events, 3)).toEqual([{ thread: 1, event: 1, pointer: 0x30 }]);
});

it("is not given where the thread's own batch has one, or a batch further below", () => {
  const events = [malloc(1, 0x10), free(2), malloc(2, 0x30), free(1), malloc(2, 0x40)];
  expect(firstPointers(events, 3)).toEqual([]);
  expect(firstPointers([free(2), free(1), free(1), malloc(2, 0x30)], 1)).toEqual([]);
});

it("is given once for a thread, and not taken from a realloc or a call that failed", () => {
  const realloc = { op: Op.realloc, tid: 2, size: 100, pointerIn: 0x10, pointerOut: 0x50 };
  const events = [free(1), free(2), realloc, malloc(2, 0), malloc(2, 0x60), free(2), malloc(2, 1)];
  expect(firstPointers(events, 2)).toEqual([]);
  expect(firstPointers(events.slice(1), 1)).toEqual([]);
  expect(firstPointers(events, 3)).toEqual([{ thread: 1, event: 1, pointer: 0x60 }]);
});

it("is not that of a block which the thread has freed: that comes back from its tcache", () => {
  const [freed, own] = [0x10, 0x50];
  const first = [malloc(1, freed), free(2, freed)];
  const second = [malloc(2, freed), malloc(2, own)];
  expect(firstPointers([...first, ...second], 2)).toEqual([{ thread: 1, event: 1, pointer: own }]);
  // Also if it has been freed in the batch that follows.
  const late = [malloc(1, freed), free(2), free(2, freed), malloc(2, freed), malloc(2, own)];
  expect(firstPointers(late, 2)).toEqual([]);
  expect(firstPointers([free(1), ...late], 3)).toEqual([{ thread: 1, event: 2, pointer: own }]);
});
