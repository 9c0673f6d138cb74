/**
 * Names of blocks in another order of the log's calls. The log gives an id again as soon as its block is freed; in another order
 * that free may come later than the allocation that has the id next, so each block there has a name of its own while it lives.
 */
export class BlockNames {
  /** by id: 1 + the name of the latest block with that id; 0: the id itself, as the block is older than the order */
  #names = new Int32Array(1024);
  #next: number;
  readonly #unused: number[] = [];

  /** Blocks that live when the order begins have ids below `ids`. */
  constructor(ids: number) {
    this.#next = ids;
  }

  /** Returns the name of the live block that the log calls `id`. */
  of(id: number): number {
    const name = id < this.#names.length ? this.#names[id]! - 1 : -1;
    return name < 0 ? id : name;
  }

  /** Returns the name of a new block that the log calls `id`. */
  give(id: number): number {
    if (id >= this.#names.length) {
      const grown = new Int32Array(2 * id);
      grown.set(this.#names);
      this.#names = grown;
    }
    const name = this.#unused.pop() ?? this.#next++;
    this.#names[id] = name + 1;
    return name;
  }

  /** The block is freed: a later one may have its name. */
  release(name: number): void {
    this.#unused.push(name);
  }
}
