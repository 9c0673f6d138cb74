import type { Arena } from "./arena.ts";
import { copyWords } from "./copy-words.ts";
import type { TcacheBins } from "./tcache-bins.ts";
import type { TcacheState, Thread } from "./thread.ts";

const STATES: readonly TcacheState[] = ["inactive", "active", "disabled"];

// Words of a record: these two, then two for each tcache bin that is not empty.
/** id of the arena + 1, 0 for none; state of the tcache; number of bins that follow */
const HEAD = 0;
const STRUCT = 1;
const BINS = 2;
/** most bins of a thread */
const MOST_BINS = 64;

const STATE_SHIFT = 20;
const BINS_SHIFT = 22;
const ARENA_MASK = 2 ** STATE_SHIFT - 1;
const STATE_MASK = 3;
/** A bin's first word is its index and the number of its chunks, its second one the newest chunk. */
const COUNT_SHIFT = 6;
const INDEX_MASK = 2 ** COUNT_SHIFT - 1;

/**
 * Threads in as few words as they need: with one chunk in the tcache, four. A log may have many thousand threads that
 * have not called for a while, and perhaps never will again.
 */
export class PackedThreads {
  #words: Int32Array = new Int32Array(64);
  /** words ever used; the first is none of a record */
  #end = 1;
  /** first of the unused records with each number of bins, linked by their first word; 0: none */
  readonly #free = new Int32Array(MOST_BINS + 1);

  /** A copy, in the memory of `recycled`, which must not be in use elsewhere, if there is one. */
  clone(recycled: PackedThreads | null = null): PackedThreads {
    const copy = recycled ?? new PackedThreads();
    copy.#words = copyWords(this.#words, this.#end, copy.#words);
    copy.#end = this.#end;
    copy.#free.set(this.#free);
    return copy;
  }

  /** Takes over the thread's state and leaves its bins empty. Returns the record. */
  pack(thread: Thread, bins: TcacheBins): number {
    let used = 0;
    for (let index = 0; index < thread.bins; index++) {
      used += bins.count(thread, index) > 0 ? 1 : 0;
    }
    const record = this.#allocate(used);
    const words = this.#words;
    const arena = thread.arena === null ? 0 : thread.arena.id + 1;
    const state = STATES.indexOf(thread.tcache);
    words[record + HEAD] = arena | (state << STATE_SHIFT) | (used << BINS_SHIFT);
    words[record + STRUCT] = thread.tcacheStruct;
    let at = record + BINS;
    for (let index = 0; index < thread.bins; index++) {
      const count = bins.count(thread, index);
      if (count > 0) {
        words[at++] = index | (count << COUNT_SHIFT);
        words[at++] = bins.head(thread, index);
        bins.set(thread, index, 0, 0);
      }
    }
    return record;
  }

  /** Gives the thread, which must be new, the record's state, and releases the record. */
  unpack(record: number, thread: Thread, bins: TcacheBins, arenas: readonly Arena[]): void {
    const words = this.#words;
    const used = this.#binsOf(record);
    thread.arena = this.arenaOf(record, arenas);
    thread.tcache = this.tcacheOf(record);
    thread.tcacheStruct = words[record + STRUCT]!;
    // Largest first: a thread gets room for the largest bin once.
    for (let at = record + BINS + 2 * (used - 1); at > record; at -= 2) {
      const index = words[at]! & INDEX_MASK;
      bins.set(thread, index, words[at + 1]!, words[at]! >>> COUNT_SHIFT);
    }
    words[record] = this.#free[used]!;
    this.#free[used] = record;
  }

  arenaOf(record: number, arenas: readonly Arena[]): Arena | null {
    return arenas[(this.#words[record + HEAD]! & ARENA_MASK) - 1] ?? null;
  }

  tcacheOf(record: number): TcacheState {
    return STATES[(this.#words[record + HEAD]! >>> STATE_SHIFT) & STATE_MASK]!;
  }

  structOf(record: number): number {
    return this.#words[record + STRUCT]!;
  }

  #binsOf(record: number): number {
    return this.#words[record + HEAD]! >>> BINS_SHIFT;
  }

  #allocate(bins: number): number {
    const released = this.#free[bins]!;
    if (released !== 0) {
      this.#free[bins] = this.#words[released]!;
      return released;
    }
    const record = this.#end;
    this.#end += BINS + 2 * bins;
    if (this.#end > this.#words.length) {
      this.#words = copyWords(this.#words, record, new Int32Array(2 * this.#end));
    }
    return record;
  }
}
