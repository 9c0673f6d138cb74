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

/** Returns the pages if the part `share` (0..1) of all uncertain pages is resident. */
export function pagesAtShare(pages: ByPlane, share: number): number {
  const none = inPlane(pages, PLANE_NONE);
  return none + (inPlane(pages, PLANE_ALL) - none) * share;
}

function inPlane(pages: ByPlane, plane: number): number {
  return pages[bitOf(plane)]!;
}

/** A reading as plain data, for another thread. */
export type ReadingForm = "given" | "facts" | { readonly ratio: number; readonly share: number };

export function readingOf(form: ReadingForm): Reading {
  if (form === "given") {
    return new AsGiven();
  }
  return form === "facts" ? new ByFacts() : new Fitted(form.ratio, form.share);
}

/** How RSS is read from the planes. Results are in bytes, and multiples of the page size. */
export abstract class Reading {
  /** the closest plane, for lookups page by page */
  abstract readonly plane: number;
  abstract readonly form: ReadingForm;

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
  readonly form: ReadingForm = "given";

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

/** The plausible ratios lie between these: a quarter, and all, of each block above 32 KiB. */
const PLAUSIBLE_RATIOS = [0.25, 1] as const;

/**
 * The policy was not given: the facts hold, but beyond them a program may write a quarter or all of its large blocks. The
 * lowest ratio that met the RSS of a program in touch.md was 0.45.
 */
export class ByFacts extends AsGiven {
  override readonly form = "facts";

  override lowBytes(pages: ByPlane): number {
    return Math.min(
      this.bytes(pages),
      ...PLAUSIBLE_RATIOS.map((q) => pagesAtRatio(pages, q) * SMALLEST_PAGE),
    );
  }

  override highBytes(pages: ByPlane): number {
    return Math.max(
      this.bytes(pages),
      ...PLAUSIBLE_RATIOS.map((q) => pagesAtRatio(pages, q) * SMALLEST_PAGE),
    );
  }
}

/**
 * Two fits meet the measured RSS and differ under other settings: the program wrote the part `ratio` of every large
 * block, which is the prediction; or the part `share` of all uncertain pages is resident.
 */
export class Fitted extends Reading {
  readonly #ratio: number;
  readonly #share: number;

  constructor(ratio: number, share: number) {
    super();
    this.#ratio = ratio;
    this.#share = share;
  }

  get form(): ReadingForm {
    return { ratio: this.#ratio, share: this.#share };
  }

  get plane(): number {
    return ratioPlane(Math.round(this.#ratio * (RATIOS.length - 1)));
  }

  override amount(pages: ByPlane): number {
    return pagesAtRatio(pages, this.#ratio);
  }

  lowBytes(pages: ByPlane): number {
    return Math.min(this.bytes(pages), this.#byShare(pages));
  }

  highBytes(pages: ByPlane): number {
    return Math.max(this.bytes(pages), this.#byShare(pages));
  }

  #byShare(pages: ByPlane): number {
    return Math.round(pagesAtShare(pages, this.#share)) * SMALLEST_PAGE;
  }
}
