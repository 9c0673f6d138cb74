import { SMALLEST_PAGE } from "../../ptmalloc/chunks.ts";
import {
  bitOf,
  PLANE_ALL,
  PLANE_NONE,
  PLANE_POLICY,
  RATIOS,
  ratioPlane,
} from "../../ptmalloc/resident.ts";

/** Resident memory in each plane (resident.ts) in SMALLEST_PAGEs, by number of its bit. */
export type ByPlane = ArrayLike<number>;

/** Returns the pages if the program wrote the part `ratio` (0..1) of every large block, interpolated between two planes. */
export function pagesAtRatio(pages: ByPlane, ratio: number): number {
  const above = Math.max(
    1,
    RATIOS.findIndex((one) => one >= ratio),
  );
  const [from, to] = [RATIOS[above - 1]!, RATIOS[above]!];
  const [low, high] = [inPlane(pages, ratioPlane(above - 1)), inPlane(pages, ratioPlane(above))];
  return low + ((high - low) * (ratio - from)) / (to - from);
}

/**
 * The planes of the family that is fitted to a measured RSS, from nothing written to all, by number of their bits: of
 * smaller blocks all from the second plane on, then the ratios of large blocks, and in the last what the facts leave out.
 */
const FAMILY = [PLANE_NONE, ...RATIOS.map((_, i) => ratioPlane(i)), PLANE_ALL].map(bitOf);
const STEPS = FAMILY.length - 1;

/** The part of the family at which the program wrote all but what the facts leave out: the ratio is 1. */
export const PART_BY_FACTS = (STEPS - 1) / STEPS;

/** Returns the pages at `part` (0..1) of the family, interpolated between two planes; they grow with it. */
export function pagesAtPart(pages: ByPlane, part: number): number {
  const step = Math.min(Math.floor(part * STEPS), STEPS - 1);
  const [low, high] = [pages[FAMILY[step]!]!, pages[FAMILY[step + 1]!]!];
  return low + (high - low) * (part * STEPS - step);
}

/** What the program wrote at a part of the family; each 0..1. */
export interface Written {
  /** of each large block, from its start */
  readonly ratio: number;
  /** of the pages that writes to smaller blocks alone make resident; 1 unless the ratio is 0 */
  readonly smallRatio: number;
  /** of the pages that the facts leave out; 0 unless the ratio is 1 */
  readonly knownRatio: number;
}

export function writtenAtPart(part: number): Written {
  const at = part * STEPS;
  return {
    ratio: clamped((at - 1) / (STEPS - 2)),
    smallRatio: clamped(at),
    knownRatio: clamped(at - (STEPS - 1)),
  };
}

/** Returns the part of the family at a ratio. */
export function partAtRatio(ratio: number): number {
  return (1 + ratio * (STEPS - 2)) / STEPS;
}

function clamped(part: number): number {
  return Math.min(1, Math.max(0, part));
}

/** Returns the pages if the part `share` (0..1) of all uncertain pages is resident. */
export function pagesAtShare(pages: ByPlane, share: number): number {
  const none = inPlane(pages, PLANE_NONE);
  return none + (inPlane(pages, PLANE_ALL) - none) * share;
}

function inPlane(pages: ByPlane, plane: number): number {
  return pages[bitOf(plane)]!;
}

/** A reading as plain data, for another thread. */
export type ReadingForm =
  | "given"
  | { readonly lowestRatio: number }
  | {
      readonly part: number;
      readonly share: number | null;
      readonly measured: readonly Bounded[];
    };

/** A measured RSS, and that of the recorded run at the same place if the program wrote nothing, or everything; in bytes. */
export interface Bounded {
  readonly measuredBytes: number;
  readonly noneBytes: number;
  readonly allBytes: number;
}

export function readingOf(form: ReadingForm): Reading {
  if (form === "given") {
    return new AsGiven();
  }
  return "lowestRatio" in form
    ? new ByFacts(form.lowestRatio)
    : new Fitted(form.part, form.share, form.measured);
}

/** How RSS is read from the planes. Results are in bytes, and multiples of the page size. */
export abstract class Reading {
  /** the closest plane, for lookups page by page */
  abstract readonly plane: number;
  abstract readonly form: ReadingForm;
  /** false: the prediction lies between two planes, whose peaks may be at different events */
  readonly isOfOnePlane: boolean = true;
  /** the ratio at the lower end of the range; null if the range has none */
  readonly lowestRatio: number | null = null;

  /** Returns the prediction in SMALLEST_PAGEs, not rounded; for other units of `pages`, in those. */
  abstract amount(pages: ByPlane): number;

  /** Returns the prediction. */
  bytes(pages: ByPlane): number {
    return Math.round(this.amount(pages)) * SMALLEST_PAGE;
  }

  /** Returns the lowest RSS that an equally plausible policy predicts. */
  abstract lowBytes(pages: ByPlane): number;

  /** Returns the highest RSS that an equally plausible policy predicts. */
  abstract highBytes(pages: ByPlane): number;

  /** Returns the RSS if the program wrote nothing of its blocks. */
  noneBytes(pages: ByPlane): number {
    return inPlane(pages, PLANE_NONE) * SMALLEST_PAGE;
  }

  /** Returns the RSS if the program wrote every byte of its blocks. */
  allBytes(pages: ByPlane): number {
    return inPlane(pages, PLANE_ALL) * SMALLEST_PAGE;
  }
}

/** The policy was given: no range. */
export class AsGiven extends Reading {
  readonly plane: number = PLANE_POLICY;

  get form(): ReadingForm {
    return "given";
  }

  amount(pages: ByPlane): number {
    return inPlane(pages, PLANE_POLICY);
  }

  lowBytes(pages: ByPlane): number {
    return this.bytes(pages);
  }

  highBytes(pages: ByPlane): number {
    return this.bytes(pages);
  }
}

/**
 * The policy was not given: the facts hold, but beyond them a program may write any part of its blocks from the lowest
 * plausible ratio (lowest-ratio.ts) to all.
 */
export class ByFacts extends AsGiven {
  override readonly lowestRatio: number;

  constructor(lowestRatio: number) {
    super();
    this.lowestRatio = lowestRatio;
  }

  override get form(): ReadingForm {
    return { lowestRatio: this.lowestRatio };
  }

  override lowBytes(pages: ByPlane): number {
    return Math.min(this.bytes(pages), pagesAtRatio(pages, this.lowestRatio) * SMALLEST_PAGE);
  }

  override highBytes(pages: ByPlane): number {
    return Math.max(this.bytes(pages), pagesAtRatio(pages, 1) * SMALLEST_PAGE);
  }
}

/**
 * Two fits meet the measured RSS and differ under other settings: `part` of the family, which is the prediction; or the
 * part `share` of all uncertain pages is resident; null where that would contradict the log. And what was not written when
 * RSS was measured, or was, may be any of the pages that are uncertain at another moment: the measurement at the most
 * similar size bounds both.
 */
export class Fitted extends Reading {
  override readonly isOfOnePlane = false;
  readonly #part: number;
  readonly #share: number | null;
  readonly #measured: readonly Bounded[];

  /** `measured`: none where the log states what was written */
  constructor(part: number, share: number | null, measured: readonly Bounded[]) {
    super();
    this.#part = part;
    this.#share = share;
    this.#measured = measured;
  }

  override get form(): ReadingForm {
    return { part: this.#part, share: this.#share, measured: this.#measured };
  }

  get plane(): number {
    return 1 << FAMILY[Math.round(this.#part * STEPS)]!;
  }

  override amount(pages: ByPlane): number {
    return pagesAtPart(pages, this.#part);
  }

  lowBytes(pages: ByPlane): number {
    return Math.min(this.bytes(pages), this.#byShare(pages), this.#bounds(pages)[0]);
  }

  highBytes(pages: ByPlane): number {
    return Math.max(this.bytes(pages), this.#byShare(pages), this.#bounds(pages)[1]);
  }

  /**
   * Returns the RSS if all that was not written when RSS was measured is among these pages, and if all that was written is. Of
   * uncertain pages beyond those of that time nothing is known.
   */
  #bounds(pages: ByPlane): [low: number, high: number] {
    const [none, all] = [this.noneBytes(pages), this.allBytes(pages)];
    const [first, ...others] = this.#measured;
    if (first === undefined) {
      return [all, none];
    }
    const distance = (one: Bounded): number => Math.abs(one.allBytes - all);
    const { measuredBytes, noneBytes, allBytes } = others.reduce(
      (best, one) => (distance(one) < distance(best) ? one : best),
      first,
    );
    const unknown = Math.max(0, all - none - (allBytes - noneBytes));
    const within = (bytes: number): number =>
      Math.min(all, Math.max(none, SMALLEST_PAGE * Math.round(bytes / SMALLEST_PAGE)));
    return [
      within(all - Math.max(0, allBytes - measuredBytes) - unknown),
      within(none + Math.max(0, measuredBytes - noneBytes) + unknown),
    ];
  }

  #byShare(pages: ByPlane): number {
    if (this.#share === null) {
      return this.bytes(pages);
    }
    return Math.round(pagesAtShare(pages, this.#share)) * SMALLEST_PAGE;
  }
}
