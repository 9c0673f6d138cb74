import { MODEL } from "../ptmalloc/core-layout.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { REPLAY } from "./replay-state.ts";

/** Blocks of a table of core/block-chunks.ts. */
const LEAF_BLOCKS = 1024;

/** Returns a number above the ids of all live blocks. */
export function blockIds({ core }: Ptmalloc): number {
  return core.attached.i32[REPLAY.blockLeaves]! * LEAF_BLOCKS;
}

/** Calls `visit`, which must not change the process, for every live block that has a chunk. */
export function eachBlockChunk(
  { core }: Ptmalloc,
  visit: (block: number, chunk: number) => void,
): void {
  const { i32 } = core.attached;
  const table = i32[MODEL.blocks]! >>> 2;
  for (let leaf = 0; leaf < i32[REPLAY.blockLeaves]!; leaf++) {
    const start = i32[table + leaf]! >>> 2;
    for (let n = 0; start !== 0 && n < LEAF_BLOCKS; n++) {
      const chunk = i32[start + n]!;
      if (chunk !== 0) {
        visit(leaf * LEAF_BLOCKS + n, chunk);
      }
    }
  }
}
