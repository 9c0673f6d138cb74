import { expect } from "vitest";
import { type RunOptions, runReal } from "./glibc-driver.ts";
import { MAIN, RealOp, type Sequence, type Step } from "./glibc-program.ts";
import { placeOf, type RealRun } from "./glibc-run.ts";

/** Programs for the real glibc, written as in C, and their results as texts. */

/** A program's calls. Each block is a number. */
export class Program {
  readonly steps: Step[] = [];
  #slots = 0;

  malloc(size: number, thread = MAIN): number {
    return this.#into("malloc", size, 0, thread);
  }
  calloc(size: number): number {
    return this.#into("calloc", size, 1, MAIN);
  }
  memalign(align: number, size: number, thread = MAIN): number {
    return this.#into("memalign", size, align, thread);
  }
  realloc(block: number, size: number): void {
    this.#push("realloc", block, size, 0, MAIN);
  }
  free(block: number, thread = MAIN): void {
    this.#push("free", block, 0, 0, thread);
  }
  trim(pad = 0): void {
    this.#push("mallocTrim", 0, pad, 0, MAIN);
  }
  sbrk(increment: number): void {
    this.#push("sbrk", 0, increment, 0, MAIN);
  }
  start(thread: number): void {
    this.#push("threadStart", thread, 0, 0, MAIN);
  }
  exit(thread: number): void {
    this.#push("threadExit", thread, 0, 0, MAIN);
  }

  #into(op: Step["op"], size: number, align: number, thread: number): number {
    const slot = this.#slots++;
    this.#push(op, slot, size, align, thread);
    return slot;
  }
  #push(op: Step["op"], slot: number, size: number, align: number, thread: number): void {
    this.steps.push({ op, thread, slot, size, align });
  }
}

export interface Outcome {
  readonly run: RealRun;
  /**
   * what the program's own calls returned: "2a0" in the main heap, "A+b70" in the first arena heap to appear, "mmap+10"
   * or "null"
   */
  readonly results: string;
  /** break at the end, relative to the start break, in hexadecimal */
  readonly brk: string;
}

/** Runs the program that `write` writes, and expects it to finish. */
export function play(
  write: (program: Program) => void,
  options: RunOptions & Pick<Sequence, "stacks"> = {},
): Outcome {
  const program = new Program();
  write(program);
  const { stacks = "own", ...runOptions } = options;
  const [run] = runReal([{ steps: program.steps, stacks }], runOptions);
  expect(run!.outcome).toBe("finished");
  return {
    run: run!,
    results: results(run!, program.steps),
    brk: (run!.endBreak - run!.startBreak).toString(16),
  };
}

function results(run: RealRun, steps: readonly Step[]): string {
  const heaps: number[] = [];
  const texts: string[] = [];
  for (let i = 0; i < run.events.count; i++) {
    if (run.events.op[i]! > RealOp.pvalloc) {
      continue;
    }
    if (steps[run.events.step[i]!]!.op === "threadStart") {
      continue; // libc's own
    }
    texts.push(placeText(run, i, heaps));
  }
  return texts.join(" ");
}

/** @param heaps bases of the arena heaps seen so far; grows */
export function placeText(run: RealRun, index: number, heaps: number[]): string {
  const place = placeOf(run, index);
  switch (place.kind) {
    case "null":
      return "null";
    case "main":
      return place.offset.toString(16);
    case "mmapped":
      return `mmap+${place.offset.toString(16)}`;
    case "heap":
      if (!heaps.includes(place.heap)) {
        heaps.push(place.heap);
      }
      return `${String.fromCharCode(65 + heaps.indexOf(place.heap))}+${place.offset.toString(16)}`;
  }
}

/** Sizes of the mmapped chunks returned, in order, in hexadecimal. */
export function mappedSizes(run: RealRun): string[] {
  return Array.from(run.events.chunkWord)
    .filter((word) => (word & 2) !== 0)
    .map((word) => (word - 2).toString(16));
}

export function pages(list: Uint32Array): number[] {
  return Array.from(list);
}
