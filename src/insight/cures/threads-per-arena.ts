import type { Scenario } from "../../report/contract/report.ts";

/** The most threads that used one arena: threads that share one wait for each other. */
export function threadsPerArena({ arenas }: Scenario): number {
  return Math.max(0, ...arenas.map(({ threads }) => threads.length));
}
