import { describe, expect, it } from "vitest";
import { Action, ActionBatch } from "../../../src/trace/actions.ts";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { type PlacedExit, ThreadExits } from "../../../src/trace/order/thread-exits.ts";
import { inBatches, resolve } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const exit = (tid: number): PlainEvent => ({ op: Op.threadExit, tid });
const freeNull = (tid: number, caller = 0): PlainEvent => ({ op: Op.free, tid, caller });
const malloc = (tid: number): PlainEvent => ({ op: Op.malloc, tid, size: 1, pointerOut: 0x10 });

/** Resolves the events in batches of `perBatch`, and hands each to `read`. */
function place(
  events: readonly PlainEvent[],
  perBatch: number | undefined,
  read: (placed: readonly PlacedExit[], actions: ActionBatch, first: number) => void,
): void {
  const ledger = new Ledger();
  const exits = new ThreadExits();
  const actions = new ActionBatch();
  const batches = [...inBatches(events, perBatch)];
  for (const [n, batch] of batches.entries()) {
    const first = ledger.events;
    const next = batches[n + 1] ?? null;
    resolve({ ledger, batch, actions, next });
    read(exits.place(batch, actions, first, next), actions, first);
  }
}

/** The 0-based events after which a thread exits. */
function exitsOf(events: readonly PlainEvent[], perBatch?: number): number[] {
  const found: number[] = [];
  place(events, perBatch, (placed) => {
    found.push(...placed.map(({ last }) => last));
  });
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

describe("a free(NULL) far from the exit", () => {
  const others = (count: number) => Array.from({ length: count }, () => freeNull(2));

  it("is not of a late destructor where lines have no caller", () => {
    expect(exitsOf([exit(1), ...others(58), freeNull(1)])).toEqual([59]);
    expect(exitsOf([exit(1), ...others(59), freeNull(1)])).toEqual([0]);
  });

  it("is of a late destructor, unless its call site is that of a nearer one", () => {
    expect(exitsOf([exit(1), ...others(90), freeNull(1, 7), freeNull(1, 8)])).toEqual([92]);
    // Threads 3 and 4 share the call site; thread 3 exits, too.
    const alike = [exit(3), freeNull(3, 7), ...others(90), freeNull(1, 7)];
    expect(exitsOf([exit(1), ...alike])).toEqual([2, 93]);
    expect(exitsOf([exit(1), freeNull(4, 7), ...others(90), freeNull(1, 7)])).toEqual([0]);
  });

  it("is not sought any more once the search in a batch has taken too long", () => {
    const threads = Array.from({ length: 200 }, (_, n) => n + 10);
    const exits = threads.map((tid) => exit(tid));
    const frees = threads.map((tid) => freeNull(tid, 7));
    const placed = exitsOf([...exits, ...others(1000), ...frees]);
    // Each search reads 1,200 lines, of 65,536 at most.
    const moved = placed.filter((last) => last >= 1200);
    expect(moved.length).toBeGreaterThan(40);
    expect(moved.length).toBeLessThan(100);
    expect(placed).toHaveLength(200);
  });

  it("is of another thread if the call site has run in this one", () => {
    expect(exitsOf([exit(1), freeNull(1, 7), ...others(90), freeNull(1, 7)])).toEqual([1]);
  });
});

describe("after its exit", () => {
  const SLOT = 70;
  const VECTOR = 71;
  const block = (pointerOut: number, size: number): PlainEvent => ({
    op: Op.calloc,
    tid: 9,
    size,
    pointerOut,
  });
  const start = [block(0x100, 17 * 16), block(0x200, 40), exit(1), freeNull(1, 7)];
  const free = (pointerIn: number, caller: number): PlainEvent => ({
    op: Op.free,
    tid: 1,
    pointerIn,
    caller,
  });
  const slots = (count: number, caller = SLOT) =>
    Array.from({ length: count }, () => freeNull(1, caller));
  /** The 0-based events that free a block after their thread's exit. */
  const lateOf = (events: readonly PlainEvent[], perBatch?: number) => {
    const found: number[] = [];
    place([...start, ...events], perBatch, (_, { action }, first) => {
      action.forEach((one, i) => {
        if (one === Action.freeAfterExit) {
          found.push(first + i);
        }
      });
    });
    return found;
  };

  it("a thread frees thread vectors without cache and arena", () => {
    for (const perBatch of [3, 8, 100]) {
      expect(lateOf([...slots(15), free(0x100, VECTOR)], perBatch)).toEqual([19]);
      expect(lateOf([...slots(15, 0), free(0x100, 0)], perBatch)).toEqual([19]);
    }
  });

  it("a thread frees the blocks of a vector's slots, too", () => {
    const events = [...slots(6), free(0x200, SLOT), ...slots(8), free(0x100, VECTOR)];
    expect(lateOf(events)).toEqual([10, 19]);
    const first = [free(0x200, SLOT), ...slots(14), free(0x100, VECTOR)];
    expect(lateOf(first)).toEqual([4, 19]);
  });

  it("a thread frees one vector after another", () => {
    const vector = [...slots(6), free(0x200, SLOT), ...slots(8), free(0x100, VECTOR)];
    const again = [block(0x100, 17 * 16), block(0x200, 40)];
    expect(lateOf([...vector, ...again, ...vector])).toEqual([10, 19, 28, 37]);
  });

  it("any other free is by a new thread", () => {
    expect(lateOf([free(0x200, 1)])).toEqual([]);
    expect(lateOf([...slots(6), free(0x200, SLOT), malloc(1)])).toEqual([]);
    expect(lateOf([malloc(1), ...slots(15), free(0x100, VECTOR)])).toEqual([]);
  });
});

describe("the frees of dlerror's message and its record", () => {
  const LIBRARY = 0x7f00_0000_1000;
  const block = (pointerIn: number, caller: number): PlainEvent => ({
    op: Op.free,
    tid: 1,
    pointerIn,
    caller,
  });
  const nulls = [exit(1), freeNull(1, LIBRARY), freeNull(1, LIBRARY + 16)];
  const message = [block(0x100, LIBRARY + 32), block(0x200, LIBRARY + 48)];

  it("belong to the thread", () => {
    for (const perBatch of [2, 3, 100]) {
      expect(exitsOf([...nulls, ...message, malloc(2)], perBatch)).toEqual([4]);
      expect(exitsOf([...nulls, message[1]!, malloc(2)], perBatch)).toEqual([3]);
    }
  });

  it("are not those of a new thread of the program, nor any that come much later", () => {
    expect(exitsOf([...nulls, block(0x100, 0x401000)])).toEqual([2]);
    expect(exitsOf([exit(1), ...message])).toEqual([0]);
    const others = Array.from({ length: 60 }, () => malloc(2));
    expect(exitsOf([...nulls, ...others, ...message])).toEqual([2]);
  });
});
