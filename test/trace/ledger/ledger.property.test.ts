import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Action, LOST_FREE } from "../../../src/trace/actions.ts";
import { Op } from "../../../src/trace/event.ts";
import { Ledger } from "../../../src/trace/ledger/ledger.ts";
import { PeakSeries } from "../../../src/trace/ledger/series.ts";
import { inOrder, type PlainAction, resolveAll } from "../../support/event-batches.ts";
import {
  ledgerState,
  liveBlocks,
  naiveLedger,
  type PlainEvent,
} from "../../support/naive-ledger.ts";

/** Few pointers, so that many calls name the same one: reuse, double frees, foreign reallocs, reallocs onto live blocks. */
const pointer = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 8, arbitrary: fc.nat(9).map((k) => 0x55d0_0000_02a0 + 112 * k) },
  { weight: 3, arbitrary: fc.nat(3).map((k) => 0x7f00_0000_08c0 + 2 ** 26 * k) },
);

const event: fc.Arbitrary<PlainEvent> = fc.record({
  op: fc.oneof(
    { weight: 3, arbitrary: fc.constant(Op.malloc) },
    { weight: 4, arbitrary: fc.constant(Op.free) },
    { weight: 3, arbitrary: fc.constant(Op.realloc) },
    { weight: 2, arbitrary: fc.constantFrom(...Object.values(Op)) },
  ),
  tid: fc.constantFrom(16342, 16343, 7, 0),
  time: fc.oneof(
    { weight: 4, arbitrary: fc.nat(1000) },
    { weight: 1, arbitrary: fc.constant(Number.NaN) },
    // around midnight, noon and beyond a day
    {
      weight: 1,
      arbitrary: fc.constantFrom(...[0.5, 12, 13, 23.5, 25, 50].map((h) => h * 3600e6)),
    },
  ),
  caller: fc.nat(3),
  size: fc.oneof(fc.constant(0), fc.nat(5000), fc.constantFrom(2 ** 40, 2 ** 63)),
  pointerIn: pointer,
  pointerOut: pointer,
});

const events = fc.array(event, { maxLength: 400, size: "max" });

it("agrees with a ledger of Maps and objects, whatever the batches", () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 500 }), (log, perBatch) => {
      const ledger = new Ledger();
      const actions = resolveAll(ledger, log, perBatch);
      // The naive ledger does not reorder lines; line-order.test.ts tests their order.
      const ordered = inOrder(log, actions);
      const { actions: naiveActions, liveAfter, ...state } = naiveLedger(ordered);
      deepEqual(
        actions.map(({ action, thread, oldSize }) => ({ action, thread, oldSize })),
        naiveActions,
      );
      expect(ledgerState(ledger, ordered, actions)).toEqual(state);
      deepEqual(ledger.liveBytes.points(), liveAfter);
    }),
    { numRuns: 300 },
  );
});

it("conserves bytes and blocks", () => {
  fc.assert(
    fc.property(events, (log) => {
      const ledger = new Ledger();
      const actions = resolveAll(ledger, log);
      const rows = ledger.threads.rows();
      const sum = (key: keyof (typeof rows)[number]) =>
        rows.reduce((total, row) => total + row[key], 0);
      const live = liveBlocks(ledger, inOrder(log, actions), actions);
      const [bytes, blocks] = [live.reduce((total, block) => total + block.bytes, 0), live.length];
      expect([ledger.blocks.liveBytes, ledger.blocks.liveBlocks]).toEqual([bytes, blocks]);
      expect([sum("liveBytes"), sum("liveBlocks")]).toEqual([bytes, blocks]);
      expect(sum("freedByOthersBytes")).toBe(sum("freedForOthersBytes"));
      expect(sum("lines")).toBe(log.length);
      expect(ledger.events).toBe(log.length);
      expect(ledger.liveBytes.last).toBe(bytes);
      for (const row of rows) {
        expect(row.peakLiveBytes).toBeGreaterThanOrEqual(row.liveBytes);
      }
    }),
  );
});

it("gives a model all that it needs without pointers: its live bytes are the ledger's", () => {
  fc.assert(
    fc.property(events, (log) => {
      const ledger = new Ledger();
      const actions = resolveAll(ledger, log);
      const model = new ModelOfSizes();
      const series = new PeakSeries();
      for (const [i, action] of actions.entries()) {
        model.replay(action, log[action.line - 1]!.size!);
        series.record(i, model.bytes);
      }
      expect(series.points()).toEqual(ledger.liveBytes.points());
    }),
  );
});

/** A minimal model that applies actions, and fails at one that contradicts its state. */
class ModelOfSizes {
  readonly #sizes = new Map<number, number>();
  bytes = 0;

  replay({ action, block, lost, oldSize }: PlainAction, size: number): void {
    if (action & LOST_FREE) {
      this.#free(lost);
    }
    const plain = action & ~LOST_FREE;
    // For every call: vitest's `expect` would take most of the time.
    if (plain === Action.free) {
      equal(this.#free(block), oldSize);
    } else if (plain === Action.realloc) {
      equal(this.#free(block), oldSize);
      this.#allocate(block, size);
    } else if (block >= 0) {
      this.#allocate(block, size);
    }
  }

  #allocate(block: number, size: number): void {
    equal(this.#sizes.has(block), false);
    this.#sizes.set(block, size);
    this.bytes += size;
  }

  #free(block: number): number {
    const size = this.#sizes.get(block) ?? Number.NaN;
    equal(this.#sizes.delete(block), true);
    this.bytes -= size;
    return size;
  }
}
