import type { Arena } from "./arena.ts";

/**
 * free_list: the arenas that new threads get (ptmalloc2.md §6.1), linked by `nextFree`, newest first. Up to 2.22 an
 * arena may be pushed while it is on the list. The list is then a ring that never becomes empty, as in glibc.
 */
export class FreeList {
  head: Arena | null = null;

  push(av: Arena): void {
    av.nextFree = this.head;
    this.head = av;
  }

  /** The listed arenas, newest first, each once. */
  arenas(): Arena[] {
    const all = new Set<Arena>();
    for (let at = this.head; at !== null && !all.has(at); at = at.nextFree) {
      all.add(at);
    }
    return [...all];
  }

  /** Takes `av` off the list, if it is on it. */
  remove(av: Arena): void {
    const before = this.#before(av);
    if (before !== null) {
      before.nextFree = av.nextFree;
    } else if (this.head === av) {
      this.head = av.nextFree;
    }
  }

  #before(av: Arena): Arena | null {
    if (this.head === av) {
      return null;
    }
    return this.arenas().find(({ nextFree }) => nextFree === av) ?? null;
  }
}
