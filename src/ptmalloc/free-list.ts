import type { Arena } from "./arena.ts";

/**
 * The arenas that wait for a new thread (ptmalloc2.md §6.1), a chain through the arenas themselves, the newest first. Up
 * to 2.22 an arena may be pushed while it is on the list: the chain is then a ring, of which new threads are given the
 * arenas for ever, as in glibc.
 */
export class FreeList {
  head: Arena | null = null;

  push(av: Arena): void {
    av.nextFree = this.head;
    this.head = av;
  }

  /** Its arenas, the newest first; each once. */
  arenas(): Arena[] {
    const all = new Set<Arena>();
    for (let at = this.head; at !== null && !all.has(at); at = at.nextFree) {
      all.add(at);
    }
    return [...all];
  }

  /** Takes `av` off, wherever it stands; nothing if it is not on the list. */
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
