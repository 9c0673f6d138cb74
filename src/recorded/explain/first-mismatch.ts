import { type Insertion, replayWith } from "../../replay/insertions.ts";
import type { PointerJudge } from "../../replay/pointers/pointer-judge.ts";
import type { Work } from "../../replay/work.ts";
import type { GuidedReplay } from "../guided-replay.ts";

/** A batch whose first event has number `first`, and the logged insertions between its calls. */
export interface Part {
  readonly work: Work;
  readonly first: number;
  readonly logged: readonly Insertion[];
}

/** Events between two checks for a mismatch. */
const SLICE = 256;

/** How far a replay matches the log. */
export interface MatchedPart {
  /** number of events before the first mismatch; all, if there is none */
  readonly events: number;
  /** events replayed to find that out */
  readonly cost: number;
}

/**
 * Replays the log's beginning without anchoring, until `most` pointers mismatch or event `end` (0-based) is reached.
 * `replay` must be fresh; afterwards only its count of mismatches is meaningful.
 */
export function replayUntilMismatch(
  replay: GuidedReplay,
  parts: readonly Part[],
  end: number,
  most: number,
): MatchedPart {
  const { judge } = replay;
  let cost = 0;
  for (const { work, first, logged } of parts) {
    for (let from = 0; from < work.batch.length && first + from < end; from += SLICE) {
      const to = Math.min(from + SLICE, work.batch.length, end - first);
      replay.withoutAnchors(() => replayWith(replay.replay, work, first, from, to, logged));
      cost += to - from;
      if (judge.mismatches >= most) {
        return { events: matchedEvents(judge, end), cost };
      }
    }
  }
  return { events: matchedEvents(judge, end), cost };
}

/** Returns how many of `end` events precede the first mismatch. */
function matchedEvents({ missed: [first] }: PointerJudge, end: number): number {
  return first === undefined ? end : first.event - 1;
}
