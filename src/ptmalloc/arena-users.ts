import { MODEL } from "./core-layout.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/** Which threads have ever been attached to which arenas, as the core keeps it (core/arena-users.ts). */
export class ArenaUsers {
  readonly #m: Ptmalloc;

  constructor(m: Ptmalloc) {
    this.#m = m;
  }

  /** Returns the ids of the arenas that thread `thread` (dense index) has been attached to, in ascending order. */
  of(thread: number): number[] {
    return this.#idsOf(thread).sort((a, b) => a - b);
  }

  /** Calls `visit` for every thread and each arena that it has been attached to, the latest first. */
  each(visit: (thread: number, id: number) => void): void {
    const count = this.#m.core.attached.i32[MODEL.userCount]!;
    for (let thread = 0; thread < count; thread++) {
      for (const id of this.#idsOf(thread)) {
        visit(thread, id);
      }
    }
  }

  /** Of each thread, the ids that `of` returns: they do not change with the process. */
  byThread(): (thread: number) => number[] {
    const count = this.#m.core.attached.i32[MODEL.userCount]!;
    const ids = Array.from({ length: count }, (_, thread) => this.of(thread));
    return (thread) => ids[thread] ?? [];
  }

  #idsOf(thread: number): number[] {
    const { i32 } = this.#m.core.attached;
    const ids: number[] = [];
    let word = thread < i32[MODEL.userCount]! ? i32[(i32[MODEL.users]! >>> 2) + thread]! >>> 0 : 0;
    // An even word is the address of an arena's id and the word before.
    while (word !== 0 && word % 2 === 0) {
      ids.push(i32[word / 4]!);
      word = i32[word / 4 + 1]! >>> 0;
    }
    return word === 0 ? ids : [...ids, word >>> 1];
  }
}
