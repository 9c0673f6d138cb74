import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { PLANE_ALL, PLANE_POLICY, RATIO_PLANES, RATIOS, ratioPlane } from "../ptmalloc/resident.ts";
import type { TouchColumns } from "./writes/touch.ts";

/** The program's write to the block that the last call returned. It is applied before the next call. */
export class PendingWrite {
  /** Offsets in bytes from the block's start; see TouchBatch. NaN first: avoids a Smi-to-double deoptimization. */
  readonly #state = {
    /** the block's chunk; 0 when nothing is pending */
    chunk: 0,
    whole: false,
    from: Number.NaN,
    to: Number.NaN,
    allFrom: Number.NaN,
    allTo: Number.NaN,
    ratioFrom: Number.NaN,
    full: Number.NaN,
    large: Number.NaN,
  };

  get chunk(): number {
    return this.#state.chunk;
  }

  copy(from: PendingWrite): void {
    Object.assign(this.#state, from.#state);
  }

  /** Chunk `c` holds a block of `size` bytes since event `i`; its first `oldSize` bytes are as before. */
  expect(c: number, oldSize: number, size: number, touch: TouchColumns, i: number): void {
    const state = this.#state;
    state.chunk = c;
    state.allFrom = oldSize;
    state.allTo = size;
    state.whole = touch.whole[i] === 1;
    if (state.whole) {
      return;
    }
    state.from = touch.from[i]!;
    state.to = touch.to[i]!;
    state.ratioFrom = touch.ratioFrom[i]!;
    state.full = touch.full[i]!;
    state.large = touch.large[i]!;
  }

  /** Applies the write. */
  settle(model: Ptmalloc): void {
    const state = this.#state;
    const { chunk: c, allFrom, allTo } = state;
    state.chunk = 0;
    if (state.whole) {
      model.write(c, allFrom, allTo, RATIO_PLANES | PLANE_POLICY | PLANE_ALL);
      return;
    }
    const { from, to, ratioFrom, full, large } = state;
    // Where the policy writes all, so does the largest ratio: their planes are written together.
    let together = 0;
    if (
      ratioFrom === allFrom &&
      from === allFrom &&
      to === allTo &&
      Math.max(full, large) === allTo
    ) {
      together = PLANE_POLICY | PLANE_ALL;
    } else {
      model.write(c, from, to, PLANE_POLICY);
      model.write(c, allFrom, allTo, PLANE_ALL);
    }
    let start = ratioFrom;
    let planes = RATIO_PLANES;
    // The planes of larger ratios include those of smaller ones.
    for (let i = 0; i < RATIOS.length; i++) {
      const end = Math.max(full, large * RATIOS[i]!);
      model.write(c, start, end, planes | together);
      start = Math.max(start, end);
      planes &= ~ratioPlane(i);
    }
  }
}
