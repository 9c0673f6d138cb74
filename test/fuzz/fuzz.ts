import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { bundled } from "./bundle.ts";
import { Problems } from "./problems.ts";
import type { Task } from "./try-seeds.ts";

/**
 * Tries mallog on made-up logs and options, and prints what goes wrong: an internal error, a result that takes too long or
 * too much memory, control characters in the output, figures that cannot be.
 *
 *     npm run fuzz                                       for a minute
 *     npm run fuzz -- --seconds 900 --from 1000000
 *     npm run fuzz -- --seed 4711                        one input again, made smaller
 */

/** A seed that takes longer does not end. */
const HANGS_AFTER_MS = 20_000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    from: { type: "string", default: String(Math.floor(Math.random() * 2 ** 30)) },
    threads: { type: "string", default: String(availableParallelism()) },
    seed: { type: "string" },
  },
});

const program = await bundled();

if (values.seed !== undefined) {
  await again(Number(values.seed));
} else {
  await trySeeds(Number(values.from), Number(values.threads), Number(values.seconds) * 1000);
}

function start(task: Task): Worker {
  return new Worker(program, { workerData: task, execArgv: [] });
}

async function again(seed: number): Promise<void> {
  const worker = start({ from: seed, step: 0, progress: new SharedArrayBuffer(8) });
  const [text] = await once(worker, "message");
  console.log(text);
}

async function trySeeds(from: number, threads: number, forMs: number): Promise<void> {
  const began = performance.now();
  const problems = new Problems();
  const lanes = Array.from({ length: threads }, (_, lane) =>
    tryLane(from + lane, threads, began + forMs, problems),
  );
  const tried = (await Promise.all(lanes)).reduce((sum, count) => sum + count, 0);
  const seconds = (performance.now() - began) / 1000;
  const rate = Math.round(tried / seconds);
  console.log(`${tried} inputs from seed ${from} on in ${Math.round(seconds)} s: ${rate} a second`);
  console.log(problems.text);
  process.exitCode = problems.isEmpty ? 0 : 1;
}

/** Tries every `step`-th seed, in a thread that is replaced if it dies or hangs. Returns how many it tried. */
async function tryLane(
  from: number,
  step: number,
  until: number,
  problems: Problems,
): Promise<number> {
  let tried = 0;
  for (let next = from; performance.now() < until; ) {
    const progress = new SharedArrayBuffer(8);
    const shared = new Int32Array(progress);
    shared[0] = next;
    const task: Task = { from: next, step, progress };
    const worker = start(task);
    worker.on("message", ({ seed, problem }) => problems.add(seed, problem));
    const outcome = await watch(worker, shared, until);
    const seed = shared[0]!;
    if (outcome !== null) {
      problems.add(seed, outcome);
    }
    await worker.terminate();
    tried += shared[1]!;
    next = seed + step;
  }
  return tried;
}

/** Waits until the thread dies, hangs, or the time is over. Returns what happened; null: the time is over. */
async function watch(worker: Worker, shared: Int32Array, until: number): Promise<string | null> {
  let death: string | null = null;
  worker.on("error", (error) => {
    death = `died: ${error.message}`;
  });
  let seed = -1;
  let since = performance.now();
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (death !== null) {
      return death;
    }
    if (shared[0] !== seed) {
      seed = shared[0]!;
      since = performance.now();
    } else if (performance.now() - since > HANGS_AFTER_MS) {
      return "does not end";
    }
  }
  return null;
}
