import { readFileSync, writeFileSync } from "node:fs";
import type { Work } from "../../src/replay/work.ts";
import { Touch } from "../../src/replay/writes/touch.ts";
import { Action } from "../../src/trace/actions.ts";
import { EVENTS_PER_BATCH } from "../../src/trace/columns.ts";
import type { EventBatch } from "../../src/trace/event.ts";

/**
 * The calls of one thread in a file that both native-replay.c and the model read: 32-bit words, little endian. First the
 * number of calls, of block ids and of preparatory calls, and an unused word; then four words for each call: one of
 * `Action`, the block's id, size and alignment in bytes.
 */
const HEAD_WORDS = 4;
const CALL_WORDS = 4;

/** The calls that both sides can make. */
const CALLS: ReadonlySet<number> = new Set([
  Action.malloc,
  Action.calloc,
  Action.realloc,
  Action.memalign,
  Action.free,
]);

export class CallsWriter {
  #words = new Uint32Array(1024);
  #count = 0;
  #blocks = 0;
  #prepared = 0;

  /** @throws RangeError the file cannot hold the call: another action, or a size of 4 GiB or more */
  add(action: number, block: number, size = 0, align = 0): void {
    if (!CALLS.has(action)) {
      throw new RangeError(`action ${action} is not replayed`);
    }
    if (size >= 2 ** 32) {
      throw new RangeError(`a block of ${size} bytes is not replayed`);
    }
    const at = HEAD_WORDS + this.#count * CALL_WORDS;
    if (at + CALL_WORDS > this.#words.length) {
      this.#grow();
    }
    this.#words[at] = action;
    this.#words[at + 1] = block;
    this.#words[at + 2] = size;
    this.#words[at + 3] = align;
    this.#count++;
    this.#blocks = Math.max(this.#blocks, block + 1);
  }

  /** All calls so far are preparation; those that follow are timed. */
  endPreparation(): void {
    this.#prepared = this.#count;
  }

  write(path: string): void {
    this.#words.set([this.#count, this.#blocks, this.#prepared]);
    writeFileSync(path, this.#words.subarray(0, HEAD_WORDS + this.#count * CALL_WORDS));
  }

  #grow(): void {
    const grown = new Uint32Array(this.#words.length * 2);
    grown.set(this.#words);
    this.#words = grown;
  }
}

/** Reads the calls of a file in batches like those of the ledger for a log of one thread. */
export class CallsReader {
  readonly #words: Uint32Array;
  readonly #touch = new Touch("facts");
  readonly #sizes: Float64Array;
  #next = 0;

  constructor(path: string) {
    const bytes = readFileSync(path);
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    this.#sizes = new Float64Array(this.blocks);
  }

  get count(): number {
    return this.#words[0]!;
  }

  get blocks(): number {
    return this.#words[1]!;
  }

  /** True if the next call is to be timed. */
  get isPrepared(): boolean {
    return this.#next >= this.#words[2]!;
  }

  /** Fills in the next batch, whose calls are either all preparatory or all to be timed. False at the end. */
  next({ batch, actions, touch }: Work & { readonly batch: EventBatch }): boolean {
    const end = this.isPrepared ? this.count : this.#words[2]!;
    const length = Math.min(EVENTS_PER_BATCH, end - this.#next);
    if (length === 0) {
      return false;
    }
    batch.length = length;
    batch.time.fill(Number.NaN);
    for (let i = 0; i < length; i++) {
      const at = HEAD_WORDS + this.#next++ * CALL_WORDS;
      const block = this.#words[at + 1]!;
      const size = this.#words[at + 2]!;
      actions.action[i] = this.#words[at]!;
      actions.block[i] = block;
      actions.oldSize[i] = this.#sizes[block]!;
      batch.size[i] = size;
      batch.align[i] = this.#words[at + 3]!;
      this.#sizes[block] = size;
    }
    this.#touch.fill(batch, actions, touch);
    return true;
  }
}
