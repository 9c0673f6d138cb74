import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { asOutOfMemory, OutOfMemory, refuseFullHeap } from "../../src/pipeline/out-of-memory.ts";
import { LedgerCore } from "../../src/trace/ledger/ledger-core.ts";
import { LIMITS } from "../../src/trace/ledger/site-limits.ts";
import { LIMIT } from "../../src/wasm/state-instance.ts";
import { process } from "../support/model-driver.ts";

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

/** What `step` throws. */
function errorOf(step: () => void): unknown {
  try {
    step();
  } catch (error) {
    return error;
  }
  throw new Error("nothing is thrown");
}

/** So near to 4 GiB that no table has room. */
const LAST_PAGE = -4096;

test.each<[string, () => void]>([
  ["a buffer", () => new ArrayBuffer(2 ** 53 - 1)],
  ["more than 4 GiB of WebAssembly", () => new LedgerCore(LIMITS).calls.memory.grow(65_536)],
  [
    "an allocator's model that has 4 GiB",
    () => {
      const { core } = process("2.39").m;
      core.attached.i32[LIMIT] = LAST_PAGE;
      core.calls.allocate(8192);
    },
  ],
  [
    "a ledger that has 4 GiB",
    () => {
      const { attached } = new LedgerCore(LIMITS);
      attached.i32[LIMIT] = LAST_PAGE;
      for (let pointer = 16; ; pointer += 16) {
        attached.calls.insert(pointer);
      }
    },
  ],
])("memory that is refused: %s", (_, step) => {
  expect(asOutOfMemory(errorOf(step))?.limitBytes).toBeNull();
});

test("an instance that the system has no addresses for", () => {
  // In V8's words: a test cannot use up 128 TB.
  const error =
    "WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance";
  expect(asOutOfMemory(new RangeError(error))?.limitBytes).toBeNull();
});

test("other errors", () => {
  expect(asOutOfMemory(new RangeError("Invalid array length"))).toBeNull();
  expect(asOutOfMemory(new Error("x"))).toBeNull();
  expect(asOutOfMemory("x")).toBeNull();
});
