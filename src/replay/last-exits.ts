import type { Profile } from "../ptmalloc/profile.ts";
import type { Farewell, LastCalls } from "../trace/last-calls.ts";
import type { ScenarioRun } from "./scenario-run.ts";

/** Threads that ended, or may have, after the last pointer that could have shown it. */
export interface LastExits {
  /** by what the log shows, they have */
  readonly ended: readonly Farewell[];
  /** nothing shows whether they have */
  readonly open: readonly Farewell[];
}

export const NO_EXITS: LastExits = { ended: [], open: [] };

/**
 * Which threads had ended by the log's end, where no line tells of exits. A hook that leaves free(NULL) out leaves out
 * what tells that a thread ends.
 */
export function lastExits(calls: LastCalls, { exitFrees }: Profile): LastExits {
  if (!calls.showsNull) return { ended: [], open: calls.all() };
  return { ended: calls.farewells(exitFrees), open: [] };
}

/** What became of a run whose last threads were ended. */
export interface Ended {
  /** threads that the run still had, and that were ended */
  readonly exits: number;
  /** the run if of all threads of which nothing is sure the contrary is true; null if there are none */
  readonly otherwise: ScenarioRun | null;
}

/**
 * Ends the threads that have ended, at the log's end: had one ended before, and a pointer shown it, it would be gone
 * already.
 */
export function endThreads(run: ScenarioRun, { ended, open }: LastExits): Ended {
  const held = run.model.allThreads().filter(({ arena, tcache }) => arena || tcache === "active");
  const there = new Set(held.map(({ index }) => index));
  const isThere = ({ thread }: Farewell) => there.has(thread);
  const sure = ended.filter((one) => one.sure && isThere(one));
  const likely = ended.filter((one) => !one.sure && isThere(one));
  const unknown = open.filter(isThere);
  for (const { thread } of sure) run.exitThread(thread);
  const otherwise = likely.length + unknown.length > 0 ? run.clone() : null;
  for (const { thread } of likely) run.exitThread(thread);
  for (const { thread } of unknown) otherwise?.exitThread(thread);
  otherwise?.finish();
  return { exits: sure.length + likely.length, otherwise };
}
