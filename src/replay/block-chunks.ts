import { NEXT, PREV, STATE } from "../ptmalloc/chunks.ts";
import { Action, type ActionBatch } from "../trace/actions.ts";

/** Records up to this size (256 KiB) stay in the processor's cache by themselves. */
const CACHED_WORDS = 2 ** 16;

/** Which chunk of one run holds each live block of the log, by block id. */
export class BlockChunks {
  /** 0 where the model has none; grows with the most blocks live at once */
  #chunks = new Int32Array(1024);
  /** takes the sum of what `warm` read, cut to an integer: an unused load would be optimised away */
  #warmed = 0;

  /** The chunk that holds live block `block`; 0 if the model could not serve it. */
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

  /** Becomes a copy of `other`. */
  copy(other: BlockChunks): void {
    if (this.#chunks.length === other.#chunks.length) {
      this.#chunks.set(other.#chunks);
    } else {
      this.#chunks = other.#chunks.slice();
    }
  }

  /**
   * Brings into the cache what freeing the blocks of events from..to-1 will look at, their neighbours' records: these
   * loads overlap, those of the replay would wait for one another.
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
