import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { race } from "../../../fixtures/race.ts";
import { ActionBatch } from "../../../src/trace/actions.ts";
import { EventBatch, Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { scanText } from "../../support/collect.ts";
import { casesOf, logOf, OWN_CORPUS } from "../../support/corpus.ts";
import { resolve, resolveAll } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const P = 0x7f00_0000_08c0;
const Q = 0x7f00_0000_0930;
const R = 0x55d0_0000_02a0;

const malloc = (tid: number, pointerOut: number, time?: number): PlainEvent => ({
  op: Op.malloc,
  tid,
  size: 100,
  pointerOut,
  ...(time === undefined ? {} : { time }),
});
const free = (tid: number, pointerIn: number, time?: number): PlainEvent => ({
  op: Op.free,
  tid,
  pointerIn,
  ...(time === undefined ? {} : { time }),
});
const realloc = (tid: number, pointerIn: number, pointerOut: number): PlainEvent => ({
  op: Op.realloc,
  tid,
  size: 200,
  pointerIn,
  pointerOut,
});

/** The 1-based lines in the order that a ledger puts them in, and the number of remaining anomalies. */
function inLedger(events: readonly PlainEvent[], perBatch?: number) {
  const ledger = new Ledger();
  const lines = resolveAll(ledger, events, perBatch).map(({ line }) => line);
  const { swapped, reordered: _, ...contradictions } = ledger.anomalies;
  const found = Object.values(contradictions).reduce((sum, times) => sum + times, 0);
  return { lines, swapped, found };
}

describe("a line moves up if it is", () => {
  it("a free by another thread below the call that returned its pointer", () => {
    const log = [malloc(1, P), malloc(2, P), free(1, P), free(2, P)];
    expect(inLedger(log)).toEqual({ lines: [1, 3, 2, 4], swapped: 1, found: 0 });
  });

  it("a malloc by another thread below the free of its block", () => {
    expect(inLedger([free(1, P), malloc(2, P)])).toEqual({ lines: [2, 1], swapped: 1, found: 0 });
  });

  it("a malloc by another thread below the realloc of its block", () => {
    const log = [realloc(1, P, Q), malloc(2, P), free(1, Q)];
    expect(inLedger(log)).toEqual({ lines: [2, 1, 3], swapped: 1, found: 0 });
    const inPlace = [realloc(1, P, P), malloc(2, P), free(1, P)];
    expect(inLedger(inPlace)).toEqual({ lines: [2, 1, 3], swapped: 1, found: 0 });
  });

  it("a free by another thread below the realloc that returned its pointer", () => {
    const log = [malloc(1, P), malloc(2, Q), realloc(2, Q, P), free(1, P), free(2, P)];
    expect(inLedger(log)).toEqual({ lines: [1, 2, 4, 3, 5], swapped: 1, found: 0 });
  });

  it("a realloc by another thread below the call that returned its former pointer", () => {
    const log = [malloc(1, P), malloc(2, P), realloc(1, P, Q), free(2, P), free(1, Q)];
    expect(inLedger(log)).toEqual({ lines: [1, 3, 2, 4, 5], swapped: 1, found: 0 });
  });

  it("a realloc, as both of its pointers show", () => {
    const log = [malloc(1, P), realloc(2, Q, P), malloc(3, Q), free(1, P), free(2, P)];
    expect(inLedger(log)).toEqual({ lines: [1, 4, 3, 2, 5], swapped: 2, found: 0 });
  });

  it("a free further below, after other allocations and frees of the pointer", () => {
    const late = [malloc(1, P), malloc(2, P), free(2, P), malloc(2, P), free(1, P)];
    expect(inLedger(late)).toEqual({ lines: [1, 5, 2, 3, 4], swapped: 1, found: 0 });
    const two = [malloc(1, P), malloc(2, P), free(2, P), free(1, P)];
    expect(inLedger(two)).toEqual({ lines: [1, 4, 2, 3], swapped: 1, found: 0 });
  });

  it("a line of the same thread above such a line: the order of a thread stays", () => {
    const log = [malloc(1, P), malloc(2, P), malloc(1, Q), malloc(3, R), free(1, P), free(2, P)];
    expect(inLedger(log)).toEqual({ lines: [1, 3, 5, 2, 4, 6], swapped: 2, found: 0 });
  });

  it("a line of the next batch, or up to 100 µs later", () => {
    const log = [malloc(1, P, 0), malloc(2, P, 200), free(1, P, 300), free(2, P, 400)];
    for (const perBatch of [1, 2, 3, 4]) {
      expect(inLedger(log, perBatch)).toEqual({ lines: [1, 3, 2, 4], swapped: 1, found: 0 });
    }
  });
});

describe("no line moves for", () => {
  const untouched = (events: readonly PlainEvent[]) => {
    const { lines, swapped } = inLedger(events);
    expect(lines).toEqual(events.map((_, i) => i + 1));
    expect(swapped).toBe(0);
  };

  it("calls without a contradiction", () => {
    untouched([malloc(1, P), free(2, P), malloc(2, P), free(1, P), realloc(1, 0, P)]);
  });

  it("calls of one thread", () => {
    untouched([malloc(1, P), malloc(2, P), free(2, P)]);
    untouched([free(1, P), malloc(1, P)]);
  });

  it("calls further apart than the reorder window", () => {
    untouched([malloc(1, P, 0), malloc(2, P, 0), free(1, P, 101)]);
    const between = Array.from({ length: 64 }, () => malloc(3, 0));
    untouched([free(1, P), ...between, malloc(2, P)]);
  });

  it("a missing free: the next allocation of the pointer would contradict the move", () => {
    untouched([malloc(1, P), malloc(2, P), free(3, P), malloc(2, P), free(3, P)]);
  });

  it("the free of a block from before the log, in a log that began late", () => {
    untouched([free(1, R), free(1, P), malloc(2, P), free(2, P)]);
    untouched([realloc(1, R, Q), realloc(1, P, P), free(1, P), malloc(2, P)]);
  });

  it("a log that began late, except where it shows a double free", () => {
    const log = [free(1, R), malloc(1, P), free(1, P), free(1, P), malloc(2, P)];
    expect(inLedger(log)).toEqual({ lines: [1, 2, 3, 5, 4], swapped: 1, found: 1 });
  });

  it("calls on both sides of a comment", () => {
    for (const at of [1, 2]) {
      const batch = new EventBatch();
      const next = new EventBatch();
      batch.length = 1;
      batch.op[0] = Op.free;
      batch.pointerIn[0] = P;
      next.length = 1;
      next.op[0] = Op.malloc;
      next.pointerOut[0] = P;
      next.tid[0] = 2;
      const { notes } = at === 1 ? batch : next;
      notes.push({ at: at === 1 ? 1 : 0, line: 2, text: "rss 4096" });
      const ledger = new Ledger();
      resolve({ ledger, batch, actions: new ActionBatch(), next });
      expect(ledger.anomalies).toMatchObject({ freeUnknown: 1, swapped: 0 });
    }
  });
});

/** Steps of a program whose log is valid by construction: `choice` picks a call, `which` a block. */
const program = fc.array(
  fc.record({
    tid: fc.integer({ min: 1, max: 4 }),
    choice: fc.nat(9),
    which: fc.nat(),
    pause: fc.oneof(fc.nat(20), fc.constant(500)),
    isSwapped: fc.boolean(),
  }),
  { minLength: 2, maxLength: 300, size: "max" },
);

/** A log in true order: an allocation returns a free pointer, mostly the one freed last. */
function validLog(steps: typeof program extends fc.Arbitrary<infer T> ? T : never): PlainEvent[] {
  const live: number[] = [];
  const freed = Array.from({ length: 8 }, (_, k) => P + 112 * k);
  let time = 0;
  return steps.map(({ tid, choice, which, pause }) => {
    time += pause;
    const takes = choice > 4 || freed.length === 0;
    const from = live.length > 0 && takes ? live.splice(which % live.length, 1)[0]! : 0;
    const isFree = from !== 0 && (choice > 6 || freed.length === 0);
    const to = isFree ? 0 : (freed.pop() ?? 0);
    if (from !== 0) {
      freed.push(from);
    }
    if (to !== 0) {
      live.push(to);
    }
    const op = isFree ? Op.free : from === 0 ? Op.malloc : Op.realloc;
    return { op, tid, time, size: isFree ? 0 : 64, pointerIn: from, pointerOut: to };
  });
}

/** Swaps adjacent lines of different threads, at most once for each block. */
function swapped(log: readonly PlainEvent[], isSwapped: (i: number) => boolean): PlainEvent[] {
  const raced = [...log];
  const done = new Set<number>();
  for (let i = 1; i < raced.length; i++) {
    const [above, below] = [raced[i - 1]!, raced[i]!];
    const pointers = [above, below].flatMap(({ pointerIn, pointerOut }) => [pointerIn, pointerOut]);
    const named = pointers.filter((pointer): pointer is number => Boolean(pointer));
    const isNear = below.time! - above.time! <= 100;
    if (above.tid === below.tid || !isNear || !isSwapped(i)) {
      continue;
    }
    if (named.some((pointer) => done.has(pointer))) {
      continue;
    }
    for (const pointer of named) {
      done.add(pointer);
    }
    raced[i - 1] = below;
    raced[i] = above;
    i++;
  }
  return raced;
}

describe("any log", () => {
  it("in true order stays unchanged", () => {
    fc.assert(
      fc.property(program, fc.integer({ min: 1, max: 100 }), (steps, perBatch) => {
        const log = validLog(steps);
        const { lines, ...rest } = inLedger(log, perBatch);
        expect(lines).toEqual(log.map((_, i) => i + 1));
        expect(rest).toEqual({ swapped: 0, found: 0 });
      }),
    );
  });

  it("with swapped lines has no contradiction left, and each thread keeps its order", () => {
    let moved = 0;
    fc.assert(
      fc.property(program, fc.integer({ min: 70, max: 150 }), (steps, perBatch) => {
        const raced = swapped(validLog(steps), (i) => steps[i]!.isSwapped);
        const { lines, found, swapped: count } = inLedger(raced, perBatch);
        expect(found).toBe(0);
        for (const tid of [1, 2, 3, 4]) {
          const own = lines.filter((line) => raced[line - 1]!.tid === tid);
          expect(own).toEqual([...own].sort((a, b) => a - b));
        }
        moved += count;
      }),
      { numRuns: 300 },
    );
    expect(moved).toBeGreaterThan(50);
  });

  it("of random lines has no more contradictions than before, and keeps every line", () => {
    const pointer = fc.constantFrom(0, P, Q, R);
    const nonsense = fc.array(
      fc.record({
        op: fc.constantFrom(Op.malloc, Op.free, Op.realloc, Op.threadExit),
        tid: fc.integer({ min: 1, max: 3 }),
        size: fc.nat(1),
        pointerIn: pointer,
        pointerOut: pointer,
      }),
      { maxLength: 60, size: "max" },
    );
    fc.assert(
      fc.property(nonsense, (log) => {
        const { lines, found, swapped: count } = inLedger(log);
        const alone = inLedger(log.map((event) => ({ ...event, tid: 1 })));
        expect(alone.swapped).toBe(0);
        expect([...lines].sort((a, b) => a - b)).toEqual(log.map((_, i) => i + 1));
        expect(found).toBeLessThanOrEqual(alone.found);
        if (count === 0) {
          expect(found).toBe(alone.found);
        }
      }),
    );
  });
});

describe.each(casesOf(OWN_CORPUS))("$name", (one) => {
  const text = logOf(one, "default")?.toString("latin1") ?? "";

  it("is in true order, and stays unchanged", async () => {
    const { events } = await scanText(text);
    const { lines, ...rest } = inLedger(events);
    expect(lines.every((line, i) => line === i + 1)).toBe(true);
    expect(rest).toEqual({ swapped: 0, found: 0 });
  });
});

/** A log of the corpus in which threads free each other's blocks. */
describe("a log of many threads with swapped lines", () => {
  const one = casesOf(OWN_CORPUS).find(({ name }) => name === "mt-baton24-g236");
  const text = (one && logOf(one, "default")?.toString("latin1")) ?? "";

  it("has contradictions, and none once repaired", async () => {
    let moved = 0;
    for (let seed = 1; seed <= 3; seed++) {
      const { events } = await scanText(race(text, "calls", 0.9, seed));
      const { swapped, found } = inLedger(events);
      expect(found).toBe(0);
      moved += swapped;
    }
    expect(moved).toBeGreaterThan(0);
  });
});
