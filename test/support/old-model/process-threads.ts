import type { Arena } from "./arena.ts";
import { ArenaUsers } from "./arena-users.ts";
import { copyWords } from "./copy-words.ts";
import { PackedThreads } from "./packed-threads.ts";
import { TcacheBins } from "./tcache-bins.ts";
import { NO_THREADS, Thread } from "./thread.ts";

/** So many threads are objects before the first are packed. */
const FEW = 64;
/** At most so many are objects after some were packed. */
const MOST = 1024;

/**
 * The threads of a process, by dense index: 0, 1, 2 … in order of appearance. A log may have many thousand threads, most of
 * which call a few times and then no more. So only those that called of late are objects; the others are packed.
 */
export class ProcessThreads {
  /** all arenas of the process by id */
  #arenas: readonly Arena[];
  /** by index: 0 if the thread has not called or has ended; its place in `#recent` + 1; or its packed record, negative */
  #places: Int32Array = new Int32Array(FEW);
  /** indices so far, those of ended threads included */
  #length = 0;
  #count = 0;
  /** threads that are objects, in no order */
  readonly #recent: Thread[] = [];
  /** the number of these above which some are packed */
  #limit = FEW;
  #packed = new PackedThreads();
  /** objects to be used again */
  readonly #spare: Thread[] = [];
  #hasMain = false;
  /** the tcaches of threads that are objects */
  bins = new TcacheBins();
  /** the arenas that they were ever attached to, also of those that have ended */
  arenas = new ArenaUsers();

  constructor(arenas: readonly Arena[]) {
    this.#arenas = arenas;
  }

  /**
   * A copy for a process with the arenas `arenas`. It reuses the memory of `recycled`, which must not be in use elsewhere:
   * explanations take many copies.
   */
  clone(arenas: readonly Arena[], recycled: ProcessThreads | null = null): ProcessThreads {
    const copy = recycled ?? new ProcessThreads(arenas);
    copy.#arenas = arenas;
    copy.#hasMain = this.#hasMain;
    copy.#places = copyWords(this.#places, this.#length, copy.#places);
    copy.#length = this.#length;
    copy.#count = this.#count;
    copy.#limit = this.#limit;
    copy.#packed = this.#packed.clone(recycled && copy.#packed);
    copy.bins = this.bins.clone(recycled?.bins);
    copy.arenas = this.arenas.clone(recycled?.arenas);
    copy.#spare.push(...copy.#recent.splice(0));
    for (const thread of this.#recent) {
      const arena = thread.arena && arenas[thread.arena.id]!;
      copy.#recent.push(thread.clone(arena, copy.#spare.pop() ?? null));
    }
    return copy;
  }

  /** the main thread has called */
  get hasMain(): boolean {
    return this.#hasMain;
  }

  /** threads that have called and not ended */
  get count(): number {
    return this.#count;
  }

  /** Thread `index`; null: it has not called yet, or has ended. */
  at(index: number): Thread | null {
    const place = this.#placeOf(index);
    if (place > 0) {
      return this.#recent[place - 1]!;
    }
    return place < 0 ? this.#unpack(index, -place) : null;
  }

  /** Those that have called and not ended, as objects. */
  all(): Thread[] {
    return [...this.indices()].map((index) => this.at(index)!);
  }

  /** The indices of those that have called and not ended, in ascending order. */
  *indices(): Generator<number> {
    for (let index = 0; index < this.#length; index++) {
      if (this.#places[index] !== 0) {
        yield index;
      }
    }
  }

  /** True if the thread has called and not ended. */
  has(index: number): boolean {
    return this.#placeOf(index) !== 0;
  }

  /** The arena of thread `index`; null: it has none. */
  arenaOf(index: number): Arena | null {
    const place = this.#placeOf(index);
    if (place < 0) {
      return this.#packed.arenaOf(-place, this.#arenas);
    }
    return this.#recent[place - 1]?.arena ?? null;
  }

  hasTcache(index: number): boolean {
    const place = this.#placeOf(index);
    const tcache =
      place < 0 ? this.#packed.tcacheOf(-place) : (this.#recent[place - 1]?.tcache ?? null);
    return tcache === "active";
  }

  /** The chunk of the tcache struct of thread `index`; 0: none, or unknown. */
  structOf(index: number): number {
    const place = this.#placeOf(index);
    if (place < 0) {
      return this.#packed.structOf(-place);
    }
    return this.#recent[place - 1]?.tcacheStruct ?? 0;
  }

  /** Thread `index`, which makes the next calls: others may be packed. Null: it has not called yet, or has ended. */
  enter(index: number): Thread | null {
    const place = this.#placeOf(index);
    if (place > 0) {
      const thread = this.#recent[place - 1]!;
      thread.isRecent = true;
      return thread;
    }
    if (this.#recent.length > this.#limit) {
      this.#packOthers(index);
    }
    return place < 0 ? this.#unpack(index, -place) : null;
  }

  /** Adds thread `index`; the first one is the main thread, in arena `main`. */
  add(index: number, main: Arena): Thread {
    if (index >= this.#places.length) {
      const grown = new Int32Array(Math.max(index + 1, 2 * this.#places.length));
      this.#places = copyWords(this.#places, this.#length, grown);
    }
    this.#length = Math.max(this.#length, index + 1);
    this.#count++;
    const thread = this.#addRecent(index);
    if (!this.#hasMain) {
      this.#hasMain = true;
      thread.arena = main;
      main.attachedThreads = 1;
      this.arenas.add(index, main.id);
    }
    return thread;
  }

  /** Removes a thread that has ended: there may be thousands. */
  remove(thread: Thread): void {
    // The object is not used again: it may still be the process's current thread.
    this.#removeRecent(thread, 0);
    this.#count--;
  }

  /** Packs all threads that can be. To be called between two calls of the process. */
  packAll(): void {
    for (const thread of [...this.#recent]) {
      this.#pack(thread);
    }
  }

  #placeOf(index: number): number {
    return index >= 0 && index < this.#length ? this.#places[index]! : 0;
  }

  /** Packs the threads that have not called since the last time, except thread `index`. */
  #packOthers(index: number): void {
    for (const thread of [...this.#recent]) {
      if (!thread.isRecent && thread.index !== index) {
        this.#pack(thread);
      }
      thread.isRecent = false;
    }
    this.#limit = Math.min(MOST, Math.max(FEW, 2 * this.#recent.length));
    if (this.#recent.length > MOST / 2) {
      this.packAll();
    }
  }

  #pack(thread: Thread): void {
    // Few threads have such a list.
    if (thread.detachingLater === NO_THREADS) {
      const record = this.#packed.pack(thread, this.bins);
      this.#removeRecent(thread, -record);
      this.#spare.push(thread);
    }
  }

  #unpack(index: number, record: number): Thread {
    const thread = this.#addRecent(index);
    this.#packed.unpack(record, thread, this.bins, this.#arenas);
    return thread;
  }

  #addRecent(index: number): Thread {
    const thread = this.#spare.pop() ?? new Thread(index);
    thread.become(index);
    thread.isRecent = true;
    this.#places[index] = this.#recent.push(thread);
    return thread;
  }

  /** Takes the thread, whose bins are empty, from the recent ones; `place` is its new entry. */
  #removeRecent(thread: Thread, place: number): void {
    this.bins.release(thread);
    const last = this.#recent.pop()!;
    if (last !== thread) {
      const at = this.#places[thread.index]!;
      this.#recent[at - 1] = last;
      this.#places[last.index] = at;
    }
    this.#places[thread.index] = place;
    thread.become(-1);
  }
}
