import { freezesThresholds } from "../ptmalloc/settings.ts";
import type { Inferences } from "../replay/inferences.ts";
import type { Work } from "../replay/work.ts";
import { Action, LOST_FREE, withoutLostFree } from "../trace/actions.ts";

/** A batch with what the recorded run inferred from it. */
export interface Step {
  readonly work: Work;
  readonly inferences: Inferences;
}

/** What decides whether settings may take effect in a step. */
export interface StepFacts {
  /** dense indices of the threads that call */
  readonly threads: ReadonlySet<number>;
  /** the program sets parameters itself */
  readonly mallopt: boolean;
  /** bytes that a call asks for at most, alignment included */
  readonly largestRequest: number;
  /** bytes requested of a block that is freed or moved, at most; Infinity if that is not in the batch */
  readonly largestFreed: number;
  /** a call of memalign, or of its kin */
  readonly aligns: boolean;
  /** calls of realloc to no more bytes than the block may have */
  readonly fitting: FittingReallocs;
  readonly inferences: Inferences;
  /** of the log's first event that has a time, in µs on its clock; NaN: none has had one */
  readonly startTime: number;
  /** of the step's events, the latest, likewise */
  readonly latestTime: number;
}

/** A block has more bytes than were requested: less than a page more, of the largest kernel pages. */
const FITTING_BYTES = 64 * 1024;

export interface FittingReallocs {
  /** bytes requested of their blocks before, at most; −1 if there is no such call */
  readonly largest: number;
  /** the threads that make one before the step has a malloc or calloc of theirs, which allocates their tcache (§3.2) */
  readonly beginning: ReadonlySet<number>;
}

/** `startTime`: as far as earlier steps show it. */
export function stepFacts(
  { work: { batch, actions }, inferences }: Step,
  startTime: number,
): StepFacts {
  const { length, size, align, time } = batch;
  const { action, thread, oldSize } = actions;
  const threads = new Set<number>();
  let start = startTime;
  let latestTime = Number.NaN;
  let aligns = false;
  let largestFitting = -1;
  const beginning = new Set<number>();
  const allocating = new Set<number>();
  let lastAllocating = -1;
  let mallopt = false;
  let largestRequest = 0;
  let largestFreed = 0;
  for (let i = 0; i < length; i++) {
    const one = action[i]!;
    const call = withoutLostFree(one);
    aligns ||= call >= Action.memalign && call <= Action.pvalloc;
    const fits = call === Action.realloc && size[i]! <= oldSize[i]! + FITTING_BYTES;
    if (fits) {
      largestFitting = Math.max(largestFitting, oldSize[i]!);
      if (!allocating.has(thread[i]!)) {
        beginning.add(thread[i]!);
      }
    } else if ((call === Action.malloc || call === Action.calloc) && thread[i] !== lastAllocating) {
      lastAllocating = thread[i]!;
      allocating.add(lastAllocating);
    }
    if (i === 0 || thread[i] !== thread[i - 1]) {
      threads.add(thread[i]!);
    }
    if (!Number.isNaN(time[i]!)) {
      start = Number.isNaN(start) ? time[i]! : start;
      latestTime = latestTime >= time[i]! ? latestTime : time[i]!;
    }
    mallopt ||= call === Action.mallopt;
    if (call >= Action.malloc && call <= Action.pvalloc) {
      // glibc rounds an alignment up to a power of two, which is less than twice as much (§5.3).
      const bytes = call === Action.memalign ? size[i]! + 2 * align[i]! : size[i]!;
      largestRequest = Math.max(largestRequest, bytes);
      // An alignment makes a chunk larger than the request that its free shows.
      largestFreed = call === Action.memalign ? Math.max(largestFreed, bytes) : largestFreed;
    }
    largestFreed = Math.max(largestFreed, oldSize[i]!, one >= LOST_FREE ? Infinity : 0);
  }
  return {
    threads,
    mallopt,
    largestRequest,
    largestFreed,
    aligns,
    fitting: { largest: largestFitting, beginning },
    inferences,
    startTime: start,
    latestTime,
  };
}

/** True if the program sets thresholds in the step, or if those of the process were inferred from it. */
export function setsThresholds({ mallopt, inferences }: StepFacts): boolean {
  const { settings, retractsThreshold } = inferences;
  return mallopt || retractsThreshold || settings.some(({ name }) => freezesThresholds(name));
}
