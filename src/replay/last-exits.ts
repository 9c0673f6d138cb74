import type { Profile } from "../ptmalloc/profile.ts";
import type { LastCalls, LikelyExit } from "../trace/order/last-calls.ts";
import type { ScenarioRun } from "./scenario-run.ts";

/** Threads that ended, or may have, after the last pointer that could have shown it. */
export interface LastExits {
  /** by what the log shows, they have */
  readonly ended: readonly LikelyExit[];
  /** nothing shows whether they have */
  readonly open: readonly LikelyExit[];
}

export const NO_EXITS: LastExits = { ended: [], open: [] };

/**
 * Which threads had ended by the log's end, where no line tells of exits. A hook that leaves free(NULL) out leaves out
 * what tells that a thread ends.
 */
export function lastExits(calls: LastCalls, { exitFrees }: Profile): LastExits {
  if (!calls.showsNull) {
    return { ended: [], open: calls.all() };
  }
  return { ended: calls.likelyExits(exitFrees), open: [] };
}

/**
 * Ends the threads that have ended, at the log's end: had one ended before, and a pointer shown it, it would be gone
 * already. Returns how many the run still had.
 */
export function endThreads(run: ScenarioRun, { ended }: LastExits): number {
  const there = stillThere(run, ended);
  for (const { thread } of there) {
    run.exitThread(thread);
  }
  return there.length;
}

/**
 * The run at the log's end if of all threads of which nothing is sure the contrary of what `endThreads` does is true;
 * null if there are none. To be called before.
 */
export function endedOtherwise(
  run: ScenarioRun,
  { ended, open }: LastExits,
  copyOf: (run: ScenarioRun) => ScenarioRun = (one) => one.clone(),
): ScenarioRun | null {
  const there = stillThere(run, [...ended, ...open]);
  const isUnsure = (one: LikelyExit) => !one.sure;
  if (!there.some(isUnsure)) {
    return null;
  }
  const otherwise = copyOf(run);
  const likely = new Set(ended.filter(isUnsure));
  for (const one of there) {
    if (!likely.has(one)) {
      otherwise.exitThread(one.thread);
    }
  }
  otherwise.finish();
  return otherwise;
}

/** Those of `threads` that the run has not seen end. */
function stillThere({ model }: ScenarioRun, threads: readonly LikelyExit[]): LikelyExit[] {
  const held = model.allThreads().filter(({ arena, tcache }) => arena || tcache === "active");
  const there = new Set(held.map(({ index }) => index));
  return threads.filter(({ thread }) => there.has(thread));
}
