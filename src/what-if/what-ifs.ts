import { type Profile, profileOf } from "../ptmalloc/profile.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { tunableOf } from "../ptmalloc/settings.ts";
import { modelFor, type RecordedProcess } from "../recorded/models.ts";
import type { ScenarioSpec } from "../replay/analysis-options.ts";
import type { LastExits } from "../replay/last-exits.ts";
import {
  adoptSetting,
  MMAP_THRESHOLD,
  retractThreshold,
} from "../replay/pointers/pointer-witness.ts";
import { ScenarioRun } from "../replay/scenario-run.ts";
import type { Insertion, Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { type ScenarioFigures, sharedFigures } from "./scenario-figures.ts";
import { WhatIf } from "./what-if.ts";

/** What the run as recorded has found out with a batch that the what-ifs are to replay; plain data. */
export interface Findings {
  /** number of the batch's first event */
  readonly first: number;
  readonly insertions: readonly Insertion[];
  /** bytes in use that no line of the log tells of */
  readonly unloggedBytes: number;
  /** CPUs that the arenas have shown; null: none */
  readonly cpus: number | null;
  /** settings that the pointers have shown since the batch before */
  readonly settings: readonly { readonly name: string; readonly value: number }[];
  /** the mmap threshold that was told before was none */
  readonly retractsThreshold: boolean;
  /** the version believed in from now on, if it is another */
  readonly glibc: string | null;
}

/** A batch and what was found out with it. */
export interface Step {
  readonly work: Work;
  readonly findings: Findings;
}

/**
 * All what-ifs of an analysis, fed the same calls as the run as recorded. They know nothing of each other, nor of the
 * log, so that each may go through several batches at once, which keeps its state in the processor's cache.
 */
export class WhatIfs {
  readonly #whatIfs: readonly WhatIf[];
  readonly #specs: readonly ScenarioSpec[];

  /** @throws SettingRefused a setting that the process's glibc does not take */
  constructor(origin: RecordedProcess, specs: readonly ScenarioSpec[]) {
    this.#specs = specs;
    this.#whatIfs = bySharing(specs).map(
      (together) => new WhatIf(together, runOf(origin, together[0]!)),
    );
  }

  get all(): readonly WhatIf[] {
    return this.#whatIfs;
  }

  replay(steps: readonly Step[]): void {
    for (const whatIf of this.#whatIfs) {
      for (const { work, findings } of steps) {
        tell(whatIf, findings);
        whatIf.replay(work, findings.first, findings.insertions);
      }
    }
  }

  /** The end of the log, and of threads. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    for (const whatIf of this.#whatIfs) {
      whatIf.finish(insertions, exits);
    }
  }

  /** The figures of each scenario, in the order of the constructor's; to be called once, for it makes the trims at the end. */
  figures(reading: Reading): ScenarioFigures[] {
    const figures = new Map(
      this.#whatIfs.flatMap(({ specs, replays }) => [...sharedFigures(replays, specs, reading)]),
    );
    return this.#specs.flatMap((spec) => figures.get(spec) ?? []);
  }
}

/** True for a scenario whose calls do the same as those of the run as recorded, up to the log's end. */
export function isAsRecorded(spec: ScenarioSpec): boolean {
  return sharingKey(spec) === NOTHING_CHANGED;
}

/** The scenarios, those together that share their replays. */
export function bySharing(specs: readonly ScenarioSpec[]): ScenarioSpec[][] {
  const groups = new Map<string, ScenarioSpec[]>();
  for (const spec of specs) {
    const key = sharingKey(spec);
    groups.set(key, [...(groups.get(key) ?? []), spec]);
  }
  return [...groups.values()];
}

function runOf(origin: RecordedProcess, spec: ScenarioSpec): ScenarioRun {
  const { trim } = spec;
  const every = typeof trim === "object" ? trim.everySeconds : Number.POSITIVE_INFINITY;
  return new ScenarioRun(modelFor(origin, spec), null, every);
}

/** Scenarios with the same key go through the same states until the log's end. */
function sharingKey({ settings, glibc, cpus, trim }: Omit<ScenarioSpec, "name">): string {
  return JSON.stringify([settings, glibc, cpus, typeof trim === "object" ? trim : null]);
}

const NOTHING_CHANGED = sharingKey({ settings: {}, glibc: null, cpus: null, trim: "never" });

/** What holds for the recorded process holds for the what-if, too, unless that sets it itself. */
function tell(whatIf: WhatIf, findings: Findings): void {
  if (findings.glibc !== null) {
    whatIf.adopt(versionOf(findings.glibc));
  }
  if (findings.cpus !== null) {
    whatIf.tellCpus(findings.cpus);
  }
  for (const { name, value } of findings.settings) {
    for (const model of withoutOwn(whatIf, name)) {
      adoptSetting(model, name, value);
    }
  }
  if (findings.retractsThreshold) {
    withoutOwn(whatIf, MMAP_THRESHOLD).forEach(retractThreshold);
  }
  whatIf.tellUnlogged(findings.unloggedBytes);
}

/** The what-if's models, if it does not set `name` itself. */
function withoutOwn({ specs, runs }: WhatIf, name: string): Ptmalloc[] {
  const own = Object.keys(specs[0]?.settings ?? {}).map(tunableOf);
  return own.includes(tunableOf(name)) ? [] : runs.map(({ model }) => model);
}

function versionOf(glibc: string): Profile {
  const profile = profileOf(glibc);
  if (profile === null) {
    throw new RangeError(`glibc ${glibc} is not modelled`);
  }
  return profile;
}
