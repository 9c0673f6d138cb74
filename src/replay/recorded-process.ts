import type { Machine } from "../ptmalloc/machine.ts";
import { type Profile, profileOf } from "../ptmalloc/profile.ts";
import { Ptmalloc, UNKNOWN_CPUS } from "../ptmalloc/ptmalloc.ts";
import { applySetting, MallocPar } from "../ptmalloc/settings.ts";
import type { Provenance } from "../report/contract/report.ts";
import type { ShownSetting } from "./inferred-settings.ts";
import type { ScenarioSpec } from "./scenario-spec.ts";

/** What is known of the process that wrote the log, each with its source; plain data. */
export interface RecordedProcess extends Machine {
  readonly glibc: string;
  readonly glibcSource: Provenance;
  readonly profile: Profile;
  /** null: not given; the log's arenas may show it */
  readonly cpus: number | null;
  readonly settings: Readonly<Record<string, string>>;
  /** the whole value of GLIBC_TUNABLES, if the log states it; `settings` has what it sets in malloc */
  readonly tunables: string | null;
  /** source of the settings that were not inferred; "default" when none are given */
  readonly settingsSource: Provenance;
  /** those of the settings that the log's pointers showed from its beginning on */
  readonly shown: readonly ShownSetting[];
  /** Heap.start of the break area; 0: unknown */
  readonly breakStart: number;
}

/** A setting that the chosen glibc lacks or refuses. It is found only when the log has shown the version. */
export class SettingRefused extends Error {
  /** the scenario that sets it; null for the recorded run */
  readonly scenario: string | null;

  constructor(scenario: string | null, reason: string) {
    super(reason);
    this.name = "SettingRefused";
    this.scenario = scenario;
  }
}

/**
 * Returns the start parameters of the recorded process, with the scenario's settings on top.
 * @throws SettingRefused
 */
export function parFor(
  recorded: RecordedProcess,
  spec: ScenarioSpec | null,
): { profile: Profile; par: MallocPar; settings: Readonly<Record<string, string>> } {
  const profile =
    spec?.glibc == null ? recorded.profile : (profileOf(spec.glibc) ?? recorded.profile);
  const par = new MallocPar(profile);
  const settings = { ...recorded.settings, ...spec?.settings };
  for (const [name, value] of Object.entries(settings)) {
    const refused = applySetting(par, profile, name, value);
    if (refused !== null) {
      throw new SettingRefused(spec?.name ?? null, refused);
    }
  }
  return { profile, par, settings };
}

/**
 * Returns a fresh model of the recorded process, with the scenario's settings on top.
 * @throws SettingRefused
 */
export function modelFor(recorded: RecordedProcess, spec: ScenarioSpec | null): Ptmalloc {
  const { profile, par, settings } = parFor(recorded, spec);
  const cpus = spec?.cpus ?? recorded.cpus ?? UNKNOWN_CPUS;
  const start = initialBreak(profile, recorded, settings);
  const { arch, pageBytes, thp } = recorded;
  const model = new Ptmalloc(profile, par, cpus, start, { arch, pageBytes, thp });
  model.breakHeap.start = recorded.breakStart;
  return model;
}

/** Returns the program break's offset in its page before malloc starts: the copy of GLIBC_TUNABLES moves it (trap T21). */
function initialBreak(
  profile: Profile,
  recorded: RecordedProcess,
  settings: Readonly<Record<string, string>>,
): number {
  const tunables = Object.entries(settings).filter(([name]) => name.startsWith("glibc."));
  const isAsRecorded = tunables.every(([name, text]) => recorded.settings[name] === text);
  const stated = isAsRecorded ? recorded.tunables : null;
  const value = stated ?? tunables.map(([name, text]) => `${name}=${text}`).join(":");
  if (!profile.tunablesMoveBreak || value === "") {
    return 0;
  }
  return (`GLIBC_TUNABLES=${value}`.length + 1) % recorded.pageBytes;
}
