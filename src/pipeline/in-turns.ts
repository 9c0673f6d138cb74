import { setImmediate as turn } from "node:timers/promises";
import type { InSteps } from "../trace/in-steps.ts";
import { refuseFullHeap } from "./out-of-memory.ts";

/** ms of work after which the event loop has a turn: a signal is handled that soon, and turns cost next to nothing. */
const MOST_AT_ONCE = 20;

/**
 * Makes the steps that are left, with turns of the event loop in between.
 * @throws OutOfMemory
 */
export async function inTurns(work: InSteps): Promise<void> {
  refuseFullHeap();
  let began = performance.now();
  while (work.next().done !== true) {
    if (performance.now() - began > MOST_AT_ONCE) {
      refuseFullHeap();
      await turn();
      began = performance.now();
    }
  }
}
