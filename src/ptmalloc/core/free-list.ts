import { Arena } from "./arena";
import { m } from "./model";

/**
 * free_list: the arenas that new threads get (ptmalloc2.md §6.1), linked by `nextFree`, newest first. Up to 2.22 an
 * arena may be pushed while it is on the list. The list is then a ring that never becomes empty, as in glibc. So a walk marks
 * the arenas that it has met: `begin…`, then `nextListed` until it returns null.
 */
export function pushFree(av: Arena): void {
  av.nextFree = m.freeArena;
  m.freeArena = av;
}

/** Begins a walk along the list, each arena once. Returns the first; null: the list is empty. */
export function firstListed(): Arena | null {
  m.listMark++;
  return mark(m.freeArena);
}

/** The next arena of the walk; null: there is none. */
export function nextListed(av: Arena): Arena | null {
  return mark(av.nextFree);
}

function mark(av: Arena | null): Arena | null {
  if (av === null || av.listMark === m.listMark) {
    return null;
  }
  av.listMark = m.listMark;
  return av;
}

export function isListed(av: Arena): bool {
  let at = firstListed();
  while (at !== null && at !== av) {
    at = nextListed(at);
  }
  return at !== null;
}

/** Takes `av` off the list, if it is on it. */
export function removeFree(av: Arena): void {
  if (m.freeArena === av) {
    m.freeArena = av.nextFree;
    return;
  }
  let at = firstListed();
  while (at !== null) {
    if (at.nextFree === av) {
      at.nextFree = av.nextFree;
      return;
    }
    at = nextListed(at);
  }
}
