import type { CleanUp, TrailingFrees } from "./trailing-frees.ts";

/** Groups of call sites kept. A process has one: that of its C library. */
const MAX_GROUPS = 16;

/** A thread whose id speaks again after a clean-up. */
export interface RecycledId {
  /** dense index */
  readonly thread: number;
  /** the clean-up is all that the id had logged until then: it was another thread's */
  readonly isFirst: boolean;
  readonly cleanUp: CleanUp;
}

/**
 * Finds exits of threads whose ids speak again, soon after: as those of new threads. Only the call sites of the C
 * library's clean-up (ptmalloc2.md §6.4) tell these exits from calls of free(NULL) in the middle of a thread's life. The
 * exits of threads that fell silent, or that pointers showed, have shown these sites.
 */
export class RecycledIds {
  /** call sites of the clean-up, latest first */
  readonly #groups: (readonly number[])[] = [];
  /** possible clean-ups in the current batch */
  readonly #found: RecycledId[] = [];
  /** those of the last batch whose call sites are not known */
  #open: readonly RecycledId[] = [];

  /** A thread that freed at these call sites, latest first, has fallen silent. */
  learn(sites: readonly number[]): void {
    if (!this.#knows(sites) && this.#groups.length < MAX_GROUPS) {
      this.#groups.push([...sites]);
    }
  }

  /** Returns the clean-up among these frees whose call sites are known; null if there is none. */
  known(trailing: TrailingFrees): CleanUp | null {
    for (const sites of this.#groups) {
      const cleanUp = trailing.cleanUpAt(sites);
      if (cleanUp !== null) {
        return cleanUp;
      }
    }
    return null;
  }

  /** The thread's id speaks again after its latest frees, which look like a clean-up if `mayBe`. */
  resume(id: Omit<RecycledId, "cleanUp">, trailing: TrailingFrees, mayBe: boolean): void {
    const cleanUp = this.known(trailing) ?? (mayBe ? trailing.cleanUp() : null);
    if (cleanUp !== null) {
      this.#found.push({ ...id, cleanUp });
    }
  }

  /** Returns the exits of the current batch, which ends. */
  take(): RecycledId[] {
    const found = this.#found.splice(0);
    this.#open = found.filter(({ cleanUp }) => !this.#knows(cleanUp.sites));
    return found.filter(({ cleanUp }) => this.#knows(cleanUp.sites));
  }

  /**
   * Returns the possible clean-up of the last batch that ends where a thread exited, before event `before`: that of an id
   * that spoke again, or `latest`, the frees that the thread has made last. Null if there is none.
   */
  shownBefore(before: number, latest: CleanUp | null): CleanUp | null {
    const all = this.#open.map(({ cleanUp }) => cleanUp);
    const isNear = (one: CleanUp | null) =>
      one !== null && Math.abs(before - 1 - one.last) <= one.nulls;
    return [...all, latest].find(isNear) ?? null;
  }

  hasSite(site: number): boolean {
    return this.#groups.some((sites) => sites.includes(site));
  }

  #knows(sites: readonly number[]): boolean {
    return this.#groups.some((known) => known.every((site, n) => site === sites[n]));
  }
}
