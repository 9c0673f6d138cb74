import { MODEL } from "../../src/ptmalloc/core-layout.ts";
import type { Core } from "../../src/ptmalloc/core-module.ts";
import type { Ptmalloc } from "../../src/ptmalloc/ptmalloc.ts";

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
  return image;
}
