import type { Arena } from "../../ptmalloc/arena.ts";
import type { BinList } from "../../ptmalloc/bin-lists.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import type { GuidedReplay } from "../../recorded/guided-replay.ts";
import type { Reading } from "../../replay/writes/reading.ts";
import type { BinState } from "../../report/contract/inspection.ts";
import type { InspectOptions } from "../analysis-options.ts";
import type { Places } from "./places.ts";

/** A run at a moment, and how to show it. The run does not change. */
export interface InspectedRun {
  readonly guided: GuidedReplay;
  readonly model: Ptmalloc;
  readonly places: Places;
  readonly reading: Reading;
  readonly options: InspectOptions;
  /** tid of a thread by its dense index */
  readonly tidOf: (thread: number) => number;
}

/** True if the arena is to be shown. */
export function isShown({ options }: InspectedRun, { id }: Arena): boolean {
  return options.arena === null || options.arena === id;
}

/** Returns bins as the report has them. */
export function binStates(lists: readonly BinList[], places: Places): BinState[] {
  return lists.map((list) => ({ ...list, first: list.first.map((c) => places.binned(c)) }));
}
