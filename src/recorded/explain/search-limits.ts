/** When the search for explanations pauses, so that its time stays a part of the replay's. */

/**
 * Unexplained mismatches, less the explained ones, after which the search pauses, because the log mismatches for other
 * reasons: a number, and one more per so many events.
 */
const MAX_FAILURES = 8;
const EVENTS_PER_FAILURE = 4096;
/**
 * Cost that trials may have in all, in words copied: a base, a part per event of the log, and a part per explanation
 * found. About 0.3 s, as long as the replay itself, and 0.1 s.
 */
const FREE_COST = 100_000_000;
const COST_PER_EVENT = 100;
const COST_PER_EXPLANATION = 50_000_000;

/** True after too many failures among `events` events. */
export function hasFailed(failures: number, events: number): boolean {
  return failures >= MAX_FAILURES + Math.floor(events / EVENTS_PER_FAILURE);
}

/** True if trials have cost too much for a log of `events` events with so many explanations found. */
export function isOverBudget(cost: number, events: number, explanations: number): boolean {
  return cost > FREE_COST + events * COST_PER_EVENT + explanations * COST_PER_EXPLANATION;
}
