import { areSiblings } from "../ptmalloc/siblings.ts";
import { modelFor, type RecordedProcess, SettingRefused } from "../replay/recorded-process.ts";
import { Replay } from "../replay/replay.ts";
import { ArenaSeries } from "./arena-series.ts";
import type { Candidate } from "./candidate.ts";
import { RecycledReplays } from "./explain/recycled-replays.ts";
import { GuidedReplay } from "./guided-replay.ts";
import { RecordedRun } from "./recorded-run.ts";

/** What the log shows of addresses before the first call is replayed. */
export interface AddressFacts {
  /** the initial program break; NaN when not stated */
  readonly heapStart: number;
  /** the log's pointers are known to be whole */
  readonly seesWholePointers: boolean;
}

/**
 * Returns a candidate for each process that its glibc can run with its settings. Sibling versions share a run.
 * @throws SettingRefused by the last process, if no glibc accepts its settings
 */
export function candidatesFor(
  origins: readonly RecordedProcess[],
  facts: AddressFacts,
): Candidate[] {
  const candidates: Candidate[] = [];
  const recycled = new RecycledReplays();
  let refused: SettingRefused | null = null;
  for (const origin of origins) {
    const guided = guidedReplayOf(origin, facts);
    if (guided instanceof SettingRefused) {
      refused = guided;
      continue;
    }
    const sharing = candidates.find((one) => haveSameCourse(one.origin, origin))?.recorded;
    if (sharing !== undefined) {
      const { siblings } = sharing.guided;
      siblings.profiles = [...siblings.profiles, origin.profile];
      candidates.push({ origin, recorded: sharing });
      continue;
    }
    guided.arenaSeries = new ArenaSeries();
    candidates.push({ origin, recorded: new RecordedRun(guided, origin.shown.length, recycled) });
  }
  if (candidates.length === 0 && refused !== null) {
    throw refused;
  }
  return candidates;
}

/** Returns a fresh guided replay of the process; or why its glibc refuses its settings, which rules the version out. */
export function guidedReplayOf(
  origin: RecordedProcess,
  { heapStart, seesWholePointers }: AddressFacts,
): GuidedReplay | SettingRefused {
  try {
    const guided = new GuidedReplay(new Replay(modelFor(origin, null)));
    const { addresses } = guided.judge;
    if (!Number.isNaN(heapStart)) {
      addresses.placeBreakHeap(guided.model.breakHeap, heapStart);
    }
    if (seesWholePointers) {
      addresses.assumeWholePointers();
    }
    if (origin.settingsSource === "default") {
      guided.witness.inferSettings();
    }
    return guided;
  } catch (error) {
    if (error instanceof SettingRefused) {
      return error;
    }
    throw error;
  }
}

/** True if replays of the two processes stay in the same state until a call that siblings may treat differently. */
function haveSameCourse(a: RecordedProcess, b: RecordedProcess): boolean {
  const settings = (of: RecordedProcess) =>
    JSON.stringify([of.settings, of.shown, of.arch, of.pageBytes]);
  return areSiblings(a.profile, b.profile) && settings(a) === settings(b);
}
