import { parentPort } from "node:worker_threads";
import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import { type Work, workOf } from "../../replay/work.ts";
import { readingOf } from "../../replay/writes/reading.ts";
import type { MaybeFigures } from "../../what-if/scenario-figures.ts";
import { WhatIfs } from "../../what-if/what-ifs.ts";
import type { FiguresRequest, Request, Response, SentStep } from "./what-if-messages.ts";

/** The code of a thread that replays what-ifs for a WorkerRunner. It handles requests in the order sent. */

const port = parentPort;
if (port === null) {
  throw new Error("what-if-worker.ts must run in a worker");
}

let specs: readonly ScenarioSpec[] = [];
let whatIfs: WhatIfs | null = null;
/** by slot */
const buffers: Work[] = [];

function respond(response: Response): void {
  port?.postMessage(response);
}

function replay(steps: readonly SentStep[]): void {
  whatIfs?.replay(
    steps.map(({ slot, length, inferences }) => ({
      work: filled(buffers[slot]!, length),
      inferences,
    })),
  );
  respond({ kind: "done", slots: steps.map(({ slot }) => slot) });
}

function figuresOf({ reading, asked }: FiguresRequest): MaybeFigures[] {
  const wanted = { ...asked, specs: asked.specs.flatMap((n) => specs[n] ?? []) };
  return whatIfs?.figures(readingOf(reading), wanted) ?? [];
}

/** The columns in shared memory have been filled again; the length is not among them. */
function filled(work: Work, length: number): Work {
  work.batch.length = length;
  return work;
}

port.on("message", (request: Request) => {
  switch (request.kind) {
    case "start":
      specs = request.specs;
      whatIfs = new WhatIfs(request.origin, specs);
      break;
    case "buffer":
      buffers[request.slot] = workOf(request.work);
      break;
    case "steps":
      replay(request.steps);
      break;
    case "finish":
      whatIfs?.finish(request.insertions, request.exits);
      break;
    case "figures":
      respond({ kind: "figures", figures: figuresOf(request) });
      break;
    default:
      throw new TypeError(`unknown request: ${JSON.stringify(request satisfies never)}`);
  }
});
