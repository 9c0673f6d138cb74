import type { ChalkInstance } from "chalk";
import type { Presented } from "../presented.ts";
import type { ThreadSort } from "../sort-threads.ts";

export interface WriterOptions {
  /** rows in tables; 0 = all */
  readonly top: number;
  /** how the report's threads are sorted */
  readonly sort: ThreadSort;
  /** columns of the terminal; a fixed number for files, so that they do not depend on the terminal */
  readonly width: number;
  /** level 0 where no colour is wanted */
  readonly chalk: ChalkInstance;
  /** the terminal shows no block characters; files are UTF-8 */
  readonly ascii?: boolean;
  /** add a plot of live bytes and of RSS by scenario */
  readonly plot?: boolean;
}

/** The whole text of a report in one format, with its last newline. Writers only format. */
export type Writer = (presented: Presented, options: WriterOptions) => string;
