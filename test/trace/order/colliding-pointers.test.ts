import { expect, it } from "vitest";
import { Action } from "../../../src/trace/actions.ts";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { resolveAll } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

/** The first block of two heaps that lie 4 GiB apart, as %08x prints both. */
const P = 0xf0000b70;
const Q = 0xf0001000;
const malloc = (tid: number, size: number, pointerOut = P): PlainEvent => ({
  op: Op.malloc,
  tid,
  size,
  pointerOut,
});
const free = (tid: number, pointerIn = P): PlainEvent => ({ op: Op.free, tid, pointerIn });

/** A millisecond between lines: too far apart to be logged in the wrong order (line-order.ts). */
function run(mayBeCut: boolean, ...untimed: PlainEvent[]) {
  const events = untimed.map((event, i) => ({ ...event, time: i * 1000 }));
  return runAtOnce(mayBeCut, ...events);
}

function runAtOnce(mayBeCut: boolean, ...events: PlainEvent[]) {
  const ledger = new Ledger();
  ledger.pointersMayBeCut = mayBeCut;
  const actions = resolveAll(ledger, events);
  const anomalies = Object.fromEntries(Object.entries(ledger.anomalies).filter(([, n]) => n > 0));
  return { ledger, actions, blocks: actions.map(({ block }) => block), anomalies };
}

it("a cut pointer returned to a second thread names two live blocks", () => {
  const { ledger, blocks, anomalies } = run(true, malloc(1, 10), malloc(2, 20));
  expect(blocks).toEqual([0, 1]);
  expect(ledger.blocks.liveBytes).toBe(30);
  expect(anomalies).toEqual({ collidingPointers: 1 });
});

it("a whole pointer names one live block: the free of the other is missing", () => {
  const { ledger, anomalies } = run(false, malloc(1, 10), malloc(2, 20));
  expect(ledger.blocks.liveBytes).toBe(20);
  expect(anomalies).toEqual({ reusedLive: 1 });
});

it("an allocation that returns the pointer of the thread's own block: the thread has freed it", () => {
  expect(run(true, malloc(1, 10), malloc(1, 20)).anomalies).toEqual({ reusedLive: 1 });
});

it("each thread frees its own block", () => {
  const both = [malloc(1, 10), malloc(2, 20)];
  expect(run(true, ...both, free(1), free(2)).blocks).toEqual([0, 1, 0, 1]);
  const { ledger, blocks } = run(true, ...both, free(2), free(1));
  expect(blocks).toEqual([0, 1, 1, 0]);
  expect(ledger.blocks.liveBlocks).toBe(0);
});

it("a third thread frees the oldest, then the others", () => {
  const three = [malloc(1, 10), malloc(2, 20), malloc(3, 30)];
  const { blocks, ledger, anomalies } = run(true, ...three, free(9), free(9), free(9), free(9));
  expect(blocks.slice(3)).toEqual([0, 1, 2, -1]);
  expect(ledger.blocks.liveBlocks).toBe(0);
  expect(anomalies).toEqual({ collidingPointers: 2, doubleFree: 1 });
});

it("the size of the next allocation at the pointer shows which block was freed", () => {
  const { blocks } = run(true, malloc(1, 10), malloc(2, 500), free(9), malloc(9, 496));
  expect(blocks[2]).toBe(1);
});

it("the thread of the next allocation at the pointer shows whose block was freed", () => {
  const { blocks } = run(true, malloc(1, 10), malloc(2, 500), free(9), malloc(2, 10));
  expect(blocks[2]).toBe(1);
});

it("realloc by another thread leaves a block in its arena", () => {
  const resize: PlainEvent = { op: Op.realloc, tid: 2, pointerIn: P, size: 12, pointerOut: P };
  const { blocks } = run(true, malloc(1, 10), resize, malloc(2, 12), free(2), free(1));
  expect(blocks).toEqual([0, 0, 1, 1, 0]);
});

it("realloc moves the block of its thread, and may move onto the pointer of another's", () => {
  const realloc: PlainEvent = { op: Op.realloc, tid: 1, pointerIn: P, size: 40, pointerOut: Q };
  const { actions, ledger } = run(true, malloc(1, 10), malloc(2, 20), malloc(3, 5, Q), realloc);
  expect(actions[3]).toMatchObject({ action: Action.realloc, block: 0, oldSize: 10 });
  expect(ledger.blocks.liveBytes).toBe(65);
  expect(ledger.anomalies.collidingPointers).toBe(2);
});

it("at most 64 blocks share a pointer: beyond that, frees are missing", () => {
  const { ledger, anomalies } = run(
    true,
    ...Array.from({ length: 1000 }, (_, tid) => malloc(tid + 1, 10)),
  );
  expect(ledger.blocks.liveBlocks).toBe(64);
  expect(anomalies).toEqual({ collidingPointers: 63, reusedLive: 936 });
});

it("lines close together count as logged in the wrong order if that resolves all contradictions", () => {
  const { blocks, anomalies } = runAtOnce(true, malloc(1, 10), malloc(2, 20), free(1), free(2));
  expect(blocks).toEqual([0, 0, 1, 1]);
  expect(anomalies).toEqual({ swapped: 1 });
});

it("lines close together name two blocks if no order resolves all contradictions", () => {
  const both = [malloc(1, 10), malloc(2, 20)];
  const { blocks, ledger, anomalies } = runAtOnce(true, ...both, free(1), malloc(1, 10));
  expect(blocks).toEqual([0, 1, 0, 2]);
  expect(ledger.blocks.liveBytes).toBe(30);
  expect(anomalies).toEqual({ collidingPointers: 2 });
});
