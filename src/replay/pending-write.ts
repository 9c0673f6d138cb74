import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { PLANE_ALL, PLANE_POLICY, RATIO_PLANES, RATIOS, ratioPlane } from "../ptmalloc/resident.ts";
import type { TouchBatch } from "./writes/touch.ts";

/** What the program writes between the last call and the next, of the block it was given. */
export class PendingWrite {
  /** the block's chunk; 0 when nothing is to be written */
  chunk = 0;
  #whole = false;
  // These begin as doubles, which they soon are: V8 would compile anew all that knows them.
  #from = Number.NaN;
  #to = Number.NaN;
  #allFrom = Number.NaN;
  #allTo = Number.NaN;
  #ratioFrom = Number.NaN;
  #full = Number.NaN;
  #large = Number.NaN;

  copy(other: PendingWrite): void {
    this.chunk = other.chunk;
    this.#whole = other.#whole;
    this.#from = other.#from;
    this.#to = other.#to;
    this.#allFrom = other.#allFrom;
    this.#allTo = other.#allTo;
    this.#ratioFrom = other.#ratioFrom;
    this.#full = other.#full;
    this.#large = other.#large;
  }

  /** Chunk `c` holds a block of `size` bytes, of which the first `oldSize` are as they were, since event `i`. */
  expect(c: number, oldSize: number, size: number, touch: TouchBatch, i: number): void {
    this.chunk = c;
    this.#allFrom = oldSize;
    this.#allTo = size;
    this.#whole = touch.whole[i] === 1;
    if (this.#whole) {
      return;
    }
    this.#from = touch.from[i]!;
    this.#to = touch.to[i]!;
    this.#ratioFrom = touch.ratioFrom[i]!;
    this.#full = touch.full[i]!;
    this.#large = touch.large[i]!;
  }

  /** The program writes it. */
  settle(model: Ptmalloc): void {
    const c = this.chunk;
    this.chunk = 0;
    const allFrom = this.#allFrom;
    const allTo = this.#allTo;
    if (this.#whole) {
      model.write(c, allFrom, allTo, RATIO_PLANES | PLANE_POLICY | PLANE_ALL);
      return;
    }
    let from = this.#ratioFrom;
    // Where the policy writes all, so does the largest ratio: the planes are written together.
    let together = 0;
    if (
      from === allFrom &&
      this.#from === allFrom &&
      this.#to === allTo &&
      Math.max(this.#full, this.#large) === allTo
    ) {
      together = PLANE_POLICY | PLANE_ALL;
    } else {
      model.write(c, this.#from, this.#to, PLANE_POLICY);
      model.write(c, allFrom, allTo, PLANE_ALL);
    }
    let planes = RATIO_PLANES;
    // The planes of larger ratios hold what those of smaller ones do.
    for (let i = 0; i < RATIOS.length; i++) {
      const to = Math.max(this.#full, this.#large * RATIOS[i]!);
      model.write(c, from, to, planes | together);
      from = Math.max(from, to);
      planes &= ~ratioPlane(i);
    }
  }
}
