import { parentPort } from "node:worker_threads";
import type { Work } from "../../replay/work.ts";
import { readingOf } from "../../replay/writes/reading.ts";
import { STEPS_AT_ONCE } from "../../what-if/runner.ts";
import { type Step, WhatIfs } from "../../what-if/what-ifs.ts";
import type { Answer, Order } from "./worker-runner.ts";

/** The thread that replays the what-ifs (other-cores.ts). It only ever does as it is told, in that order. */

const port = parentPort;
if (port === null) {
  throw new Error("this is the code of a worker");
}

let whatIfs: WhatIfs | null = null;
const rooms: Work[] = [];
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

/** The columns of a slot have been filled anew; their length is no column. */
function filled(room: Work, length: number): Work {
  room.batch.length = length;
  return room;
}

port.on("message", (order: Order) => {
  switch (order.what) {
    case "start":
      // What was told before is of a process that it turned out not to be.
      steps = [];
      whatIfs = new WhatIfs(order.origin, order.specs);
      break;
    case "room":
      rooms[order.slot] = order.work;
      break;
    case "step":
      steps.push({ work: filled(rooms[order.slot]!, order.length), findings: order.findings });
      taken.push(order.slot);
      if (steps.length === STEPS_AT_ONCE) {
        replay();
      }
      break;
    case "finish":
      replay();
      whatIfs?.finish(order.insertions, order.exits);
      break;
    case "figures":
      answer({ what: "figures", figures: whatIfs?.figures(readingOf(order.reading)) ?? [] });
  }
});
