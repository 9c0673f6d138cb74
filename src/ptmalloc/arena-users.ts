/** Entry of a thread that has not been attached to an arena. */
const NONE = -1;
/** Above all ids of arenas: a pair of a thread and an arena is one number. */
const ARENAS = 2 ** 20;

/**
 * Which threads have ever been attached to which arenas. A log may have many thousand threads, most of which use one arena:
 * a thread takes 4 bytes, and a set entry for each further arena.
 */
export class ArenaUsers {
  /** id of the arena that each thread was attached to first, by dense index */
  #first = new Int32Array(16).fill(NONE);
  /** the further ones: thread × ARENAS + id */
  readonly #further = new Set<number>();

  clone(): ArenaUsers {
    const copy = new ArenaUsers();
    copy.#first = this.#first.slice();
    for (const pair of this.#further) {
      copy.#further.add(pair);
    }
    return copy;
  }

  /** Thread `thread` (dense index) is attached to arena `id`. */
  add(thread: number, id: number): void {
    if (thread >= this.#first.length) {
      const grown = new Int32Array(Math.max(thread + 1, this.#first.length * 2)).fill(NONE);
      grown.set(this.#first);
      this.#first = grown;
    }
    const first = this.#first[thread]!;
    if (first === NONE) {
      this.#first[thread] = id;
    } else if (first !== id) {
      this.#further.add(thread * ARENAS + id);
    }
  }

  /** Returns a function that gives the ids of the arenas of a thread, as it is now, in ascending order. */
  byThread(): (thread: number) => number[] {
    const first = this.#first.slice();
    const further = new Map<number, number[]>();
    for (const pair of this.#further) {
      const thread = Math.floor(pair / ARENAS);
      further.set(thread, [...(further.get(thread) ?? []), pair % ARENAS]);
    }
    return (thread) => {
      const id = first[thread] ?? NONE;
      return id === NONE ? [] : [id, ...(further.get(thread) ?? [])].sort((a, b) => a - b);
    };
  }

  /** Calls `visit` for every thread and each arena that it has been attached to. */
  each(visit: (thread: number, id: number) => void): void {
    for (const [thread, id] of this.#first.entries()) {
      if (id !== NONE) {
        visit(thread, id);
      }
    }
    for (const pair of this.#further) {
      visit(Math.floor(pair / ARENAS), pair % ARENAS);
    }
  }
}
