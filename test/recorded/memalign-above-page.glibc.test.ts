import { describe, expect, it } from "vitest";
import type { Report } from "../../src/report/contract/report.ts";
import { analyse } from "../support/corpus.ts";
import { DEBIAN_GLIBCS, debianGlibc } from "../support/debian-glibc.ts";
import { type RunOptions, realGlibc, runReal } from "../support/glibc-driver.ts";
import { MAIN, type Step } from "../support/glibc-program.ts";
import { chance, logOfRun } from "../support/real-log.ts";

/**
 * Alignments above a page (ptmalloc2.md §5.3): where the aligned block lies depends on where the kernel placed the heap,
 * which only the log's pointers show. The programs run on real glibcs; every pointer must be foreseen.
 */
const machine = realGlibc();
if (!machine.available) {
  it.skip(`alignments above a page: ${machine.reason}`);
}

/** Alignments of which the larger ones are mapped. */
const TO_MAPPED = [8192, 65536, 131072, 262144, 1048576];
const HUGE = [2097152, 4194304, 16777216];

interface Shape {
  readonly seed: number;
  /** alignment of the first call; 0: the first call is malloc */
  readonly first: number;
  readonly workers: number;
  readonly alignments?: readonly number[];
}

const ALIGNMENTS = [64, 4096, 8192, 16384, 65536];
const SLOTS = 200;

/** A program that mixes malloc, realloc, free and memalign; its sizes stay below the mmap threshold. */
function program({ seed, first, workers, alignments = ALIGNMENTS }: Shape): Step[] {
  const random = chance(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const steps: Step[] = [];
  const step = (op: Step["op"], thread: number, slot: number, size: number, align = 0) =>
    steps.push({ op, thread, slot, size, align });
  step(first > 0 ? "memalign" : "malloc", MAIN, 0, 1000, first);
  for (let thread = 1; thread <= workers; thread++) {
    step("threadStart", MAIN, thread, 0);
  }
  const used = new Set([0]);
  for (let i = 0; i < 3000; i++) {
    const thread = below(workers + 1);
    const slot = thread * SLOTS + below(SLOTS);
    const size = random() < 0.1 ? below(40_000) : below(4000);
    if (used.has(slot)) {
      const isFreed = random() < 0.7;
      step(isFreed ? "free" : "realloc", thread, slot, isFreed ? 0 : size + 1);
      if (isFreed) {
        used.delete(slot);
      }
      continue;
    }
    used.add(slot);
    if (random() < 0.3) {
      step("memalign", thread, slot, size, alignments[below(alignments.length)]!);
    } else {
      step("malloc", thread, slot, size);
    }
  }
  return steps;
}

function modelOf(shape: Shape, options: RunOptions = {}, cut = false): Report["model"] {
  const [run] = runReal([{ steps: program(shape) }], options);
  if (run?.outcome !== "finished") {
    throw new Error("the program did not finish");
  }
  const log = logOfRun(run).toString();
  const shown = cut ? log.replace(/0x[0-9a-f]*([0-9a-f]{8})\b/g, "0x$1") : log;
  return analyse(Buffer.from(shown), {
    model: true,
    whatIfs: [],
    recordedWith: {},
    glibc: "auto",
    cpus: 2,
    hostCpus: 2,
    touch: "all",
    thp: null,
  }).model;
}

function expectOnlyThresholdsInferred(model: Report["model"]): void {
  if (model === null) {
    throw new Error("there is no model");
  }
  const { fidelity, inferred, settings } = model;
  expect(fidelity.firstDivergence).toBeNull();
  expect(inferred.settingPointers).toBeGreaterThan(0);
  expect(fidelity.compared - fidelity.equal).toBe(inferred.settingPointers);
  expect(fidelity.ratio).toBeGreaterThan(0.985);
  expect(settings).toEqual({});
}

const SHAPES: Shape[] = [1, 2, 3, 4].flatMap((seed) =>
  [0, 8192, 65536].map((first) => ({ seed, first, workers: seed % 2 === 0 ? 3 : 0 })),
);

describe.skipIf(!machine.available)("alignments above a page", () => {
  it.each(SHAPES)("in heaps of $workers more threads, seed $seed, first $first", (shape) => {
    const model = modelOf(shape);
    expect(model?.fidelity.firstDivergence).toBeNull();
    expect(model?.fidelity.ratio).toBe(1);
  });

  it("with pointers cut to 32 bits", () => {
    const model = modelOf({ seed: 5, first: 65536, workers: 0 }, {}, true);
    expect(model?.fidelity.ratio).toBe(1);
  });
});

/**
 * A mapping may start any number of pages below its aligned block. When it is freed, the size of its chunk becomes the
 * mmap threshold, and twice that the trim threshold: the log shows neither until a block that the model would map lies in
 * a heap. Such a block is reproduced, but counts as inferred.
 */
describe.skipIf(!machine.available)("aligned blocks with mappings of their own", () => {
  const shapes = [1, 2, 3, 4].flatMap((seed) =>
    [TO_MAPPED, HUGE].map((alignments) => ({ seed, first: 0, workers: seed % 3, alignments })),
  );

  it.each(shapes)("alignments $alignments, $workers more threads, seed $seed", (shape) => {
    expectOnlyThresholdsInferred(modelOf(shape));
  });
});

describe.each(DEBIAN_GLIBCS)("alignments above a page on glibc $glibc", ({ glibc, release }) => {
  it("every pointer is foreseen, and the version is found", async ({ skip }) => {
    const fetched = await debianGlibc(glibc, release);
    if (!fetched.available) {
      return skip(fetched.reason);
    }
    for (const seed of [1, 2, 3]) {
      const shape = { seed, first: seed === 1 ? 0 : 32768, workers: 0 };
      const model = modelOf(shape, { loader: fetched.loader });
      expect(model?.fidelity.ratio).toBe(1);
      expect(model?.glibcRange).toContain(glibc);
    }
  });

  it("only thresholds are inferred where the blocks are mapped", async ({ skip }) => {
    const fetched = await debianGlibc(glibc, release);
    if (!fetched.available) {
      return skip(fetched.reason);
    }
    for (const alignments of [TO_MAPPED, HUGE]) {
      const shape = { seed: 4, first: 0, workers: 1, alignments };
      expectOnlyThresholdsInferred(modelOf(shape, { loader: fetched.loader }));
    }
  });
});
