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

  /** A copy, whose threads have the copies of their arenas. */
  clone(arenaOf: (av: Arena) => Arena): ProcessThreads {
    const copy = new ProcessThreads();
    copy.#hasMain = this.#hasMain;
    copy.bins = this.bins.clone();
    copy.arenas = this.arenas.clone();
    for (const thread of this.#threads) {
      copy.#threads.push(thread?.clone(thread.arena && arenaOf(thread.arena)));
    }
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
