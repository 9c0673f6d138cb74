import type { Profile } from "../ptmalloc/profile.ts";
import type { LastCalls, LikelyExit } from "../trace/order/last-calls.ts";
import type { Replay } from "./replay.ts";

/** Threads that ended, or may have ended, after the last pointer that could have shown it. */
export interface LastExits {
  /** the log suggests that these ended */
  readonly ended: readonly LikelyExit[];
  /** the log does not show whether these ended */
  readonly open: readonly LikelyExit[];
}

export const NO_EXITS: LastExits = { ended: [], open: [] };

/**
 * Returns the threads that had ended by the end of a log without thread_exit lines. A hook that leaves out free(NULL)
 * leaves out the only sign of it, so every exit is then open.
 */
export function lastExits(calls: LastCalls, { exitFrees }: Profile): LastExits {
  if (!calls.showsNull) {
    return { ended: [], open: calls.all() };
  }
  return { ended: calls.likelyExits(exitFrees), open: [] };
}

/**
 * Ends, at the log's end, the threads that have ended and still exist in the replay: a pointer that shows an earlier
 * exit has removed its thread already. Returns how many those are.
 */
export function endThreads(replay: Replay, { ended }: LastExits): number {
  const existing = stillExisting(replay, ended);
  for (const { thread } of existing) {
    replay.exitThread(thread);
  }
  return existing.length;
}

/**
 * Returns the finished replay under the opposite assumption about every uncertain thread; null if no thread is
 * uncertain. Must run before `endThreads`.
 */
export function endedOtherwise(
  replay: Replay,
  { ended, open }: LastExits,
  copyOf: (replay: Replay) => Replay = (one) => one.clone(),
): Replay | null {
  const existing = stillExisting(replay, [...ended, ...open]);
  const isUnsure = (one: LikelyExit) => !one.sure;
  if (!existing.some(isUnsure)) {
    return null;
  }
  const otherwise = copyOf(replay);
  const likely = new Set(ended.filter(isUnsure));
  for (const one of existing) {
    if (!likely.has(one)) {
      otherwise.exitThread(one.thread);
    }
  }
  otherwise.finish();
  return otherwise;
}

/** Returns those of `threads` that have an arena or a tcache in the replay. */
function stillExisting({ model }: Replay, threads: readonly LikelyExit[]): LikelyExit[] {
  const { threads: existing } = model;
  return threads.filter(
    ({ thread }) => existing.arenaOf(thread) !== null || existing.hasTcache(thread),
  );
}
