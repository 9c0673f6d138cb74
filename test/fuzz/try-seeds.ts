import { parentPort, workerData } from "node:worker_threads";
import { tryAgain } from "./again.ts";
import { problemWith } from "./check.ts";
import { inputOf } from "./input.ts";

/** A thread of `npm run fuzz`: tries one seed after the other, and says which one it tries; or one seed, made smaller. */
export interface Task {
  readonly from: number;
  /** between two seeds of this thread; 0: only one, whose text is posted */
  readonly step: number;
  /** [0]: the seed that is tried; [1]: how many were tried */
  readonly progress: SharedArrayBuffer;
}

const { from, step, progress }: Task = workerData;
const shared = new Int32Array(progress);

if (step === 0) {
  parentPort?.postMessage(await tryAgain(from));
} else {
  for (let seed = from; ; seed += step) {
    Atomics.store(shared, 0, seed);
    const problem = await problemWith(inputOf(seed));
    if (problem !== null) {
      parentPort?.postMessage({ seed, problem });
    }
    Atomics.add(shared, 1, 1);
  }
}
