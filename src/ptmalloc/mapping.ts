import { MAPPING } from "./core-layout.ts";
import type { Core } from "./core-module.ts";
import { bitOf } from "./resident.ts";

/** The mapping of a mapped chunk (IS_MMAPPED, ptmalloc2.md §3.8), as the core keeps it (core/mapping.ts). */
export class Mapping {
  readonly #core: Core;
  readonly #address: number;

  constructor(core: Core, address: number) {
    this.#core = core;
    this.#address = address;
  }

  /** whole pages, in bytes */
  get totalBytes(): number {
    return this.#core.attached.f64[this.#address / 8 + MAPPING.totalBytes]!;
  }

  /** granules from the start of the mapping to the chunk */
  get offset(): number {
    return this.#core.attached.i32[this.#address / 4 + MAPPING.offset]!;
  }

  /** Resident pages in a plane. */
  pages(plane: number): number {
    return this.#core.calls.pagesOfMapping(this.#address, bitOf(plane));
  }
}
