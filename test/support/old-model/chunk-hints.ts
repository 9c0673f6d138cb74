/** Pages on both sides within which a record that was found comes before the list. */
const NEAR = 4;
/** Neighbours in the list that are tried where a record has gone. */
const TRIED = 8;
/** No heap has more pages: 32 GiB (chunks.ts). */
const MAX_AWAY = 2 ** 23;

/**
 * Records of a heap by the page in which they lie, to start a search from (find-chunk.ts): those that searches have found,
 * and the list of all at some time. Nothing keeps them up to date, so that each is checked before use.
 */
export class ChunkHints {
  readonly #found = new Map<number, number>();
  /** the list: pages, ascending, and a record in each */
  #pages: readonly number[] = [];
  #records: readonly number[] = [];

  /** Record `c` lies in the page. */
  add(page: number, c: number): void {
    this.#found.set(page, c);
  }

  /** Replaces all; `pages` ascend, and `records` has a record for each. */
  list(pages: readonly number[], records: readonly number[]): void {
    this.#found.clear();
    this.#pages = pages;
    this.#records = records;
  }

  /** A record near the page that `isUsable`; 0 if there is none. */
  near(page: number, isUsable: (c: number) => boolean): number {
    return (
      this.#foundNear(page, 0, NEAR, isUsable) ||
      this.#listedNear(page, isUsable) ||
      this.#foundNear(page, NEAR, MAX_AWAY, isUsable)
    );
  }

  /** Searches what searches have found, at growing distance from `from` up to `end` pages. */
  #foundNear(page: number, from: number, end: number, isUsable: (c: number) => boolean): number {
    for (let away = from; away < end; away += Math.max(1, away >> 2)) {
      const below = this.#found.get(page - away) ?? 0;
      if (below !== 0 && isUsable(below)) {
        return below;
      }
      const above = this.#found.get(page + away) ?? 0;
      if (above !== 0 && isUsable(above)) {
        return above;
      }
    }
    return 0;
  }

  /** Searches the list: a few records on both sides, as some may have gone. */
  #listedNear(page: number, isUsable: (c: number) => boolean): number {
    const above = this.#pages.length === 0 ? 0 : this.#firstAbove(page);
    for (let at = above - 1; at >= 0 && at >= above - TRIED; at--) {
      if (isUsable(this.#records[at]!)) {
        return this.#records[at]!;
      }
    }
    for (let at = above; at < this.#pages.length && at < above + TRIED; at++) {
      if (isUsable(this.#records[at]!)) {
        return this.#records[at]!;
      }
    }
    return 0;
  }

  /** Index of the first page in the list above `page`. */
  #firstAbove(page: number): number {
    let from = 0;
    let to = this.#pages.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#pages[middle]! > page) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return from;
  }
}
