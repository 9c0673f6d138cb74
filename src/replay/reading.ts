import { PAGE } from "../ptmalloc/chunks.ts";
import {
  bitOf,
  PLANE_ALL,
  PLANE_NONE,
  PLANE_POLICY,
  RATIOS,
  ratioPlane,
} from "../ptmalloc/resident.ts";

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

export function inPlane(pages: ByPlane, plane: number): number {
  return pages[bitOf(plane)]!;
}

/** How the planes are read. What a policy makes of them is in whole pages, in bytes. */
export abstract class Reading {
  /** the plane that comes nearest, for what is looked up page by page */
  abstract readonly plane: number;

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
  readonly plane = PLANE_POLICY;

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

/** The least part of its large blocks that a program is likely to write. */
const LEAST_RATIO = 0.25;

/** The policy was not given: by the facts, and as well by any ratio that is sensible. */
export class ByFacts extends AsGiven {
  override lowBytes(pages: ByPlane): number {
    return Math.min(this.bytes(pages), pagesAtRatio(pages, LEAST_RATIO) * PAGE);
  }

  override highBytes(pages: ByPlane): number {
    return this.allBytes(pages);
  }
}

/** The ratio was fitted to a measured RSS. */
export class Fitted extends Reading {
  readonly #ratio: number;

  constructor(ratio: number) {
    super();
    this.#ratio = ratio;
  }

  get plane(): number {
    return ratioPlane(Math.round(this.#ratio * (RATIOS.length - 1)));
  }

  bytes(pages: ByPlane): number {
    return Math.round(pagesAtRatio(pages, this.#ratio)) * PAGE;
  }

  lowBytes(pages: ByPlane): number {
    return this.bytes(pages);
  }

  highBytes(pages: ByPlane): number {
    return this.bytes(pages);
  }
}
