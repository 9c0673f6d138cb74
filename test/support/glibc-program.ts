import { Op } from "../../src/trace/event.ts";

/** Programs for the real glibc: sequences of calls. glibc-driver.ts runs them. */

/** Op codes of real events: those of a log, and those that only a driver inside the process can see. */
export const RealOp = {
  ...Op,
  /** the program's own sbrk(size); result in `pointerOut` */
  sbrk: 32,
  /** `thread` now exists; the thread in `align` created it, and its calloc of the DTV is the event before */
  threadStart: 33,
} as const;

export const STEP_CODES = {
  malloc: Op.malloc,
  calloc: Op.calloc,
  realloc: Op.realloc,
  memalign: Op.memalign,
  valloc: Op.valloc,
  pvalloc: Op.pvalloc,
  free: Op.free,
  mallocTrim: Op.mallocTrim,
  mallopt: Op.mallopt,
  threadExit: Op.threadExit,
  sbrk: RealOp.sbrk,
  threadStart: RealOp.threadStart,
  /** these two arrive as events of memalign */
  posixMemalign: 34,
  alignedAlloc: 35,
} as const;

export const MAIN = 0;
export const MAX_WORKERS = 8;
export const MAX_SLOTS = 65536;

/**
 * One call of a program. Pointers live in numbered slots, all empty at first; free and realloc of an empty slot pass
 * NULL, and an allocation into a full slot leaks the old block. Thread 0 is main; others must have been started.
 */
export interface Step {
  readonly op: keyof typeof STEP_CODES;
  /** the calling thread: for threadStart the creator, for threadExit the joiner */
  readonly thread: number;
  /** slot of the block; for threadStart and threadExit the thread, 1..MAX_WORKERS, that starts or ends */
  readonly slot: number;
  /** requested bytes (calloc: the product, a multiple of `align`); pad of mallocTrim; value of mallopt; sbrk's increment */
  readonly size: number;
  /** alignment; calloc's element size; mallopt's parameter; 0 otherwise */
  readonly align: number;
}

export interface Sequence {
  readonly steps: readonly Step[];
  /**
   * "own" (default): the driver makes the stacks. Each thread start is a calloc of the DTV by the creator, each exit a
   * free of it by the joiner. "nptl": glibc makes the stacks, and keeps them with their DTVs for the next thread.
   */
  readonly stacks?: "own" | "nptl";
}

/** The sequence as C-like lines, for messages. */
export function formatSequence(sequence: Sequence): string {
  return sequence.steps.map((step, i) => `${i}: ${formatStep(step)}`).join("\n");
}

function formatStep({ op, thread, slot, size, align }: Step): string {
  const caller = thread === MAIN ? "" : `thread ${thread}: `;
  switch (op) {
    case "malloc":
    case "valloc":
    case "pvalloc":
      return `${caller}s${slot} = ${op}(${size})`;
    case "calloc":
      return `${caller}s${slot} = calloc(${size / (align || 1)}, ${align || 1})`;
    case "memalign":
    case "posixMemalign":
    case "alignedAlloc":
      return `${caller}s${slot} = ${op}(${align}, ${size})`;
    case "realloc":
      return `${caller}s${slot} = realloc(s${slot}, ${size})`;
    case "free":
      return `${caller}free(s${slot})`;
    case "mallocTrim":
    case "sbrk":
      return `${caller}${op}(${size})`;
    case "mallopt":
      return `${caller}mallopt(${align}, ${size})`;
    case "threadStart":
    case "threadExit":
      return `${caller}${op} ${slot}`;
  }
}

/** @throws Error a step whose thread does not run, which would hang the driver; or one with an impossible slot */
export function checkThreads(steps: readonly Step[]): void {
  const alive = new Set([MAIN]);
  steps.forEach(({ op, thread, slot }, index) => {
    const fault = (problem: string) => new Error(`step ${index} (${op}): ${problem}`);
    if (!alive.has(thread)) {
      throw fault(`thread ${thread} is not running`);
    }
    if (slot < 0 || slot >= MAX_SLOTS) {
      throw fault(`slot ${slot} is out of range`);
    }
    if (op === "threadStart") {
      if (slot < 1 || slot > MAX_WORKERS) {
        throw fault(`no thread can have number ${slot}`);
      }
      if (alive.has(slot)) {
        throw fault(`thread ${slot} is already running`);
      }
      alive.add(slot);
    } else if (op === "threadExit") {
      if (slot === MAIN || slot === thread || !alive.has(slot)) {
        throw fault(`thread ${thread} cannot wait for the end of thread ${slot}`);
      }
      alive.delete(slot);
    }
  });
}
