import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { applySetting, MallocPar } from "../ptmalloc/settings.ts";

/** A setting that the log's pointers show: its value lies in `above` + 1 .. `upTo`; `value` is the likeliest. */
export interface ShownSetting {
  readonly name: string;
  readonly value: number;
  readonly above: number;
  /** Infinity: the log shows no upper limit */
  readonly upTo: number;
  /** other settings that would explain the same pointers */
  readonly others: readonly string[];
}

export const ARENA_MAX = "MALLOC_ARENA_MAX";
export const MMAP_THRESHOLD = "MALLOC_MMAP_THRESHOLD_";

/** Gives the model a setting that its process had from the start, but that has decided nothing so far. */
export function adoptSetting(m: Ptmalloc, name: string, value: number): void {
  const wasFrozen = m.par.noDynThreshold;
  applySetting(m.par, m.profile, name, String(value));
  if (m.par.noDynThreshold && !wasFrozen) {
    m.par.trimThreshold = new MallocPar(m.profile).trimThreshold;
  }
  if (m.arenaLimit !== 0 && m.par.arenaMax !== 0) {
    m.arenaLimit = m.par.arenaMax;
  }
  m.updateLimits();
}

/** Takes back an mmap threshold that `adoptSetting` gave. */
export function retractThreshold(m: Ptmalloc): void {
  const { mmapThreshold, trimThreshold, noDynThreshold } = new MallocPar(m.profile);
  Object.assign(m.par, { mmapThreshold, trimThreshold, noDynThreshold });
}
