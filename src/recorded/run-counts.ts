import type { Divergence } from "../report/contract/report.ts";

/** What a recorded run has counted at its beginning. */
export const NOTHING_COUNTED = {
  /** exits and swaps inferred in the whole log; each stands for one mismatch. A postponed exit counts as a swap. */
  inferredExits: 0,
  inferredSwaps: 0,
  /** the first mismatch, explained or not */
  firstDivergence: null as Divergence | null,
  /** exits inferred from the threads' last calls, which no pointer showed */
  lastExits: 0,
  /** number of the last batch's first event */
  first: 0,
  /** events replayed */
  event: 0,
  failures: 0,
  /** pointers that match because of settings found before the replay began */
  settledBefore: 0,
};
