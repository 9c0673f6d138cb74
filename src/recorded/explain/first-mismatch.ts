import type { PointerJudge } from "../../replay/pointers/pointer-judge.ts";
import { judgeOf, type ScenarioRun } from "../../replay/scenario-run.ts";
import { type Insertion, replayWith, type Work } from "../../replay/work.ts";

/** A batch whose first event has number `first`, and what is to be done between its calls. */
export interface Part {
  readonly work: Work;
  readonly first: number;
  readonly told: readonly Insertion[];
}

/** Events between two looks at whether the run has gone wrong. */
const SLICE = 256;

/** How far a judged run is right. */
export interface RightPart {
  /** number of events before the first that went wrong; all, if none did */
  readonly events: number;
  /** events replayed to find that out */
  readonly cost: number;
}

/** Replays a fresh run on the log's beginning, until `most` pointers are wrong or event `end` (0-based) is reached. */
export function replayUntilWrong(
  run: ScenarioRun,
  parts: readonly Part[],
  end: number,
  most: number,
): RightPart {
  const judge = judgeOf(run);
  let cost = 0;
  for (const { work, first, told } of parts) {
    for (let from = 0; from < work.batch.length && first + from < end; from += SLICE) {
      const to = Math.min(from + SLICE, work.batch.length, end - first);
      replayWith(run, work, first, from, to, told);
      cost += to - from;
      if (judge.wrong >= most) {
        return { events: rightEvents(judge, end), cost };
      }
    }
  }
  return { events: rightEvents(judge, end), cost };
}

/** Events of `end` before the first that went wrong. */
function rightEvents({ missed }: PointerJudge, end: number): number {
  return missed[0] === undefined ? end : missed[0].event - 1;
}
