/** The place of the latest step that concerns each thread, or each block, by a dense number. */
export class LastPlaces {
  #places = new Float64Array(1024);

  /** 0: no step has concerned it. */
  of(id: number): number {
    return id < this.#places.length ? this.#places[id]! : 0;
  }

  set(id: number, place: number): void {
    if (id >= this.#places.length) {
      const grown = new Float64Array(2 * id);
      grown.set(this.#places);
      this.#places = grown;
    }
    this.#places[id] = place;
  }
}
