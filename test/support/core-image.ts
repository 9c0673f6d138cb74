import { MODEL } from "../../src/ptmalloc/core-layout.ts";
import type { Core } from "../../src/ptmalloc/core-module.ts";
import type { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { REPLAY } from "../../src/replay/replay-state.ts";

/** All memory of a process, but for what its owner sets anew in a copy. */
export function imageOf({ core }: Ptmalloc): Buffer {
  return withoutFlags(core);
}

/** The same of its core. */
export function withoutFlags(core: Core): Buffer {
  const image = Buffer.from(core.image());
  image[MODEL.hasWitness] = 0;
  image[MODEL.hasTrylock] = 0;
  image[MODEL.watchesRaises] = 0;
  image.fill(0, REPLAY.watchesPeaks, REPLAY.watchesFrees + 1);
  image.fill(0, 8 * REPLAY.pointEnd, 8 * REPLAY.pointEnd + 8);
  return image;
}
