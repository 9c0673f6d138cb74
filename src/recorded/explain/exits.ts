import type { Profile } from "../../ptmalloc/profile.ts";
import { type Exit, isExit, type SuggestedExit } from "../../replay/insertions.ts";
import { Action } from "../../trace/actions.ts";
import type { Postponed } from "./explanation.ts";
import type { RecentPast } from "./past.ts";
import { MAX_SUSPECTS } from "./suspects.ts";

/** Places tried for each suspect. */
const MAX_PAUSES = 6;
/** Other threads tried per mismatch, and places tried for each. */
const MAX_OTHERS = 24;
const OTHERS_PAUSES = 2;
/** Exits postponed per mismatch, how far back they are searched for in events, and places tried for each. */
const MAX_POSTPONED = 8;
const MAX_BACK = 500;
const MAX_DELAYS = 24;

/** Threads of a process, by dense index. */
export interface ThreadSet {
  has(thread: number): boolean;
  /** in ascending order */
  indices(): Iterable<number>;
}

/**
 * Returns the exits that may explain the mismatch at event `mismatch` (0-based), likeliest first: exits of the
 * `suspects`, then of the other `threads`, because an exit may change only the order of a bin, far from the chunks that
 * the thread had cached. Of the others, the thread with the latest last call comes first.
 */
export function exitsBefore(
  past: RecentPast,
  mismatch: number,
  suspects: readonly number[],
  threads: ThreadSet,
): Exit[] {
  const pauses = pausesBefore(past, mismatch);
  const exitsOf = (thread: number, most: number): Exit[] =>
    [...(pauses.get(thread) ?? []), past.start - 1]
      .slice(0, most)
      .map((before) => ({ kind: "exit", thread, before }));
  const likely = suspects.slice(0, MAX_SUSPECTS);
  return [
    ...likely.flatMap((thread) => exitsOf(thread, MAX_PAUSES)),
    ...othersAmong(threads, likely, pauses).flatMap((thread) => exitsOf(thread, OTHERS_PAUSES)),
  ];
}

/** The `threads` that are no suspects, latest last call first: those with a call in the past, then as many as wanted. */
function othersAmong(
  threads: ThreadSet,
  suspects: readonly number[],
  pauses: ReadonlyMap<number, readonly number[]>,
): number[] {
  // The main thread outlives all others.
  const isOther = (thread: number): boolean => thread !== 0 && !suspects.includes(thread);
  const others = [...pauses.keys()].filter((thread) => isOther(thread) && threads.has(thread));
  for (const thread of threads.indices()) {
    if (others.length >= MAX_OTHERS) {
      break;
    }
    if (isOther(thread) && !pauses.has(thread)) {
      others.push(thread);
    }
  }
  return others.slice(0, MAX_OTHERS);
}

/**
 * Returns the places where each thread may have ended, as numbers of the events after them, latest first: after each of
 * its calls before event `end` that a call of another thread follows. The thread with the latest place comes first.
 */
function pausesBefore(past: RecentPast, end: number): Map<number, number[]> {
  const pauses = new Map<number, number[]>();
  let follower = -1;
  for (const { work, first } of [...past.batches].reverse()) {
    const last = Math.min(work.batch.length, end - first) - 1;
    for (let i = last; i >= 0; i--) {
      const caller = work.actions.thread[i]!;
      if (caller !== follower) {
        const own = pauses.get(caller);
        if (own === undefined) {
          pauses.set(caller, [first + i + 1]);
        } else if (own.length < MAX_PAUSES) {
          own.push(first + i + 1);
        }
      }
      follower = caller;
    }
  }
  return pauses;
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
