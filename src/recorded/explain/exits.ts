import type { Profile } from "../../ptmalloc/profile.ts";
import { type Exit, isExit, type SuggestedExit } from "../../replay/insertions.ts";
import { Action } from "../../trace/actions.ts";
import type { Postponed, RecentPast } from "./past.ts";

/** Suspects tried per mismatch, and places tried for each. */
const MAX_SUSPECTS = 12;
const MAX_PAUSES = 6;
/** Other threads tried per mismatch, and places tried for each. */
const MAX_OTHERS = 24;
const OTHERS_PAUSES = 2;
/** Exits postponed per mismatch, how far back they are searched for in events, and places tried for each. */
const MAX_POSTPONED = 8;
const MAX_BACK = 500;
const MAX_DELAYS = 24;

/**
 * Returns the exits that may explain the mismatch at event `mismatch` (0-based), likeliest first: exits of the
 * `suspects`, then of the other `threads`, because an exit may change only the order of a bin, far from the chunks that
 * the thread had cached. Of the others, the thread with the latest last call comes first.
 */
export function exitsBefore(
  past: RecentPast,
  mismatch: number,
  suspects: readonly number[],
  threads: readonly number[],
): Exit[] {
  const likely = suspects.slice(0, MAX_SUSPECTS);
  const others: Exit[][] = [];
  for (const thread of threads) {
    // The main thread outlives all others.
    if (thread === 0 || likely.includes(thread)) {
      continue;
    }
    others.push(exitsOf(past, thread, mismatch, OTHERS_PAUSES));
  }
  others.sort((a, b) => b[0]!.before - a[0]!.before);
  return [
    ...likely.flatMap((thread) => exitsOf(past, thread, mismatch, MAX_PAUSES)),
    ...others.slice(0, MAX_OTHERS).flat(),
  ];
}

/**
 * Returns up to `most` places where the thread may have ended: after each of its calls that a call of another thread
 * follows, latest before event `end` first; and before the whole past.
 */
function exitsOf(past: RecentPast, thread: number, end: number, most: number): Exit[] {
  const exits: Exit[] = [];
  let follower = -1;
  for (const { work, first } of [...past.batches].reverse()) {
    const last = Math.min(work.batch.length, end - first) - 1;
    for (let i = last; i >= 0 && exits.length < most; i--) {
      const caller = work.actions.thread[i]!;
      if (caller === thread && follower !== thread) {
        exits.push({ kind: "exit", thread, before: first + i + 1 });
      }
      follower = caller;
    }
  }
  if (exits.length < most) {
    exits.push({ kind: "exit", thread, before: past.start - 1 });
  }
  return exits;
}

/**
 * The exits before event `mismatch` (0-based), latest first, each postponed beyond it: a thread ends only after its last
 * line is written, and other threads go on meanwhile. Where a trial fails at a later call, the exit moves beyond that.
 */
export function* postponedExits(
  past: RecentPast,
  mismatch: number,
  profile: Profile,
): Generator<Postponed> {
  const earliest = Math.max(past.start, mismatch - MAX_BACK);
  const exits = past.insertions
    .filter((one) => isExit(one, profile))
    .filter(({ before }) => before >= earliest && before <= mismatch);
  for (const exit of exits.reverse().slice(0, MAX_POSTPONED)) {
    const end = Math.min(past.end, exit.before + MAX_BACK, nextCallOf(past, exit));
    let before = mismatch + 1;
    for (let delays = 0; delays < MAX_DELAYS && before <= end; delays++) {
      yield { kind: "postponed", exit, before };
      if (past.failedAt < before) {
        break;
      }
      before = past.failedAt + 1;
    }
  }
}

/** Returns the number of the first event by a new thread with the same id; Infinity if there is none. */
function nextCallOf(past: RecentPast, exit: Exit | SuggestedExit): number {
  for (const { work, first } of past.batches) {
    const { action, thread } = work.actions;
    for (let i = Math.max(0, exit.before - first); i < work.batch.length; i++) {
      const isCall = action[i] !== Action.none && action[i] !== Action.freeAfterExit;
      if (isCall && thread[i] === exit.thread) {
        return first + i;
      }
    }
  }
  return Number.POSITIVE_INFINITY;
}
