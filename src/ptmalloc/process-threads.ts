import type { Arena } from "./arena.ts";
import { ArenaUsers } from "./arena-users.ts";
import { TcacheBins } from "./tcache-bins.ts";
import { Thread } from "./thread.ts";

/** The threads of a process, by dense index: 0, 1, 2 … in order of appearance. */
export class ProcessThreads {
  /** by index; those that have ended are like those that never called */
  readonly #threads: (Thread | undefined)[] = [];
  #hasMain = false;
  /** their tcaches */
  bins = new TcacheBins();
  /** the arenas that they were ever attached to, also of those that have ended */
  arenas = new ArenaUsers();

  /**
   * A copy, whose threads have the copies of their arenas. It reuses the memory of `recycled`, which must not be in use
   * elsewhere: a log may have many thousand threads, and explanations take many copies.
   */
  clone(arenaOf: (av: Arena) => Arena, recycled: ProcessThreads | null = null): ProcessThreads {
    const copy = recycled ?? new ProcessThreads();
    copy.#hasMain = this.#hasMain;
    copy.bins = this.bins.clone(recycled?.bins);
    copy.arenas = this.arenas.clone();
    const { length } = this.#threads;
    for (let index = 0; index < length; index++) {
      const thread = this.#threads[index];
      const arena = thread?.arena ?? null;
      const twin = copy.#threads[index] ?? null;
      copy.#threads[index] = thread?.clone(arena && arenaOf(arena), twin);
    }
    copy.#threads.length = length;
    return copy;
  }

  /** the main thread has called */
  get hasMain(): boolean {
    return this.#hasMain;
  }

  /** Thread `index`; null: it has not called yet, or has ended. */
  at(index: number): Thread | null {
    return this.#threads[index] ?? null;
  }

  /** Those that have called and not ended. */
  all(): Thread[] {
    return this.#threads.filter((thread) => thread !== undefined);
  }

  /** Adds thread `index`; the first one is the main thread, in arena `main`. */
  add(index: number, main: Arena): Thread {
    const thread = new Thread(index);
    if (!this.#hasMain) {
      this.#hasMain = true;
      thread.arena = main;
      main.attachedThreads = 1;
      this.arenas.add(index, main.id);
    }
    this.#threads[index] = thread;
    return thread;
  }

  /** Removes a thread that has ended: there may be thousands. */
  remove(thread: Thread): void {
    this.bins.release(thread);
    this.#threads[thread.index] = undefined;
  }
}
