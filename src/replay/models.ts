import { type Profile, profileOf } from "../ptmalloc/profile.ts";
import { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { applySetting, MallocPar } from "../ptmalloc/settings.ts";
import type { Provenance } from "../report/report.ts";
import type { LogFacts } from "./log-facts.ts";
import type { AnalysisOptions, ScenarioSpec } from "./scenario.ts";

/** The version taken when neither the user nor the log names one. */
export const DEFAULT_GLIBC = "2.36";

/** What was found out of the recorded process, and from where. */
export interface RecordedProcess {
  readonly glibc: string;
  readonly glibcSource: Provenance;
  readonly profile: Profile;
  readonly cpus: number;
  readonly cpusSource: Provenance;
  readonly settings: Readonly<Record<string, string>>;
}

/** What the user gave goes before what the log says, and that before the defaults. */
export function recordedProcess(options: AnalysisOptions, facts: LogFacts): RecordedProcess {
  const given = options.glibc === "auto" ? null : options.glibc;
  const fromLog = facts.glibc !== null && profileOf(facts.glibc) !== null ? facts.glibc : null;
  const glibc = given ?? fromLog ?? DEFAULT_GLIBC;
  const profile = profileOf(glibc);
  if (profile === null) throw new RangeError(`glibc ${glibc} is not modelled`);
  return {
    glibc,
    glibcSource: given !== null ? "given" : fromLog !== null ? "log" : "default",
    profile,
    cpus: options.cpus ?? facts.cpus ?? options.hostCpus,
    cpusSource: options.cpus !== null ? "given" : facts.cpus !== null ? "log" : "default",
    settings: options.recordedWith ?? facts.settings,
  };
}

/** A model of the recorded process, with the scenario's settings on top of those it had. */
export function modelFor(recorded: RecordedProcess, spec: ScenarioSpec | null): Ptmalloc {
  const profile =
    spec?.glibc == null ? recorded.profile : (profileOf(spec.glibc) ?? recorded.profile);
  const par = new MallocPar(profile);
  const settings = { ...recorded.settings, ...spec?.settings };
  for (const [name, value] of Object.entries(settings)) {
    // The command line was checked before; of a log, settings that cannot be are passed over.
    applySetting(par, profile, name, value);
  }
  return new Ptmalloc(profile, par, spec?.cpus ?? recorded.cpus, initialBreak(profile, settings));
}

/** Where in its page the program break is before malloc starts: it moves by the copy of GLIBC_TUNABLES (trap T21). */
function initialBreak(profile: Profile, settings: Readonly<Record<string, string>>): number {
  const tunables = Object.entries(settings).filter(([name]) => name.startsWith("glibc."));
  if (!profile.tunablesMoveBreak || tunables.length === 0) return 0;
  const value = tunables.map(([name, text]) => `${name}=${text}`).join(":");
  return (`GLIBC_TUNABLES=${value}`.length + 1) % 4096;
}
