import { MODEL } from "../../src/ptmalloc/core-layout.ts";
import type { Core } from "../../src/ptmalloc/core-module.ts";
import type { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";
import { REPLAY } from "../../src/replay/replay-state.ts";
import { HEAD_BYTES, STORE } from "../../src/wasm/state-image.ts";

/** All memory of a process, but for what its owner sets anew in a copy. */
export function imageOf({ core }: Ptmalloc): Buffer {
  return withoutFlags(core);
}

/** The same of its core. */
export function withoutFlags(core: Core): Buffer {
  const { u8, imageBytes } = core.attached;
  const image = Buffer.concat([
    u8.subarray(0, HEAD_BYTES),
    u8.subarray(STORE, STORE + imageBytes - HEAD_BYTES),
  ]);
  image[MODEL.hasWitness] = 0;
  image[MODEL.hasTrylock] = 0;
  image[MODEL.watchesRaises] = 0;
  image.fill(0, REPLAY.watchesPeaks, REPLAY.watchesFrees + 1);
  image.fill(0, 8 * REPLAY.pointEnd, 8 * REPLAY.pointEnd + 8);
  return image;
}
