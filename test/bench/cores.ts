import { inTurns, median } from "./row.ts";
import type { Sandbox } from "./sandbox.ts";

const ROUNDS = 3;

/**
 * The processors that two programs can use at once, 1 to 2. Virtual machines often have less than they show, and other
 * programs take their share.
 */
export function usableCores(sandbox: Sandbox): number {
  const seconds = (command: string) => () => sandbox.cost(command).wallSeconds;
  const rounds = inTurns(ROUNDS, [seconds("busy"), seconds("busy & busy && wait")]);
  return coresOf(
    rounds.map(([alone]) => alone!),
    rounds.map(([, together]) => together!),
  );
}

/** From the seconds that a program takes alone, and those that two of them take together. */
export function coresOf(alone: readonly number[], together: readonly number[]): number {
  return (2 * median(alone)) / median(together);
}
