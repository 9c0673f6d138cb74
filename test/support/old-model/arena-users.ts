import { copyWords } from "./copy-words.ts";

/** Words of an entry of a thread with several arenas: the id of one, and what the thread had before. */
const ENTRY = 2;

/**
 * Which threads have ever been attached to which arenas. A log may have many thousand threads, most of which use one arena:
 * a thread takes 4 bytes, and 8 more for each further arena.
 */
export class ArenaUsers {
  /** by dense index of the thread: 0 for none, the id of its only arena + 1, or minus the end of its latest entry */
  #latest: Int32Array = new Int32Array(16);
  #threads = 0;
  #entries: Int32Array = new Int32Array(16);
  #end = 0;

  /** A copy, in the memory of `recycled`, which must not be in use elsewhere, if there is one. */
  clone(recycled: ArenaUsers | null = null): ArenaUsers {
    const copy = recycled ?? new ArenaUsers();
    copy.#latest = copyWords(this.#latest, this.#threads, copy.#latest);
    copy.#threads = this.#threads;
    copy.#entries = copyWords(this.#entries, this.#end, copy.#entries);
    copy.#end = this.#end;
    return copy;
  }

  /** Thread `thread` (dense index) is attached to arena `id`. */
  add(thread: number, id: number): void {
    if (thread >= this.#latest.length) {
      const grown = new Int32Array(Math.max(thread + 1, this.#latest.length * 2));
      this.#latest = copyWords(this.#latest, this.#threads, grown);
    }
    this.#threads = Math.max(this.#threads, thread + 1);
    const latest = this.#latest[thread]!;
    if (latest === 0) {
      this.#latest[thread] = id + 1;
    } else if (latest !== id + 1 && !this.#idsFrom(latest).includes(id)) {
      this.#addEntry(id, latest);
      this.#latest[thread] = -this.#end;
    }
  }

  /** Returns the ids of the arenas that thread `thread` has been attached to, in ascending order. */
  of(thread: number): number[] {
    return this.#idsFrom(this.#latest[thread] ?? 0).sort((a, b) => a - b);
  }

  /** Calls `visit` for every thread and each arena that it has been attached to. */
  each(visit: (thread: number, id: number) => void): void {
    for (let thread = 0; thread < this.#threads; thread++) {
      for (const id of this.#idsFrom(this.#latest[thread]!)) {
        visit(thread, id);
      }
    }
  }

  #idsFrom(latest: number): number[] {
    const ids: number[] = [];
    let at = latest;
    while (at < 0) {
      ids.push(this.#entries[-at - ENTRY]!);
      at = this.#entries[-at - 1]!;
    }
    return at === 0 ? ids : [...ids, at - 1];
  }

  #addEntry(id: number, before: number): void {
    if (this.#end === this.#entries.length) {
      this.#entries = copyWords(this.#entries, this.#end, new Int32Array(this.#end * 2));
    }
    this.#entries[this.#end] = id;
    this.#entries[this.#end + 1] = before;
    this.#end += ENTRY;
  }
}
