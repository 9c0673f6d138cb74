import { Action, type ActionBatch, withoutLostFree } from "../../trace/actions.ts";
import {
  type Columns,
  columnar,
  copyColumns,
  copyRows,
  type Declaration,
  MODULE_ROWS,
} from "../../trace/columns.ts";
import type { EventBatch } from "../../trace/event.ts";

import { KnownFacts } from "./known-facts.ts";
import { TOUCH_FACTS, type TouchFact } from "./touch-facts.ts";

/**
 * The columns of a TouchBatch: the bytes that the program is assumed to write after each call that returns a block,
 * from the block's start. Under the policy these are bytes from..to-1; if it writes the part q of every large block,
 * bytes ratioFrom..max(full, q × large)-1.
 */
export const TOUCH_COLUMNS = {
  /** 1 where the whole block is written, or all of it that is new, and in rows of other events: the rest of the row is stale */
  whole: Uint8Array,
  from: Float64Array,
  to: Float64Array,
  ratioFrom: Float64Array,
  full: Float64Array,
  large: Float64Array,
} as const satisfies Declaration;

const { whole, ...others } = TOUCH_COLUMNS;
const rowsToCopy = new Int32Array(MODULE_ROWS);

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

// What is known of a block, by its id.
/** all its requested bytes are written, under the policy and under every ratio */
const WHOLE = 0;
/** the pair of numbers says what is written */
const IN_PART = 1;
/** the same, and a ratio decides what is written behind that */
const SCALED = 2;

// The numbers of a pair, in bytes from the block's start.
/** written under the policy */
const WRITTEN = 0;
/** written under every ratio */
const FULL = 1;

/** Applies a touch policy to the blocks of the log. */
export class Touch {
  readonly #policy: TouchPolicy;
  readonly #facts = new KnownFacts(TOUCH_FACTS);
  /** the planes are those of a fit to a given RSS */
  readonly #isFitted: boolean;
  /** by block id: WHOLE, IN_PART or SCALED. Most blocks are small and whole: they have no need of a pair. */
  #kinds = new Uint8Array(1024);
  /** pairs by block id; stale for blocks that are WHOLE */
  #bytes = new Float64Array(2 * 1024);

  constructor(policy: TouchPolicy) {
    this.#policy = policy;
    this.#isFitted = typeof policy === "object" && "fitted" in policy && policy.fitted !== null;
  }

  /** Becomes a copy of `from`, which has the same policy. */
  copy(from: Touch): void {
    this.#facts.copy(from.#facts);
    this.#kinds = from.#kinds.slice();
    this.#bytes = from.#bytes.slice();
  }

  /** Returns the bytes of a live block of `size` bytes that are written under the policy. */
  writtenOf(block: number, size: number): number {
    return this.#known(block, size, WRITTEN);
  }

  /** Returns the same if the program wrote the part `ratio` of every large block. */
  writtenAtRatio(block: number, size: number, ratio: number): number {
    const full = this.#known(block, size, FULL);
    return this.#kinds[block] === SCALED ? Math.max(full, partOf(size, ratio)) : full;
  }

  #known(block: number, size: number, number: typeof WRITTEN | typeof FULL): number {
    return this.#kinds[block] === WHOLE ? size : (this.#bytes[2 * block + number] ?? 0);
  }

  /** Hot. */
  fill(batch: EventBatch, actions: ActionBatch, out: TouchBatch): void {
    const writesSmall = this.#policy !== "none";
    for (let i = 0; i < batch.length; i++) {
      const action = withoutLostFree(actions.action[i]!);
      if (action === Action.none || action >= Action.free) {
        out.whole[i] = 1;
        continue;
      }
      const block = actions.block[i]!;
      if (block >= this.#kinds.length) {
        this.#grow(block);
      }
      const size = batch.size[i]!;
      const fact = this.#facts.of(action, size, batch.caller[i]!, batch.tid[i]!);
      const isSmall = fact === null && size < UNCERTAIN_FROM_BYTES;
      if (isSmall && writesSmall && action !== Action.realloc) {
        out.whole[i] = 1;
        this.#kinds[block] = WHOLE;
      } else {
        this.#fillRow(batch, actions, out, i, fact);
      }
    }
  }

  #fillRow(
    batch: EventBatch,
    actions: ActionBatch,
    out: TouchBatch,
    i: number,
    fact: TouchFact | null,
  ): void {
    const block = actions.block[i]!;
    const size = batch.size[i]!;
    const oldSize = actions.oldSize[i]!;
    const isRealloc = withoutLostFree(actions.action[i]!) === Action.realloc;
    const known = fact === null ? -1 : fact.writtenBytes;
    const isExact = fact?.isExact === true;
    const isScaled = !isExact && size >= UNCERTAIN_FROM_BYTES;
    // A block that the program grows was full and stays full (touch.md §1); a fit does not rely on that.
    const kept = isRealloc ? Math.min(oldSize, size) : 0;
    const full = isExact ? known : !isScaled ? size : this.#isFitted ? 0 : kept;
    const to = this.#byPolicy(size, known, kept);
    const from = isRealloc ? Math.min(this.#known(block, oldSize, WRITTEN), to) : 0;
    const ratioFrom = isRealloc ? Math.min(this.#known(block, oldSize, FULL), full) : 0;
    const isNew = from === oldSize && ratioFrom === from;
    out.whole[i] = isNew && to === size && full === size ? 1 : 0;
    out.from[i] = from;
    out.to[i] = to;
    out.ratioFrom[i] = ratioFrom;
    out.full[i] = full;
    out.large[i] = isScaled ? size : 0;
    const pair = 2 * block;
    this.#bytes[pair + WRITTEN] = to;
    this.#bytes[pair + FULL] = full;
    this.#kinds[block] = isScaled ? SCALED : IN_PART;
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
    const length = Math.max(block + 1, this.#kinds.length * 2);
    const kinds = new Uint8Array(length);
    const bytes = new Float64Array(2 * length);
    kinds.set(this.#kinds);
    bytes.set(this.#bytes);
    this.#kinds = kinds;
    this.#bytes = bytes;
  }
}

/** Returns the part `ratio` of a block, in whole bytes. */
function partOf(size: number, ratio: number): number {
  return Math.round(size * ratio);
}
