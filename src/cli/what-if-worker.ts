import { parentPort } from "node:worker_threads";
import { readingOf } from "../replay/reading.ts";
import { STEPS_AT_ONCE } from "../replay/what-if-lane.ts";
import { type Step, WhatIfs } from "../replay/what-ifs.ts";
import type { Answer, Order } from "./second-core.ts";

/** The thread that replays the what-ifs (second-core.ts). It only ever does as it is told, in that order. */

const port = parentPort;
if (port === null) throw new Error("this is the code of a worker");

let whatIfs: WhatIfs | null = null;
let steps: Step[] = [];
let taken: number[] = [];

function answer(message: Answer): void {
  port?.postMessage(message);
}

function replay(): void {
  whatIfs?.replay(steps);
  answer({ what: "done", slots: taken });
  steps = [];
  taken = [];
}

port.on("message", (order: Order) => {
  switch (order.what) {
    case "start":
      // What was told before is of a process that it turned out not to be.
      steps = [];
      whatIfs = new WhatIfs(order.origin, order.specs);
      break;
    case "step":
      steps.push(order.step);
      taken.push(order.slot);
      if (steps.length === STEPS_AT_ONCE) replay();
      break;
    case "finish":
      replay();
      whatIfs?.finish(order.insertions, order.exits);
      break;
    case "figures":
      answer({ what: "figures", figures: whatIfs?.figures(readingOf(order.reading)) ?? [] });
  }
});
