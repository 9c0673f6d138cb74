import { expect, it, vi } from "vitest";
import { newWork } from "../../src/replay/work.ts";
import { Action } from "../../src/trace/actions.ts";
import { OrderCore } from "../../src/what-if/order-core.ts";
import { ThreadDrift } from "../../src/what-if/thread-drift.ts";

/** As in the bundle of the fuzzing threads. */
const ROWS = vi.hoisted(() => 32);

vi.mock(import("../../src/trace/columns.ts"), async (original) => ({
  ...(await original()),
  EVENTS_PER_BATCH: ROWS as 8192,
}));

/** Returns a full batch of a thread's allocations, partly written, whose first has the id and the size `first`. */
function allocations(first: number) {
  const work = newWork();
  work.batch.length = ROWS;
  for (let i = 0; i < ROWS; i++) {
    work.actions.action[i] = Action.malloc;
    work.actions.thread[i] = 1;
    work.actions.block[i] = first + i;
    work.batch.size[i] = first + i;
    work.touch.to[i] = first + i;
  }
  return work;
}

it("an order of batches smaller than the module's has all their rows, though more than a batch leave at once", () => {
  const core = new OrderCore();
  const order = new ThreadDrift(core, { seed: 1, events: 1000, time: 1e9 }, 0, 0, []);
  const parts = [0, 1, 2, 3].flatMap((batch) => {
    core.load(allocations(batch * ROWS));
    return order.add(batch * ROWS, []);
  });
  const left = [...parts, ...order.end([])].flatMap(({ work }) =>
    Array.from({ length: work.batch.length }, (_, i) => [work.batch.size[i], work.touch.to[i]]),
  );
  expect(left).toEqual(Array.from({ length: 4 * ROWS }, (_, i) => [i, i]));
});
