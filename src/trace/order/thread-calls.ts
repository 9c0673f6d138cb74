import type { TrailingFrees } from "./trailing-frees.ts";

/** The latest call of a thread (dense index), and the number of its event. */
export interface LastCall {
  readonly thread: number;
  readonly last: number;
}

/** What is kept of a thread that has not exited. */
export interface ThreadCalls {
  readonly tid: number;
  count: number;
  /** number of the event of the last one */
  last: number;
  /** free(NULL) calls in a row at the beginning */
  firstNulls: number;
  /** callers of the first two, if these are free(NULL); 0 where lines have no caller */
  firstSites: readonly [number, number];
  readonly trailing: TrailingFrees;
  /** the thread that called just before this one's first call, and the event of that call; null: none */
  readonly predecessor: LastCall | null;
}
