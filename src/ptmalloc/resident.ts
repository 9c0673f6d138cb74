import { MODEL } from "./core-layout.ts";
import type { Core } from "./core-module.ts";
import type { Heap } from "./heap.ts";
import { hugePageBytes } from "./machine.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/**
 * Resident pages (ptmalloc2.md §9). A page is resident from its first write until the kernel takes it back.
 *
 * The allocator's writes are known exactly; the program's writes to its blocks are not in a log. So each page has eight
 * planes, one bit each: resident under the touch policy, if the program wrote nothing, if it wrote every byte, and if
 * it wrote the same ratio of every large block, for five ratios. One replay thus gives the prediction, its range, and
 * the values to compare a measured RSS with. A byte per page is 0.02 % of the modelled memory.
 * core/resident.ts has the rules.
 */
export const PLANE_POLICY = 1;
export const PLANE_NONE = 2;
export const PLANE_ALL = 4;
/** The ratios of large blocks that have a plane; ascending from 0 to 1. Smaller blocks are written whole in all of them. */
export const RATIOS = [0, 0.25, 0.5, 0.75, 1] as const;
const FIRST_RATIO_BIT = 3;
export const PLANES = FIRST_RATIO_BIT + RATIOS.length;
/** the planes of the allocator's own writes */
export const EVERY_PLANE = 2 ** PLANES - 1;
export const RATIO_PLANES = EVERY_PLANE & ~(PLANE_POLICY | PLANE_NONE | PLANE_ALL);
/** the planes to which writes in the log apply; PLANE_NONE and PLANE_ALL stay bounds */
export const LOGGED_PLANES = PLANE_POLICY | RATIO_PLANES;

/** The plane for RATIOS[i]. */
export function ratioPlane(i: number): number {
  return 1 << (FIRST_RATIO_BIT + i);
}

/** The resident pages of all heaps and mappings, in each plane. */
export class Resident {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** by bit number of the plane, in SMALLEST_PAGEs; a view, as is `returned`: it changes with the process */
  get pages(): Float64Array {
    return this.#core.attached.residentPages;
  }

  /**
   * likewise, what was resident and was returned to the kernel; with `pages` the pages that became resident, again after they
   * were returned
   */
  get returned(): Float64Array {
    return this.#core.attached.returnedPages;
  }

  /** set by every change of `pages`; cleared by the reader */
  get changed(): boolean {
    return this.#core.attached.u8[MODEL.residentChanged] !== 0;
  }

  set changed(is: boolean) {
    this.#core.attached.u8[MODEL.residentChanged] = is ? 1 : 0;
  }

  /** SMALLEST_PAGEs under the touch policy */
  get policyPages(): number {
    return this.pagesIn(PLANE_POLICY);
  }

  /** SMALLEST_PAGEs in `plane` */
  pagesIn(plane: number): number {
    return this.pages[bitOf(plane)]!;
  }

  /** Adds `pages` of the kernel, which may be negative, to each of `planes`. */
  add(planes: number, pages: number): void {
    this.#core.calls.addResident(planes, pages);
  }
}

/** Sums up what was counted by planes, 0 to EVERY_PLANE: for each plane, by number of its bit. */
export function sumsByBit(byPlanes: Float64Array): Float64Array {
  const sums = new Float64Array(PLANES);
  for (let planes = 1; planes <= EVERY_PLANE; planes++) {
    for (let bit = 0; byPlanes[planes]! > 0 && bit < PLANES; bit++) {
      sums[bit]! += (planes >> bit) & 1 ? byPlanes[planes]! : 0;
    }
  }
  return sums;
}

/** The bit number of a plane. */
export function bitOf(plane: number): number {
  return 31 - Math.clz32(plane);
}

/** Pages in a transparent huge page: 512 where a page has 4096 bytes. */
export function hugePagePages(m: Ptmalloc): number {
  return hugePageBytes(m.pageBytes) / m.pageBytes;
}

/** The first page of the huge page that holds `page`; negative where that one begins below the heap. */
export function firstOfHugePage(m: Ptmalloc, heap: Heap, page: number): number {
  return page - (((heap.start >> m.pageShift) + page) % hugePagePages(m));
}
