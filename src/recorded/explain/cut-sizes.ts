import { GRANULE, roundUp, SMALLEST_PAGE } from "../../ptmalloc/chunks.ts";
import { HEAP_MAX } from "../../ptmalloc/heap.ts";
import { requestToBytes, requestToGranules } from "../../ptmalloc/size-classes.ts";
import type { Divergence } from "../../report/contract/report.ts";
import { type EventBatch, Op } from "../../trace/event.ts";
import { CUT_MODULUS, isAmongMappings } from "../../trace/signs/address-space.ts";
import type { GuidedReplay } from "../guided-replay.ts";

/** Chunks of larger requests may be mapped: chunks that are never mapped are far smaller. */
const SMALL_BYTES = 2 ** 17;
/** At most this many times 4 GiB may be missing for the size to be found. */
const MAX_TIMES = 64;
/** Refuted suspicions after which no cut size is searched for any more. */
const MAX_REFUTED = 32;

/**
 * Restores sizes of 4 GiB and more that a hook cut by printing them with %u. In a log of whole pointers two things show
 * them:
 *
 * 1. The block has a mapping of its own, although a request as small as printed is never mapped (ptmalloc2.md §3.8): the
 *    main heap began with a chunk of that size, so the mmap threshold is higher. This is proof, provided that nothing
 *    else lies in the at least 4 GiB of the block.
 * 2. The kernel maps downwards, so a mapping borders on the one above it: the distance is the true size. Alone this is no
 *    proof, because the program may have mapped 4 GiB itself in between. But it shows how many times 4 GiB are missing;
 *    and once a hook is known to cut, it shows the size of blocks whose printed size may be mapped, too.
 *
 * Where no distance shows how many times 4 GiB are missing, it is once, the least.
 */
export class CutSizes {
  /** sizes restored */
  count = 0;
  /** of these, sizes of blocks that the model would have put elsewhere */
  unforeseen = 0;
  /** the first of them */
  firstDivergence: Divergence | null = null;

  /** false once the log has shown that its hook does not cut sizes */
  #mayCut = true;
  /** true once the log has shown that it does */
  #cuts = false;
  #refuted = 0;
  /** live blocks that lie where the first block of a mapping lies */
  readonly #live = new Set<number>();

  /**
   * Restores sizes of the batch from event `from` on. Stops at an event that only a replay just before it can judge
   * (`judgeFirst`) and returns its index; −1 at the batch's end. `replay` has reached the batch's beginning, or is null
   * before there is one; `next` is the batch that follows, null at the log's end.
   */
  correct(
    batch: EventBatch,
    from: number,
    next: EventBatch | null,
    replay: GuidedReplay | null,
  ): number {
    const { size, pointerIn, pointerOut, length } = batch;
    for (let i = from; i < length && this.#mayCut; i++) {
      // Few events pass these comparisons.
      const mayMatter =
        size[i]! >= CUT_MODULUS || isAtFirstBlock(pointerIn[i]!) || isAtFirstBlock(pointerOut[i]!);
      if (mayMatter && this.#isUnclear(batch, i, next, replay)) {
        return i;
      }
    }
    return -1;
  }

  /** Restores the size of event `i`. Returns true, and does nothing, if only a replay just before it can judge it. */
  #isUnclear(
    batch: EventBatch,
    i: number,
    next: EventBatch | null,
    replay: GuidedReplay | null,
  ): boolean {
    if (batch.op[i] === Op.malloc && batch.size[i]! >= CUT_MODULUS && !this.#cuts) {
      this.#mayCut = false;
    } else if (isMappable(batch.pointerOut[i]!) && batch.op[i]! <= Op.realloc) {
      if (this.#cuts && replay !== null) {
        this.#correct(batch, i, next, replay);
      } else if (this.#isSuspect(batch, i, next, replay)) {
        return true;
      }
    }
    this.#follow(batch, i);
    return false;
  }

  /** Judges the batch's first event, event number `event` (1-based) of the log, by a replay that has reached it. */
  judgeFirst(
    batch: EventBatch,
    next: EventBatch | null,
    replay: GuidedReplay | null,
    event: number,
  ): void {
    const printed = batch.size[0]!;
    if (replay !== null && this.#correct(batch, 0, next, replay)) {
      this.#cuts = true;
      this.firstDivergence ??= divergence(batch, event, printed);
    } else if (++this.#refuted >= MAX_REFUTED) {
      this.#mayCut = false;
    }
    this.#follow(batch, 0);
  }

  /** Notes the mapping that event `i` makes, and the one it returns. */
  #follow({ pointerIn, pointerOut }: EventBatch, i: number): void {
    if (isMappable(pointerIn[i]!)) {
      this.#live.delete(pointerIn[i]!);
    }
    if (isMappable(pointerOut[i]!)) {
      this.#live.add(pointerOut[i]!);
    }
  }

  /** True if event `i` may have returned a mapping for so few bytes that its size must be cut. */
  #isSuspect(
    batch: EventBatch,
    i: number,
    next: EventBatch | null,
    replay: GuidedReplay | null,
  ): boolean {
    if (!isSmall(batch, i) || (replay !== null && isInHeap(replay, batch.pointerOut[i]!))) {
      return false;
    }
    return this.#isClear(batch, i, CUT_MODULUS, next, replay);
  }

  /** Restores the size of event `i` if the log shows that it was cut; returns true if so. */
  #correct(batch: EventBatch, i: number, next: EventBatch | null, replay: GuidedReplay): boolean {
    const pointer = batch.pointerOut[i]!;
    if (isInHeap(replay, pointer)) {
      return false;
    }
    const size = batch.size[i]!;
    const isTooSmall = isSmall(batch, i) && isNeverMapped(size, replay);
    const shown = isTooSmall || this.#cuts ? this.#timesShown(pointer, size, replay) : 0;
    const missing = (isTooSmall ? Math.max(shown, 1) : shown) * CUT_MODULUS;
    if (missing === 0 || !this.#isClear(batch, i, missing, next, replay)) {
      return false;
    }
    batch.size[i] = size + missing;
    this.count++;
    if (isTooSmall) {
      this.unforeseen++;
    }
    return true;
  }

  /** Returns how many times 4 GiB are missing for the mapping to border on the one above; 0 if it borders on none. */
  #timesShown(pointer: number, size: number, { model, judge }: GuidedReplay): number {
    const tail = model.profile.mmapTailBytes;
    for (let times = 0; times <= MAX_TIMES; times++) {
      const above =
        pointer + roundUp(requestToBytes(size + times * CUT_MODULUS) + tail, model.pageBytes);
      if (this.#live.has(above) || judge.addresses.hasHeapAt(model, above - GRANULE)) {
        return times;
      }
    }
    return 0;
  }

  /**
   * True if nothing else lies in the block of event `i`, enlarged by `missing` bytes: no other mapping, no heap, no
   * calling code, and no block that is returned while it is live. Its 64 MiB stretch may hold only mapped blocks: else
   * it belongs to a heap. And if it is small, no equally small block may be mapped so close below that it would overlap
   * this one if it were cut: small requests are then mapped as they are.
   */
  #isClear(
    batch: EventBatch,
    i: number,
    missing: number,
    next: EventBatch | null,
    replay: GuidedReplay | null,
  ): boolean {
    const pointer = batch.pointerOut[i]!;
    const end = pointer + missing + batch.size[i]!;
    const stretch = Math.floor(pointer / HEAP_MAX);
    const isInside = (address: number) => address > pointer && address < end;
    const isOfHeap = (other: number) =>
      Math.floor(other / HEAP_MAX) === stretch && !isMappable(other);
    const isNear = (other: number) => other < pointer && other > pointer - CUT_MODULUS;
    const isAlike = (of: EventBatch, at: number) =>
      isSmall(batch, i) &&
      isNear(of.pointerOut[at]!) &&
      isMappable(of.pointerOut[at]!) &&
      isSmall(of, at) &&
      (replay === null || !isInHeap(replay, of.pointerOut[at]!));
    const isAgainst = (of: EventBatch, at: number) => {
      const other = of.pointerOut[at]!;
      return isInside(of.caller[at]!) || isInside(other) || isOfHeap(other) || isAlike(of, at);
    };
    for (const other of this.#live) {
      if (isInside(other)) {
        return false;
      }
    }
    if (replay?.judge.addresses.hasHeapBetween(replay.model, pointer, end)) {
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

/** True if the first block of a mapping can lie there. */
function isMappable(pointer: number): boolean {
  return isAtFirstBlock(pointer) && isAmongMappings(pointer);
}

/** True if the pointer is as far from the beginning of a page as the first block of a mapping. */
function isAtFirstBlock(pointer: number): boolean {
  return (pointer & (SMALLEST_PAGE - 1)) === GRANULE;
}

/** True if event `i` requests few bytes, and not by realloc of a mapping, which stays mapped however small it becomes. */
function isSmall({ op, size, pointerIn }: EventBatch, i: number): boolean {
  if (size[i]! >= SMALL_BYTES) {
    return false;
  }
  // realloc to 0 bytes frees and returns nothing (§5.1).
  return op[i] !== Op.realloc || !isMappable(pointerIn[i]!) || size[i] === 0;
}

/** True if a heap serves a request of `size` bytes under every setting that the process can have. */
function isNeverMapped(size: number, { witness, model }: GuidedReplay): boolean {
  const bytes = requestToGranules(size) * GRANULE;
  return bytes <= witness.neverMapped && bytes < model.par.mmapThreshold;
}

function isInHeap({ model, judge }: GuidedReplay, pointer: number): boolean {
  return judge.addresses.placeOf(model, pointer, 0).heap >= 0;
}

function divergence({ pointerOut, line }: EventBatch, event: number, size: number): Divergence {
  return {
    event,
    line: line[0]!,
    expected: `0x${pointerOut[0]!.toString(16)}, mapped`,
    modelled: `in a heap, as ${size} bytes are`,
  };
}
