import { CUT_MODULUS, isAmongMappings } from "../trace/signs/address-space.ts";

/** Heaps of arenas begin at its multiples; mappings and the break at those of any smaller page. */
const STEP = 64 * 2 ** 20;

/** Where the meaning of an address changes for the model: the ends of address spaces, and of their eighths for mappings. */
const BOUNDS: readonly number[] = [
  0,
  CUT_MODULUS,
  0.875 * 2 ** 39,
  2 ** 39,
  0.875 * 2 ** 42,
  2 ** 42,
  2 ** 43,
  0.875 * 2 ** 47,
  2 ** 47,
  0.875 * 2 ** 48,
  2 ** 48,
  2 ** 64 + STEP,
];

/** A stretch of addresses that the model takes alike. Its addresses move by one distance, around its end. */
interface Area {
  readonly from: number;
  readonly span: number;
  /** multiple of `STEP`; NaN: no address in it has been moved yet */
  shift: number;
}

/**
 * Gives addresses other places: those of an area keep their order, their distances and their offsets in 64 MiB, so that
 * blocks stay in the same heap at the same offset. The first address of an area decides the distance: the break grows
 * upwards from it, and mappings are placed downwards.
 */
export class MovedAddresses {
  readonly #areas: readonly Area[] = BOUNDS.slice(1).map((to, n) => {
    const from = BOUNDS[n]!;
    return { from, span: to - from, shift: Number.NaN };
  });
  #latest = this.#areas[0]!;
  /** an address of 2^32 or more was moved: none is cut */
  #areWhole = false;
  /** what is moved beyond 2^32 begins at 0 again, as cut addresses do; null: none was so far */
  #areCut: boolean | null = null;

  /** 0 stays 0. */
  of(address: number): number {
    if (address === 0) {
      return 0;
    }
    this.#areWhole ||= address >= CUT_MODULUS;
    const area = this.#areaOf(address);
    if (Number.isNaN(area.shift)) {
      area.shift = this.#shiftFor(area, address);
    }
    const moved = address - area.from + area.shift;
    if (area.from === 0 && moved >= CUT_MODULUS) {
      this.#areCut ??= !this.#areWhole;
      if (!this.#areCut) {
        // The break of a program without address randomization may grow beyond 2^32.
        return moved;
      }
    }
    return area.from + (((moved % area.span) + area.span) % area.span);
  }

  #areaOf(address: number): Area {
    const { from, span } = this.#latest;
    if (address < from || address >= from + span) {
      const { length } = BOUNDS;
      const found = BOUNDS.findLastIndex((bound) => address >= bound);
      this.#latest = this.#areas[Math.min(found, length - 2)]!;
    }
    return this.#latest;
  }

  #shiftFor({ from, span }: Area, address: number): number {
    const low = this.#areas[0]!;
    if (from === CUT_MODULUS && low.shift > 0 && !this.#areCut) {
      return low.shift;
    }
    const place = from + span * (isAmongMappings(from) ? 0.75 : 0.25);
    const shift = inSteps(place) - inSteps(address);
    // Farther than the memory of a process reaches: no address becomes another one of the log.
    return Math.abs(shift) >= span / 8 ? shift : inSteps(from + span * 0.5) - inSteps(address);
  }
}

function inSteps(address: number): number {
  return address - (address % STEP);
}
