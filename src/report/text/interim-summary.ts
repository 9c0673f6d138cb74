import type { Presented } from "../wording/presented.ts";
import type { WriterOptions } from "../writers/writer.ts";
import { threadTable } from "./thread-table.ts";
import { verdictText } from "./verdict-text.ts";

/** Rows of the threads' table. */
const MAX_ROWS = 5;

/** An interim report for people, who see one after the other: the verdict and the first threads, below a rule. */
export function interimSummary(presented: Presented, options: WriterOptions): string {
  const { sort, top, plot, ...style } = options;
  const { report } = presented;
  const rows = top === 0 ? MAX_ROWS : Math.min(top, MAX_ROWS);
  const table = threadTable(report, sort, rows, { ...style, ascii: true });
  const rule = (style.ascii ? "-" : "─").repeat(style.width);
  return `${rule}\n${verdictText(presented, style)}\n\n${table}\n\n`;
}
