import { PAGE } from "../../ptmalloc/chunks.ts";
import {
  bitOf,
  PLANE_ALL,
  PLANE_NONE,
  PLANE_POLICY,
  RATIOS,
  ratioPlane,
} from "../../ptmalloc/resident.ts";

/** A number of pages in each plane (resident.ts), by number of its bit. */
export type ByPlane = ArrayLike<number>;

/** Pages if the program wrote the part `ratio` (0..1) of every large block: between those of the planes beside it. */
export function pagesAtRatio(pages: ByPlane, ratio: number): number {
  const above = Math.max(
    1,
    RATIOS.findIndex((one) => one >= ratio),
  );
  const [from, to] = [RATIOS[above - 1]!, RATIOS[above]!];
  const [low, high] = [inPlane(pages, ratioPlane(above - 1)), inPlane(pages, ratioPlane(above))];
  return low + ((high - low) * (ratio - from)) / (to - from);
}

/** Pages if the same part `share` (0..1) is resident of all that the program may have written or not. */
export function pagesAtShare(pages: ByPlane, share: number): number {
  const none = inPlane(pages, PLANE_NONE);
  return none + (inPlane(pages, PLANE_ALL) - none) * share;
}

export function inPlane(pages: ByPlane, plane: number): number {
  return pages[bitOf(plane)]!;
}

/** A reading as plain data. */
export type ReadingForm = "given" | "facts" | { readonly ratio: number; readonly share: number };

export function readingOf(form: ReadingForm): Reading {
  if (form === "given") {
    return new AsGiven();
  }
  return form === "facts" ? new ByFacts() : new Fitted(form.ratio, form.share);
}

/** How the planes are read. What a policy makes of them is in whole pages, in bytes. */
export abstract class Reading {
  /** the plane that comes nearest, for what is looked up page by page */
  abstract readonly plane: number;
  abstract readonly form: ReadingForm;

  /** the prediction */
  abstract bytes(pages: ByPlane): number;

  /** the least that policies predict which are as sensible */
  abstract lowBytes(pages: ByPlane): number;

  /** the most that policies predict which are as sensible */
  abstract highBytes(pages: ByPlane): number;

  /** if the program wrote nothing of its blocks */
  noneBytes(pages: ByPlane): number {
    return inPlane(pages, PLANE_NONE) * PAGE;
  }

  /** if the program wrote every byte of its blocks */
  allBytes(pages: ByPlane): number {
    return inPlane(pages, PLANE_ALL) * PAGE;
  }
}

/** The policy was given: nothing is open. */
export class AsGiven extends Reading {
  readonly plane: number = PLANE_POLICY;
  readonly form: ReadingForm = "given";

  bytes(pages: ByPlane): number {
    return inPlane(pages, PLANE_POLICY) * PAGE;
  }

  lowBytes(pages: ByPlane): number {
    return this.bytes(pages);
  }

  highBytes(pages: ByPlane): number {
    return this.bytes(pages);
  }
}

/** The ratio planes that bound what is sensible: each block above 32 KiB written to a quarter, and whole. */
const SENSIBLE = [0.25, 1] as const;

/**
 * The policy was not given: it is the facts, but what a program writes of its large blocks beyond them may be a quarter
 * or all as well. The least that any of touch.md's programs had to have written to meet its RSS was 0.45.
 */
export class ByFacts extends AsGiven {
  override readonly form = "facts";

  override lowBytes(pages: ByPlane): number {
    return Math.min(this.bytes(pages), ...SENSIBLE.map((q) => pagesAtRatio(pages, q) * PAGE));
  }

  override highBytes(pages: ByPlane): number {
    return Math.max(this.bytes(pages), ...SENSIBLE.map((q) => pagesAtRatio(pages, q) * PAGE));
  }
}

/**
 * A measured RSS was met in two ways, which differ under other settings: the program wrote the same part `ratio` of
 * every large block, which is the prediction, or the part `share` of all pages that are not certain is resident.
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

  bytes(pages: ByPlane): number {
    return Math.round(pagesAtRatio(pages, this.#ratio)) * PAGE;
  }

  lowBytes(pages: ByPlane): number {
    return Math.min(this.bytes(pages), this.#byShare(pages));
  }

  highBytes(pages: ByPlane): number {
    return Math.max(this.bytes(pages), this.#byShare(pages));
  }

  #byShare(pages: ByPlane): number {
    return Math.round(pagesAtShare(pages, this.#share)) * PAGE;
  }
}
