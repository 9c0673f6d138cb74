import type { Exit } from "../../replay/work.ts";
import type { RecentPast } from "./past.ts";

/** Threads tried for one wrong pointer, and places for each. */
const MAX_SUSPECTS = 12;
const MAX_PAUSES = 6;
/** Threads tried besides, and places for each. */
const MAX_OTHERS = 24;
const OTHERS_PAUSES = 2;

/**
 * Exits of which one may have made event `wrong` (0-based) go wrong, likeliest first: those of the `suspects`, then
 * those of other `threads`, for an exit may show in a bin's order only, far from what the thread had
 * cached; of these the thread that fell silent last comes first.
 */
export function exitsBefore(
  past: RecentPast,
  wrong: number,
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
    others.push(exitsOf(past, thread, wrong, OTHERS_PAUSES));
  }
  others.sort((a, b) => b[0]!.before - a[0]!.before);
  return [
    ...likely.flatMap((thread) => exitsOf(past, thread, wrong, MAX_PAUSES)),
    ...others.slice(0, MAX_OTHERS).flat(),
  ];
}

/**
 * Places where the thread may have ended: after each call of the past that another thread's call follows, the latest
 * before event `end` first; and before all of them.
 */
function exitsOf(past: RecentPast, thread: number, end: number, most: number): Exit[] {
  const exits: Exit[] = [];
  let follower = -1;
  for (const { work, first } of [...past.batches].reverse()) {
    const last = Math.min(work.batch.length, end - first) - 1;
    for (let i = last; i >= 0 && exits.length < most; i--) {
      const caller = work.actions.thread[i]!;
      if (caller === thread && follower !== thread) {
        exits.push({ what: "exit", thread, before: first + i + 1 });
      }
      follower = caller;
    }
  }
  if (exits.length < most) {
    exits.push({ what: "exit", thread, before: past.start - 1 });
  }
  return exits;
}
