import type { GuidedReplay } from "../guided-replay.ts";
import type { Bounds, Explanation } from "./explanation.ts";
import { outcomeOf, type RecentPast } from "./past.ts";

/** An explanation, and the replay of the past under it. */
export interface Explained<E extends Explanation> {
  readonly explanation: E;
  readonly guided: GuidedReplay;
}

/**
 * Tries the explanations in turn. Returns the best of those within the bounds; null if there is none. A trial that leaves
 * no mismatch, or `isOverBudget`, ends the search.
 */
export function bestExplanation<E extends Explanation>(
  past: RecentPast,
  explanations: Iterable<E>,
  bounds: Bounds,
  isOverBudget: () => boolean,
): Explained<E> | null {
  let best: Explained<E> | null = null;
  let toBeat = bounds;
  for (const explanation of explanations) {
    if (isOverBudget()) {
      return best;
    }
    const guided = past.try(explanation, toBeat);
    if (guided === null) {
      continue;
    }
    if (best !== null) {
      past.recycle(best.guided);
    }
    best = { explanation, guided };
    if (guided.judge.missed.length === 0) {
      return best;
    }
    toBeat = { ...toBeat, best: outcomeOf(guided.judge) };
  }
  return best;
}
