import type { BlockTable } from "../../trace/ledger/blocks.ts";
import type { Replay } from "../replay.ts";
import type { Holes } from "./holes.ts";
import type { Touch } from "./touch.ts";

/** A program that uses blocks of several sizes writes this part of them at least (touch.md §8). */
export const OF_SEVERAL_SIZES = 0.25;

/** Blocks of one size are written alike: where they dominate, the program may have written nothing of them. */
const OF_ONE_SIZE = 0;

/** One size dominates with more than this part of the bytes that the program may not have written. */
const DOMINANT = 0.5;

/**
 * Returns the lowest plausible ratio of what the program wrote of its blocks, by those that are live at the log's end. Blocks
 * whose writes a fact or the log states do not count.
 */
export function lowestRatio(
  replay: Replay,
  blocks: BlockTable,
  touch: Touch,
  holes: Holes,
): number {
  const bySize = new Map<number, number>();
  let sum = 0;
  replay.eachBlock((block) => {
    const size = blocks.bytesOf(block);
    const uncertain = touch.writtenAtRatio(block, size, 1) - touch.writtenAtRatio(block, size, 0);
    if (uncertain > 0 && !holes.isLogged(block)) {
      bySize.set(size, (bySize.get(size) ?? 0) + uncertain);
      sum += uncertain;
    }
  });
  let most = 0;
  for (const bytes of bySize.values()) {
    most = Math.max(most, bytes);
  }
  return most > DOMINANT * sum ? OF_ONE_SIZE : OF_SEVERAL_SIZES;
}
