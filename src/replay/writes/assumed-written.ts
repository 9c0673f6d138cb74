import type { ModelSummary } from "../../report/contract/report.ts";
import type { BlockTable } from "../../trace/ledger/blocks.ts";
import type { Replay } from "../replay.ts";
import type { Holes } from "./holes.ts";
import { RATIO_FROM_BYTES, type Touch } from "./touch.ts";

/** Blocks from this size on are listed apart: whether they are written decides over a prediction. */
const LARGE_BLOCK = 1024 * 1024;

/**
 * Returns the bytes of live blocks above 32 KiB that count as written without evidence in the log. `ratio` is the fitted
 * one; null if none was fitted.
 */
export function assumedWritten(
  replay: Replay,
  blocks: BlockTable,
  touch: Touch,
  holes: Holes,
  ratio: number | null,
): ModelSummary["assumedWritten"] {
  const sum = { blocks: 0, bytes: 0, mediumBlocks: 0, mediumBytes: 0 };
  replay.eachBlock((block) => {
    const size = blocks.bytesOf(block);
    if (size <= RATIO_FROM_BYTES || holes.isLogged(block)) {
      return;
    }
    const written =
      ratio === null ? touch.writtenOf(block, size) : touch.writtenAtRatio(block, size, ratio);
    if (written <= replay.model.pageBytes) {
      return;
    }
    if (size >= LARGE_BLOCK) {
      sum.blocks++;
      sum.bytes += written;
    } else {
      sum.mediumBlocks++;
      sum.mediumBytes += written;
    }
  });
  return sum;
}
