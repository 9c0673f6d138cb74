import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { problemWith } from "./check.ts";
import { inputOf } from "./input.ts";
import { shrunk } from "./shrink.ts";
import type { Task } from "./try-seeds.ts";

/**
 * Tries mallog on made-up logs and options, in this process, and prints what goes wrong: an internal error, a result that
 * takes too long or too much memory, control characters in the output, figures that cannot be.
 *
 *     npm run fuzz                       for a minute
 *     npm run fuzz -- --seconds 900 --from 1000000
 *     npm run fuzz -- --seed 4711        one input again, made smaller
 */

/** A thread does not inherit the loader of TypeScript. */
const LOADER = `
  import("tsx/esm/api").then(({ register }) => {
    register();
    return import(${JSON.stringify(new URL("./try-seeds.ts", import.meta.url).href)});
  });
`;

/** A seed that takes longer does not end. */
const HANGS_AFTER_MS = 20_000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    from: { type: "string", default: String(Math.floor(Math.random() * 2 ** 30)) },
    seed: { type: "string" },
  },
});

if (values.seed !== undefined) {
  await again(Number(values.seed));
} else {
  await trySeeds(Number(values.from), Number(values.seconds) * 1000);
}

async function again(seed: number): Promise<void> {
  const input = inputOf(seed);
  const problem = await problemWith(input);
  if (problem === null) {
    console.log(`seed ${seed}: nothing is wrong`);
    return;
  }
  const kind = kindOf(problem);
  const small = await shrunk(input, async (one) => kindOf(await problemWith(one)) === kind);
  const path = join(tmpdir(), `mallog-fuzz-${seed}.log`);
  writeFileSync(path, small.bytes);
  console.log(`seed ${seed}: ${problem}\nmallog ${small.argv.join(" ")} ${path}\n`);
  console.log(small.bytes.toString("latin1").slice(0, 2000));
}

async function trySeeds(from: number, forMs: number): Promise<void> {
  const began = performance.now();
  const problems = new Map<string, { seeds: number[]; problem: string }>();
  const note = (seed: number, problem: string): void => {
    const kind = kindOf(problem) ?? "";
    const known = problems.get(kind) ?? { seeds: [], problem };
    known.seeds.push(seed);
    problems.set(kind, known);
  };
  let tried = 0;
  let next = from;
  while (performance.now() - began < forMs) {
    const progress = new SharedArrayBuffer(8);
    const shared = new Int32Array(progress);
    const task: Task = { from: next, progress };
    const worker = new Worker(LOADER, { eval: true, workerData: task });
    worker.on("message", ({ seed, problem }) => note(seed, problem));
    let died: Error | null = null;
    worker.on("error", (error) => {
      died = error;
    });
    let seed = next - 1;
    let since = performance.now();
    while (
      died === null &&
      performance.now() - began < forMs &&
      performance.now() - since < HANGS_AFTER_MS
    ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (shared[0] !== seed) {
        seed = shared[0]!;
        since = performance.now();
      }
    }
    if (performance.now() - since >= HANGS_AFTER_MS) {
      note(seed, "does not end");
    }
    if (died !== null) {
      note(seed, `died: ${String(died)}`);
    }
    await worker.terminate();
    tried += shared[1]!;
    next = seed + 1;
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${tried} inputs from seed ${from} on in ${Math.round(seconds)} s, ${Math.round(tried / seconds)} a second`,
  );
  for (const { seeds, problem } of problems.values()) {
    console.log(
      `\n${seeds.length} times, for example --seed ${seeds.slice(0, 5).join(", ")}:\n${problem.slice(0, 800)}`,
    );
  }
  process.exitCode = problems.size === 0 ? 0 : 1;
}

/** What two problems of one cause have in common. */
function kindOf(problem: string | null): string | null {
  return problem?.replace(/\d+/g, "N").split("\n").slice(0, 3).join("\n").slice(0, 300) ?? null;
}
