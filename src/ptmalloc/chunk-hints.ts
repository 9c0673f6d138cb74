/** Neighbours in the list tried where a record has gone. */
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
    const here = this.#found.get(page) ?? 0;
    if (here !== 0 && isUsable(here)) {
      return here;
    }
    const above = this.#firstAbove(page);
    for (let away = 0; away < TRIED; away++) {
      for (const c of [this.#records[above - 1 - away] ?? 0, this.#records[above + away] ?? 0]) {
        if (c !== 0 && isUsable(c)) {
          return c;
        }
      }
    }
    for (let away = 1; away < MAX_AWAY; away += Math.max(1, away >> 2)) {
      for (const at of [page - away, page + away]) {
        const c = this.#found.get(at) ?? 0;
        if (c !== 0 && isUsable(c)) {
          return c;
        }
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
