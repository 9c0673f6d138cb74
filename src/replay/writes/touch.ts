import { Action, type ActionBatch, withoutLostFree } from "../../trace/actions.ts";
import {
  type Columns,
  columnar,
  copyColumns,
  copyRows,
  type Declaration,
  EVENTS_PER_BATCH,
} from "../../trace/columns.ts";
import type { EventBatch } from "../../trace/event.ts";

import { POOLS, TOUCH_FACTS, type TouchFact } from "./touch-facts.ts";

/**
 * The columns of a TouchBatch: the bytes that the program is assumed to write after each call that returns a block,
 * from the block's start. Under the policy these are bytes from..to-1; if it writes the part q of every large block,
 * bytes ratioFrom..max(full, q × large)-1. Rows of other events are stale.
 */
export const TOUCH_COLUMNS = {
  /** 1 where the other columns mean the whole block, or all of it that is new: they need not be read */
  whole: Uint8Array,
  from: Float64Array,
  to: Float64Array,
  ratioFrom: Float64Array,
  full: Float64Array,
  large: Float64Array,
} as const satisfies Declaration;

const { whole, ...others } = TOUCH_COLUMNS;
const rowsToCopy = new Int32Array(EVENTS_PER_BATCH);

export type TouchColumns = Columns<typeof TOUCH_COLUMNS>;

export class TouchBatch extends columnar(TOUCH_COLUMNS) {}

/** Copies the first `length` rows. Most are `whole`: their other columns are not copied. */
export function copyTouch(to: TouchColumns, from: TouchColumns, length: number): void {
  copyColumns({ whole }, to, from, length);
  let count = 0;
  for (let i = 0; i < length; i++) {
    if (from.whole[i] === 0) {
      rowsToCopy[count++] = i;
    }
  }
  copyRows(others, to, from, rowsToCopy, count);
}

/** A ratio scales blocks above this size: smaller ones share their pages with others. */
export const RATIO_FROM_BYTES = 32 * 1024;

/**
 * If the user gives a measured RSS, the planes of the ratios scale blocks from this size on, so that a fit reaches pools of
 * 16–64 KiB (touch-facts.ts), and whatever the program has grown them from (touch.md §5).
 */
export const FITTED_FROM_BYTES = 16 * 1024;

/**
 * What the program is taken to write (touch.md §4), since a log does not contain it. "facts": whole blocks except for
 * known facts about libraries (touch-facts.ts). `ratio`: the facts, and that part of each block above 32 KiB. `fitted`:
 * the facts or, where RSS was measured, what meets it (reading.ts): this many bytes at the log's end or, if null, the RSS
 * samples in the log.
 */
export type TouchPolicy =
  | "facts"
  | "all"
  | "none"
  | { readonly ratio: number }
  | { readonly fitted: number | null };

/** Applies a touch policy to the blocks of the log. */
export class Touch {
  readonly #policy: TouchPolicy;
  readonly #facts = new Facts(TOUCH_FACTS);
  /** the planes are those of a fit to a given RSS */
  readonly #isFitted: boolean;
  /** the smallest block that the planes of the ratios scale */
  readonly #scaledFrom: number;
  // By block id, in bytes from the block's start: written under the policy, and under every ratio.
  #written = new Float64Array(1024);
  #full = new Float64Array(1024);

  constructor(policy: TouchPolicy) {
    this.#policy = policy;
    this.#isFitted = typeof policy === "object" && "fitted" in policy && policy.fitted !== null;
    this.#scaledFrom = this.#isFitted ? FITTED_FROM_BYTES : RATIO_FROM_BYTES + 1;
  }

  /** Becomes a copy of `from`, which has the same policy. */
  copy(from: Touch): void {
    this.#facts.copy(from.#facts);
    this.#written = from.#written.slice();
    this.#full = from.#full.slice();
  }

  /** Returns the bytes of live block `block` that are written under the policy. */
  writtenOf(block: number): number {
    return this.#written[block] ?? 0;
  }

  /** Returns the same for a block of `size` bytes if the program wrote the part `ratio` of every large block. */
  writtenAtRatio(block: number, size: number, ratio: number): number {
    const full = this.#full[block] ?? 0;
    // The policy writes no more than every ratio does: a fact, or a small block.
    return this.writtenOf(block) === full ? full : Math.max(full, partOf(size, ratio));
  }

  fill(batch: EventBatch, actions: ActionBatch, out: TouchBatch): void {
    for (let i = 0; i < batch.length; i++) {
      const action = withoutLostFree(actions.action[i]!);
      if (action === Action.none || action >= Action.free) {
        continue;
      }
      const block = actions.block[i]!;
      if (block >= this.#written.length) {
        this.#grow(block);
      }
      const size = batch.size[i]!;
      const isRealloc = action === Action.realloc;
      const isMalloc = action === Action.malloc;
      const known = isMalloc ? this.#facts.writtenOf(size, batch.caller[i]!) : -1;
      const isScaled = known < 0 && size >= this.#scaledFrom;
      // A block that the program grows was full and stays full (touch.md §1); a fit does not rely on that.
      const kept = isRealloc ? Math.min(actions.oldSize[i]!, size) : 0;
      const full = known >= 0 ? known : !isScaled ? size : this.#isFitted ? 0 : kept;
      const to = this.#byPolicy(size, known, kept, isMalloc);
      const from = isRealloc ? Math.min(this.#written[block]!, to) : 0;
      const ratioFrom = isRealloc ? Math.min(this.#full[block]!, full) : 0;
      const isNew = from === actions.oldSize[i] && ratioFrom === from;
      out.whole[i] = isNew && to === size && full === size ? 1 : 0;
      out.from[i] = from;
      out.to[i] = to;
      out.ratioFrom[i] = ratioFrom;
      out.full[i] = full;
      out.large[i] = isScaled ? size : 0;
      this.#written[block] = to;
      this.#full[block] = full;
    }
  }

  /** Returns the bytes written under the policy. `known`: those of a fact, −1 where none holds. */
  #byPolicy(size: number, known: number, kept: number, isMalloc: boolean): number {
    const policy = this.#policy;
    if (policy === "all" || policy === "none") {
      return policy === "all" ? size : 0;
    }
    if (known >= 0) {
      return known;
    }
    if (typeof policy === "object" && "ratio" in policy) {
      return size > RATIO_FROM_BYTES ? Math.max(kept, partOf(size, policy.ratio)) : size;
    }
    return isMalloc && POOLS.requests.some((pool) => pool === size)
      ? size * POOLS.writtenPart
      : size;
  }

  #grow(block: number): void {
    const length = Math.max(block + 1, this.#written.length * 2);
    const written = new Float64Array(length);
    const full = new Float64Array(length);
    written.set(this.#written);
    full.set(this.#full);
    this.#written = written;
    this.#full = full;
  }
}

/** Returns the part `ratio` of a block, in whole bytes. */
function partOf(size: number, ratio: number): number {
  return Math.round(size * ratio);
}

/** The facts, indexed for one lookup per malloc. */
class Facts {
  readonly #bySize = new Map<number, TouchFact>();
  readonly #powersOfTwo: { readonly fact: TouchFact; readonly from: number }[] = [];
  readonly #callers: { readonly fact: TouchFact; readonly known: KnownCallers }[] = [];
  /** smallest request of all facts, and of the requests that identify a caller */
  readonly #least: number;

  constructor(facts: readonly TouchFact[]) {
    let least = Number.POSITIVE_INFINITY;
    for (const fact of facts) {
      const { requests, callerAskedFor } = fact;
      if ("powersOfTwoFrom" in requests) {
        this.#powersOfTwo.push({ fact, from: requests.powersOfTwoFrom });
        least = Math.min(least, requests.powersOfTwoFrom);
      } else {
        for (const size of requests) {
          this.#bySize.set(size, fact);
        }
        least = Math.min(least, ...requests);
      }
      if (callerAskedFor.length === 0) {
        continue;
      }
      this.#callers.push({ fact, known: new KnownCallers(callerAskedFor) });
      least = Math.min(least, ...callerAskedFor);
    }
    this.#least = least;
  }

  copy(from: Facts): void {
    this.#callers.forEach(({ known }, n) => {
      known.copy(from.#callers[n]!.known);
    });
  }

  /** Returns the bytes written of a malloc by `caller`, and notes the call; −1 if no fact covers it. */
  writtenOf(size: number, caller: number): number {
    if (size < this.#least) {
      return -1;
    }
    for (const { known } of this.#callers) {
      known.note(caller, size);
    }
    const fact = this.#bySize.get(size) ?? this.#powerOfTwo(size);
    if (fact === null) {
      return -1;
    }
    const callers = this.#callers.find((one) => one.fact === fact);
    return callers === undefined || callers.known.has(caller) ? fact.writtenBytes : -1;
  }

  #powerOfTwo(size: number): TouchFact | null {
    if (!Number.isInteger(Math.log2(size))) {
      return null;
    }
    return this.#powersOfTwo.find(({ from }) => size >= from)?.fact ?? null;
  }
}

/** callers watched at most: programs have few that request these exact sizes */
const MAX_CALLERS = 64;

/** The callers that have requested every one of some sizes. */
class KnownCallers {
  readonly #sizes: readonly number[];
  readonly #callers = new Float64Array(MAX_CALLERS);
  /** bit i: has requested the i-th size */
  readonly #asked = new Uint8Array(MAX_CALLERS);
  #count = 0;

  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  copy(from: KnownCallers): void {
    this.#callers.set(from.#callers);
    this.#asked.set(from.#asked);
    this.#count = from.#count;
  }

  note(caller: number, size: number): void {
    const bit = this.#sizes.indexOf(size);
    if (bit < 0) {
      return;
    }
    let at = this.#indexOf(caller);
    if (at < 0) {
      if (this.#count === MAX_CALLERS) {
        return;
      }
      at = this.#count++;
      this.#callers[at] = caller;
    }
    this.#asked[at]! |= 1 << bit;
  }

  has(caller: number): boolean {
    const at = this.#indexOf(caller);
    return at >= 0 && this.#asked[at] === 2 ** this.#sizes.length - 1;
  }

  #indexOf(caller: number): number {
    for (let at = 0; at < this.#count; at++) {
      if (this.#callers[at] === caller) {
        return at;
      }
    }
    return -1;
  }
}
