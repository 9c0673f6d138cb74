import { GRANULE, PAGE, pageUp } from "../../ptmalloc/chunks.ts";
import { HEAP_MAX } from "../../ptmalloc/heap.ts";
import { requestToBytes, requestToGranules } from "../../ptmalloc/size-classes.ts";
import type { ScenarioRun } from "../../replay/scenario-run.ts";
import type { Divergence } from "../../report/report.ts";
import { isAmongMappings } from "../../trace/address-space.ts";
import { type EventBatch, Op } from "../../trace/event.ts";

/** What a hook leaves of a size that prints it by %u: it is taken modulo this. */
const CUT_SIZE = 2 ** 32;
/** Chunks of larger requests may be mapped by themselves: what is never mapped is smaller by far. */
const MOST_SMALL = 2 ** 17;
/** How many times 4 GiB may be missing, for the size to be found out. */
const MOST_TIMES = 64;
/** Blocks that seemed to be larger than printed and were not, until none is sought any more. */
const MAX_REFUTED = 32;

/**
 * Sizes of 4 GiB and more that a hook cut by printing them with %u. Two things show them, in a log of whole pointers:
 *
 * 1. The block has a mapping of its own, though a request as small as printed is never mapped (ptmalloc2.md §3.8): the
 *    main heap began with a chunk as large, so that the mmap threshold is higher. This is proof, and nothing else may
 *    lie in the 4 GiB that the block takes at least.
 * 2. The kernel maps downwards, so that a mapping borders on the one above it: how far that is away is the true size.
 *    Alone this is no proof, for the program may have mapped 4 GiB itself in between. But it tells how many times 4 GiB
 *    are missing; and once a hook is known to cut, it shows that of blocks whose printed size may be mapped, too.
 *
 * Where no distance shows how many times, it is the least: once.
 */
export class CutSizes {
  /** sizes set right */
  count = 0;
  /** of these, those of blocks that the model would have put elsewhere */
  unforeseen = 0;
  /** the first of them */
  firstDivergence: Divergence | null = null;

  /** false once the log has shown that its hook does not cut sizes */
  #mayCut = true;
  /** it does */
  #cuts = false;
  #refuted = 0;
  /** live blocks that lie as the first one in a mapping does */
  readonly #live = new Set<number>();

  /**
   * Sets right sizes of events `from`.. of the batch. Stops at an event that only a run which has come up to it can
   * judge (`judgeFirst`), and returns it; −1 at the end. `run` has come to where the batch begins, or is null before
   * there is one; `next` is the batch that follows, null at the log's end.
   */
  correct(
    batch: EventBatch,
    from: number,
    next: EventBatch | null,
    run: ScenarioRun | null,
  ): number {
    for (let i = from; i < batch.length && this.#mayCut; i++) {
      if (batch.op[i] === Op.malloc && batch.size[i]! >= CUT_SIZE && !this.#cuts) {
        this.#mayCut = false;
      } else if (isMappable(batch.pointerOut[i]!) && batch.op[i]! <= Op.realloc) {
        if (this.#cuts && run !== null) {
          this.#correct(batch, i, next, run);
        } else if (this.#isSuspect(batch, i, next, run)) {
          return i;
        }
      }
      this.#follow(batch, i);
    }
    return -1;
  }

  /** Judges the first event of the batch, event number `event` (1-based) of the log, by the run that has come up to it. */
  judgeFirst(
    batch: EventBatch,
    next: EventBatch | null,
    run: ScenarioRun | null,
    event: number,
  ): void {
    const printed = batch.size[0]!;
    if (run !== null && this.#correct(batch, 0, next, run)) {
      this.#cuts = true;
      this.firstDivergence ??= divergence(batch, event, printed);
    } else if (++this.#refuted >= MAX_REFUTED) {
      this.#mayCut = false;
    }
    this.#follow(batch, 0);
  }

  /** Takes note of the mapping that event `i` makes, and of the one it gives back. */
  #follow({ pointerIn, pointerOut }: EventBatch, i: number): void {
    if (isMappable(pointerIn[i]!)) {
      this.#live.delete(pointerIn[i]!);
    }
    if (isMappable(pointerOut[i]!)) {
      this.#live.add(pointerOut[i]!);
    }
  }

  /** True if event `i` may have returned a mapping for so few bytes that its size must have been cut. */
  #isSuspect(
    batch: EventBatch,
    i: number,
    next: EventBatch | null,
    run: ScenarioRun | null,
  ): boolean {
    if (!isSmall(batch, i) || (run !== null && isInHeap(run, batch.pointerOut[i]!))) {
      return false;
    }
    return this.#isClear(batch, i, CUT_SIZE, next, run);
  }

  /** Sets the size of event `i` right, if it shows that it was cut; true if so. */
  #correct(batch: EventBatch, i: number, next: EventBatch | null, run: ScenarioRun): boolean {
    const pointer = batch.pointerOut[i]!;
    if (isInHeap(run, pointer)) {
      return false;
    }
    const size = batch.size[i]!;
    const isTooSmall = isSmall(batch, i) && isNeverMapped(size, run);
    const shown = isTooSmall || this.#cuts ? this.#timesShown(pointer, size, run) : 0;
    const missing = (isTooSmall ? Math.max(shown, 1) : shown) * CUT_SIZE;
    if (missing === 0 || !this.#isClear(batch, i, missing, next, run)) {
      return false;
    }
    batch.size[i] = size + missing;
    this.count++;
    if (isTooSmall) {
      this.unforeseen++;
    }
    return true;
  }

  /** How many times 4 GiB are missing for the mapping to border on the one above; 0 if it borders on none. */
  #timesShown(pointer: number, size: number, { model, judge }: ScenarioRun): number {
    const tail = model.profile.mmapTailBytes;
    for (let times = 0; times <= MOST_TIMES; times++) {
      const above = pointer + mappingBytes(size + times * CUT_SIZE, tail);
      if (this.#live.has(above) || judge?.hasHeapAt(model, above - GRANULE)) {
        return times;
      }
    }
    return 0;
  }

  /**
   * True if nothing else lies in the block of event `i`, were it larger by `missing` bytes: no other mapping, no heap, no
   * code that calls, and no block that is returned while it lives. In its stretch of 64 MiB, too, there may be no blocks
   * but such as have mappings: else it is one of a heap. And if it is small, none as small may be mapped so near below
   * that it would reach into this one, were it cut: for then small ones are mapped as they are.
   */
  #isClear(
    batch: EventBatch,
    i: number,
    missing: number,
    next: EventBatch | null,
    run: ScenarioRun | null,
  ): boolean {
    const pointer = batch.pointerOut[i]!;
    const end = pointer + missing + batch.size[i]!;
    const stretch = Math.floor(pointer / HEAP_MAX);
    const isInside = (address: number) => address > pointer && address < end;
    const isOfHeap = (other: number) =>
      Math.floor(other / HEAP_MAX) === stretch && !isMappable(other);
    const isNear = (other: number) => other < pointer && other > pointer - CUT_SIZE;
    const isAlike = (of: EventBatch, at: number) =>
      isSmall(batch, i) &&
      isNear(of.pointerOut[at]!) &&
      isMappable(of.pointerOut[at]!) &&
      isSmall(of, at) &&
      (run === null || !isInHeap(run, of.pointerOut[at]!));
    const isAgainst = (of: EventBatch, at: number) => {
      const other = of.pointerOut[at]!;
      return isInside(of.caller[at]!) || isInside(other) || isOfHeap(other) || isAlike(of, at);
    };
    for (const other of this.#live) {
      if (isInside(other)) {
        return false;
      }
    }
    if (run?.judge?.hasHeapBetween(run.model, pointer, end)) {
      return false;
    }
    for (let at = 0; at < i; at++) {
      if (isInside(batch.caller[at]!) || isOfHeap(batch.pointerOut[at]!)) {
        return false;
      }
    }
    for (let at = i; at < batch.length; at++) {
      if (isAgainst(batch, at)) {
        return false;
      }
      if (at > i && batch.pointerIn[at] === pointer) {
        return true;
      }
    }
    for (let at = 0; next !== null && at < next.length; at++) {
      if (next.pointerIn[at] === pointer) {
        return true;
      }
      if (isAgainst(next, at)) {
        return false;
      }
    }
    return true;
  }
}

/** True if the first block in a mapping can lie there. */
function isMappable(pointer: number): boolean {
  return isAmongMappings(pointer) && (pointer & (PAGE - 1)) === GRANULE;
}

/** True if event `i` asked for few bytes, and not by realloc of a mapping, which stays one however small it becomes. */
function isSmall({ op, size, pointerIn }: EventBatch, i: number): boolean {
  if (size[i]! >= MOST_SMALL) {
    return false;
  }
  // realloc to 0 bytes frees, and returns nothing (§5.1).
  return op[i] !== Op.realloc || !isMappable(pointerIn[i]!) || size[i] === 0;
}

/** True if a request of `size` bytes is served by a heap under any settings that the process started with, or has now. */
function isNeverMapped(size: number, { witness, model }: ScenarioRun): boolean {
  const bytes = requestToGranules(size) * GRANULE;
  return bytes <= (witness?.neverMapped ?? 0) && bytes < model.par.mmapThreshold;
}

function isInHeap({ model, judge }: ScenarioRun, pointer: number): boolean {
  return judge === null || judge.placeOf(model, pointer, 0).heap >= 0;
}

/** Bytes of the mapping for a large request (§3.8); `tail` is what its chunk has behind it. */
function mappingBytes(size: number, tail: number): number {
  return pageUp(requestToBytes(size) + tail);
}

function divergence({ pointerOut, line }: EventBatch, event: number, size: number): Divergence {
  return {
    event,
    line: line[0]!,
    expected: `0x${pointerOut[0]!.toString(16)}, mapped`,
    modelled: `in a heap, as ${size} bytes are`,
  };
}
