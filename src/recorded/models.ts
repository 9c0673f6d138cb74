import { PAGE } from "../ptmalloc/chunks.ts";
import { type Profile, profileOf } from "../ptmalloc/profile.ts";
import { Ptmalloc, UNKNOWN_CPUS } from "../ptmalloc/ptmalloc.ts";
import { applySetting, MallocPar } from "../ptmalloc/settings.ts";
import type { AnalysisOptions, ScenarioSpec } from "../replay/analysis-options.ts";
import type { ShownSetting } from "../replay/pointers/pointer-witness.ts";
import type { Provenance } from "../report/report.ts";
import type { LogFacts, ThpMode } from "../trace/log-facts.ts";

/**
 * The versions a log may be of when neither the user nor the log says, by how many machines run them: where the log
 * cannot tell some apart, the first is named. Tags that distributions do not ship come last.
 */
const BY_USE = [
  "2.36",
  "2.31",
  "2.39",
  "2.27",
  "2.41",
  "2.17",
  "2.23",
  "2.42-stable",
  "2.43",
  "2.26",
  "2.22",
  "2.19",
  "2.42",
  "2.38-tag",
  "2.37-tag",
];

/** What was found out of the recorded process, and from where. */
export interface RecordedProcess {
  readonly glibc: string;
  readonly glibcSource: Provenance;
  readonly profile: Profile;
  /** null: nobody says; the log's arenas may show it */
  readonly cpus: number | null;
  readonly settings: Readonly<Record<string, string>>;
  /** where the settings that were not found out are from; "default" when nobody tells of any */
  readonly settingsSource: Provenance;
  /** those of the settings that the log's pointers showed from its beginning on */
  readonly shown: readonly ShownSetting[];
  readonly thp: ThpMode;
}

/**
 * The processes the log may be of: one, where the user or the log names the glibc; else one a version, likeliest
 * first. What the user gave goes before what the log says, and that before the defaults.
 */
export function recordedProcesses(options: AnalysisOptions, facts: LogFacts): RecordedProcess[] {
  const given = options.glibc === "auto" ? null : options.glibc;
  const fromLog = facts.glibc !== null && profileOf(facts.glibc) !== null ? facts.glibc : null;
  const glibc = given ?? fromLog;
  if (glibc === null) {
    return BY_USE.map((name) => recordedProcess(name, "detected", options, facts));
  }
  return [recordedProcess(glibc, given === null ? "log" : "given", options, facts)];
}

function recordedProcess(
  glibc: string,
  glibcSource: Provenance,
  options: AnalysisOptions,
  facts: LogFacts,
): RecordedProcess {
  const profile = profileOf(glibc);
  if (profile === null) {
    throw new RangeError(`glibc ${glibc} is not modelled`);
  }
  return {
    glibc,
    glibcSource,
    profile,
    cpus: options.cpus ?? facts.cpus,
    settings: options.recordedWith ?? accepted(profile, facts.settings),
    settingsSource: settingsSource(options, facts),
    shown: [],
    thp: options.thp ?? facts.thp ?? "madvise",
  };
}

function settingsSource(options: AnalysisOptions, facts: LogFacts): Provenance {
  if (options.recordedWith !== null) {
    return "given";
  }
  return Object.keys(facts.settings).length > 0 ? "log" : "default";
}

/** Of the settings a log names, those that its glibc takes: the others had no effect on the process either. */
function accepted(profile: Profile, settings: Readonly<Record<string, string>>) {
  const par = new MallocPar(profile);
  const taken = Object.entries(settings).filter(
    ([name, value]) => applySetting(par, profile, name, value) === null,
  );
  return Object.fromEntries(taken);
}

/** A setting that the chosen glibc does not have, or refuses; found out when the log has told the version. */
export class SettingRefused extends Error {
  /** the scenario that asks for it; null for the recorded run */
  readonly scenario: string | null;

  constructor(scenario: string | null, reason: string) {
    super(reason);
    this.name = "SettingRefused";
    this.scenario = scenario;
  }
}

/**
 * What the recorded process starts with, with the scenario's settings on top of those it had.
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
 * A model of that process.
 * @throws SettingRefused
 */
export function modelFor(recorded: RecordedProcess, spec: ScenarioSpec | null): Ptmalloc {
  const { profile, par, settings } = parFor(recorded, spec);
  const cpus = spec?.cpus ?? recorded.cpus ?? UNKNOWN_CPUS;
  const model = new Ptmalloc(profile, par, cpus, initialBreak(profile, settings));
  model.hugePages = recorded.thp === "always";
  return model;
}

/** Where in its page the program break is before malloc starts: it moves by the copy of GLIBC_TUNABLES (trap T21). */
function initialBreak(profile: Profile, settings: Readonly<Record<string, string>>): number {
  const tunables = Object.entries(settings).filter(([name]) => name.startsWith("glibc."));
  if (!profile.tunablesMoveBreak || tunables.length === 0) {
    return 0;
  }
  const value = tunables.map(([name, text]) => `${name}=${text}`).join(":");
  return (`GLIBC_TUNABLES=${value}`.length + 1) % PAGE;
}
