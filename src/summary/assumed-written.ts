import type { Analysis } from "../pipeline/analysis.ts";
import { PAGE } from "../ptmalloc/chunks.ts";
import { RATIO_FROM_BYTES } from "../replay/writes/touch.ts";
import type { ModelSummary, TouchFit } from "../report/report.ts";

/** Blocks from this size on are worth telling of one by one: whether they were written decides over a prediction. */
const LARGE_BLOCK = 1024 * 1024;

/**
 * Bytes of live blocks above 32 KiB that count as written without the log telling so; `fit` is the ratio fitted, if one
 * was.
 */
export function assumedWritten(
  { ledger, touch, holes, recorded }: Analysis,
  fit: TouchFit | null,
): ModelSummary["assumedWritten"] {
  const sum = { blocks: 0, bytes: 0, mediumBlocks: 0, mediumBytes: 0 };
  const ratio = fit?.ratio ?? null;
  recorded?.recorded.run.eachBlock((block) => {
    const size = ledger.blocks.bytesOf(block);
    if (size <= RATIO_FROM_BYTES || holes.tellsOf(block)) {
      return;
    }
    const written =
      ratio === null ? touch.writtenOf(block) : touch.writtenAtRatio(block, size, ratio);
    if (written <= PAGE) {
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
