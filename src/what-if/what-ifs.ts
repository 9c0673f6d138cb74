import { type Profile, profileOf } from "../ptmalloc/profile.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { tunableOf } from "../ptmalloc/settings.ts";
import type { Inferences } from "../replay/inferences.ts";
import { adoptSetting, MMAP_THRESHOLD, retractThreshold } from "../replay/inferred-settings.ts";
import type { Insertion } from "../replay/insertions.ts";
import type { LastExits } from "../replay/last-exits.ts";
import { modelFor, type RecordedProcess } from "../replay/recorded-process.ts";
import { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { type ScenarioFigures, sharedFigures } from "./scenario-figures.ts";
import { WhatIf } from "./what-if.ts";

/** A batch with what the recorded run inferred from it. */
export interface Step {
  readonly work: Work;
  readonly inferences: Inferences;
}

/**
 * All what-ifs of an analysis. They make the same calls as the recorded run and are independent of one another, so each
 * may replay several batches in a row, which keeps its state in the processor's cache.
 */
export class WhatIfs {
  readonly #whatIfs: readonly WhatIf[];
  readonly #specs: readonly ScenarioSpec[];

  /** @throws SettingRefused a setting that the process's glibc does not accept */
  constructor(origin: RecordedProcess, specs: readonly ScenarioSpec[]) {
    this.#specs = specs;
    this.#whatIfs = bySharing(specs).map(
      (sharing) => new WhatIf(sharing, replayOf(origin, sharing[0]!)),
    );
  }

  get all(): readonly WhatIf[] {
    return this.#whatIfs;
  }

  replay(steps: readonly Step[]): void {
    for (const whatIf of this.#whatIfs) {
      for (const { work, inferences } of steps) {
        apply(whatIf, inferences);
        whatIf.replay(work, inferences.first, inferences.insertions);
      }
    }
  }

  /** The log ends. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    for (const whatIf of this.#whatIfs) {
      whatIf.finish(insertions, exits);
    }
  }

  /** Returns the figures of each scenario, in the constructor's order. Must be called once: it makes the trims at the end. */
  figures(reading: Reading): ScenarioFigures[] {
    const figures = new Map(
      this.#whatIfs.flatMap((whatIf) => [...sharedFigures(whatIf, whatIf.specs, reading)]),
    );
    return this.#specs.flatMap((spec) => figures.get(spec) ?? []);
  }
}

/** True for a scenario whose calls have the same effect as those of the recorded run, up to the log's end. */
export function isAsRecorded(spec: ScenarioSpec): boolean {
  return sharingKey(spec) === NOTHING_CHANGED;
}

/** Groups the scenarios that share their replays. */
export function bySharing(specs: readonly ScenarioSpec[]): ScenarioSpec[][] {
  const groups = new Map<string, ScenarioSpec[]>();
  for (const spec of specs) {
    const key = sharingKey(spec);
    groups.set(key, [...(groups.get(key) ?? []), spec]);
  }
  return [...groups.values()];
}

function replayOf(origin: RecordedProcess, spec: ScenarioSpec): Replay {
  const { trim } = spec;
  const every = typeof trim === "object" ? trim.everySeconds : Number.POSITIVE_INFINITY;
  return new Replay(modelFor(origin, spec), every);
}

/** Scenarios with the same key pass through the same states until the log's end. */
function sharingKey({ settings, glibc, cpus, trim }: Omit<ScenarioSpec, "name">): string {
  return JSON.stringify([settings, glibc, cpus, typeof trim === "object" ? trim : null]);
}

const NOTHING_CHANGED = sharingKey({ settings: {}, glibc: null, cpus: null, trim: "never" });

/** What holds for the recorded process holds for the what-if, too, unless the scenario sets it. */
function apply(whatIf: WhatIf, inferences: Inferences): void {
  if (inferences.glibc !== null) {
    whatIf.adopt(versionOf(inferences.glibc));
  }
  for (const { model } of whatIf.running) {
    model.breakHeap.start = inferences.breakStart;
  }
  if (inferences.cpus !== null) {
    whatIf.setCpus(inferences.cpus);
  }
  for (const { name, value } of inferences.settings) {
    for (const model of modelsWithout(whatIf, name)) {
      adoptSetting(model, name, value);
    }
  }
  if (inferences.retractsThreshold) {
    modelsWithout(whatIf, MMAP_THRESHOLD).forEach(retractThreshold);
  }
  whatIf.setUnlogged(inferences.unloggedBytes);
}

/** Returns the what-if's models if its scenario does not set `name`; else none. */
function modelsWithout({ specs, running }: WhatIf, name: string): Ptmalloc[] {
  const own = Object.keys(specs[0]?.settings ?? {}).map(tunableOf);
  return own.includes(tunableOf(name)) ? [] : running.map(({ model }) => model);
}

function versionOf(glibc: string): Profile {
  const profile = profileOf(glibc);
  if (profile === null) {
    throw new RangeError(`glibc ${glibc} is not modelled`);
  }
  return profile;
}
