import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { bundled } from "./bundle.ts";
import type { Task } from "./try-seeds.ts";

/** Enough for some with more than one batch of the bundle. */
const SEEDS = 40;

it("the bundle of the fuzzing threads, whose batches are small, withstands the first inputs", async () => {
  const progress = new SharedArrayBuffer(8);
  const task: Task = { from: 1, step: 1, progress };
  const worker = new Worker(await bundled(), { workerData: task });
  const problems: unknown[] = [];
  worker.on("message", (problem) => problems.push(problem));
  worker.on("error", (error) => problems.push(error));
  const tried = new Int32Array(progress);
  await expect
    .poll(() => problems.length > 0 || tried[1]! >= SEEDS, { timeout: 60_000 })
    .toBe(true);
  await worker.terminate();
  expect(problems).toEqual([]);
});
