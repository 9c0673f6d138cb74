import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { asOutOfMemory, OutOfMemory, refuseFullHeap } from "../../src/pipeline/out-of-memory.ts";

test("a heap with room is not refused, one that the next step would fill is", () => {
  refuseFullHeap();
  expect(() => refuseFullHeap(2 ** 50)).toThrow(OutOfMemory);
  refuseFullHeap();
});

test("a worker that fills its heap", async () => {
  const code = "const all = []; for (;;) { all.push(new Array(100_000).fill(0)); }";
  const worker = new Worker(code, {
    eval: true,
    resourceLimits: { maxOldGenerationSizeMb: 10, maxYoungGenerationSizeMb: 1 },
  });
  const [error] = await once(worker, "error");
  expect(asOutOfMemory(error)?.limitBytes).toBeGreaterThan(0);
});

test("memory that the system does not grant, and other errors", () => {
  const refused = new RangeError("Array buffer allocation failed");
  expect(asOutOfMemory(refused)?.limitBytes).toBeNull();
  expect(asOutOfMemory(new RangeError("Invalid array length"))).toBeNull();
  expect(asOutOfMemory(new Error("x"))).toBeNull();
  expect(asOutOfMemory("x")).toBeNull();
});
