import type { Exit } from "../../replay/insertions.ts";
import type { RecentPast } from "./past.ts";

/** Suspects tried per mismatch, and places tried for each. */
const MAX_SUSPECTS = 12;
const MAX_PAUSES = 6;
/** Other threads tried per mismatch, and places tried for each. */
const MAX_OTHERS = 24;
const OTHERS_PAUSES = 2;

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
