import { NEXT, PREV, STATE } from "../ptmalloc/chunks.ts";
import { Action, type ActionBatch } from "../trace/actions.ts";

/** Tables of chunk records up to this size (256 KiB) stay in the processor's cache anyway. */
const CACHED_WORDS = 2 ** 16;

/** The chunk of one replay that holds each live block, by block id. */
export class BlockChunks {
  /** 0: none. Grows with the most blocks live at once. */
  #chunks = new Int32Array(1024);
  /** sum of the words that `warm` read: V8 would optimise unused loads away */
  #warmed = 0;

  /** Returns the chunk that holds live block `block`; 0 if the model could not serve it. */
  get(block: number): number {
    return this.#chunks[block] ?? 0;
  }

  /** `block` is not negative. */
  set(block: number, chunk: number): void {
    if (block >= this.#chunks.length) {
      this.#grow(block);
    }
    this.#chunks[block] = chunk;
  }

  /** Calls `visit` for every live block that has a chunk. */
  each(visit: (block: number, chunk: number) => void): void {
    for (let block = 0; block < this.#chunks.length; block++) {
      const chunk = this.#chunks[block]!;
      if (chunk !== 0) {
        visit(block, chunk);
      }
    }
  }

  /** Copies `other` into this. */
  copy(other: BlockChunks): void {
    if (this.#chunks.length === other.#chunks.length) {
      this.#chunks.set(other.#chunks);
    } else {
      this.#chunks = other.#chunks.slice();
    }
  }

  /**
   * Loads the records that freeing the blocks of events from..to-1 will read, those of their neighbours, into the cache:
   * these loads overlap, whereas those of the replay wait for one another.
   */
  warm(words: Int32Array, { action, block }: ActionBatch, from: number, to: number): void {
    if (words.length <= CACHED_WORDS) {
      return;
    }
    let sum = 0;
    for (let i = from; i < to; i++) {
      const id = block[i]!;
      if (id < 0 || id >= this.#chunks.length || action[i]! < Action.realloc) {
        continue;
      }
      const c = this.#chunks[id]!;
      sum += words[words[c + NEXT]! + STATE]! + words[words[c + PREV]! + STATE]!;
    }
    this.#warmed = (this.#warmed + sum) | 0;
  }

  #grow(block: number): void {
    const grown = new Int32Array(Math.max(block + 1, Math.ceil(this.#chunks.length * 1.5)));
    grown.set(this.#chunks);
    this.#chunks = grown;
  }
}
