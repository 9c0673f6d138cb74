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

import { KnownFacts } from "./known-facts.ts";
import { TOUCH_FACTS } from "./touch-facts.ts";

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

/** A policy of a ratio scales blocks above this size: smaller ones share their pages with others. */
export const RATIO_FROM_BYTES = 32 * 1024;

/** The planes of the ratios scale blocks from this size on, a page: smaller ones share their pages with others. */
export const UNCERTAIN_FROM_BYTES = 4096;

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

const WRITTEN = 0;
const FULL = 1;

/** Applies a touch policy to the blocks of the log. */
export class Touch {
  readonly #policy: TouchPolicy;
  readonly #facts = new KnownFacts(TOUCH_FACTS);
  /** the planes are those of a fit to a given RSS */
  readonly #isFitted: boolean;
  /** Pairs by block id, in bytes from the block's start: WRITTEN under the policy, and FULL under every ratio. */
  #bytes = new Float64Array(2 * 1024);
  /** by block id: 1 if a ratio decides what is written behind that */
  #scaled = new Uint8Array(1024);

  constructor(policy: TouchPolicy) {
    this.#policy = policy;
    this.#isFitted = typeof policy === "object" && "fitted" in policy && policy.fitted !== null;
  }

  /** Becomes a copy of `from`, which has the same policy. */
  copy(from: Touch): void {
    this.#facts.copy(from.#facts);
    this.#bytes = from.#bytes.slice();
    this.#scaled = from.#scaled.slice();
  }

  /** Returns the bytes of live block `block` that are written under the policy. */
  writtenOf(block: number): number {
    return this.#bytes[2 * block + WRITTEN] ?? 0;
  }

  /** Returns the same for a block of `size` bytes if the program wrote the part `ratio` of every large block. */
  writtenAtRatio(block: number, size: number, ratio: number): number {
    const full = this.#bytes[2 * block + FULL] ?? 0;
    return this.#scaled[block] === 1 ? Math.max(full, partOf(size, ratio)) : full;
  }

  fill(batch: EventBatch, actions: ActionBatch, out: TouchBatch): void {
    for (let i = 0; i < batch.length; i++) {
      const action = withoutLostFree(actions.action[i]!);
      if (action === Action.none || action >= Action.free) {
        continue;
      }
      const block = actions.block[i]!;
      if (block >= this.#scaled.length) {
        this.#grow(block);
      }
      const size = batch.size[i]!;
      const isRealloc = action === Action.realloc;
      const fact = this.#facts.of(action, size, batch.caller[i]!, batch.tid[i]!);
      const known = fact === null ? -1 : fact.writtenBytes;
      const isExact = fact?.isExact === true;
      const isScaled = !isExact && size >= UNCERTAIN_FROM_BYTES;
      // A block that the program grows was full and stays full (touch.md §1); a fit does not rely on that.
      const kept = isRealloc ? Math.min(actions.oldSize[i]!, size) : 0;
      const full = isExact ? known : !isScaled ? size : this.#isFitted ? 0 : kept;
      const to = this.#byPolicy(size, known, kept);
      const bytes = this.#bytes;
      const pair = 2 * block;
      const from = isRealloc ? Math.min(bytes[pair + WRITTEN]!, to) : 0;
      const ratioFrom = isRealloc ? Math.min(bytes[pair + FULL]!, full) : 0;
      const isNew = from === actions.oldSize[i] && ratioFrom === from;
      out.whole[i] = isNew && to === size && full === size ? 1 : 0;
      out.from[i] = from;
      out.to[i] = to;
      out.ratioFrom[i] = ratioFrom;
      out.full[i] = full;
      out.large[i] = isScaled ? size : 0;
      bytes[pair + WRITTEN] = to;
      bytes[pair + FULL] = full;
      this.#scaled[block] = isScaled ? 1 : 0;
    }
  }

  /** Returns the bytes written under the policy. `known`: those of a fact, −1 where none holds. */
  #byPolicy(size: number, known: number, kept: number): number {
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
    return size;
  }

  #grow(block: number): void {
    const length = Math.max(block + 1, this.#scaled.length * 2);
    const bytes = new Float64Array(2 * length);
    const scaled = new Uint8Array(length);
    bytes.set(this.#bytes);
    scaled.set(this.#scaled);
    this.#bytes = bytes;
    this.#scaled = scaled;
  }
}

/** Returns the part `ratio` of a block, in whole bytes. */
function partOf(size: number, ratio: number): number {
  return Math.round(size * ratio);
}
