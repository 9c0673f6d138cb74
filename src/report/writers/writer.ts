import type { ChalkInstance } from "chalk";
import type { Grouping } from "../order/grouping.ts";
import type { ThreadSort } from "../order/sort-threads.ts";
import type { Presented } from "../wording/presented.ts";

export interface WriterOptions {
  /** rows in tables; 0 = all */
  readonly top: number;
  /** the order of the report's threads */
  readonly sort: ThreadSort;
  /** the rows of the main table; threads by default */
  readonly by?: Grouping;
  /** columns of the terminal; fixed for files */
  readonly width: number;
  /** level 0: no colour */
  readonly chalk: ChalkInstance;
  /** the terminal shows no block characters; files always do */
  readonly ascii?: boolean;
  /** the locale has no other characters: names are escaped */
  readonly isAsciiOnly?: boolean;
  /** add a plot of live bytes and of RSS by scenario */
  readonly plot?: boolean;
}

/** Formats a report: returns its whole text, ending with a newline. Decides and words nothing itself. */
export type Writer = (presented: Presented, options: WriterOptions) => string;
