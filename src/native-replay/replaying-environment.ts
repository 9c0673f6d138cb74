import { profileOf } from "../ptmalloc/profile.ts";
import { MallocPar, tunableOf } from "../ptmalloc/settings.ts";

/** What the environment of a replaying process depends on. */
export interface SettingsToReplay {
  /** of the scenario, by name */
  readonly settings: Readonly<Record<string, string>>;
  /** the recorded process's whole GLIBC_TUNABLES with the tunables in it, if the log states it; null: it does not */
  readonly recorded: {
    readonly settings: Readonly<Record<string, string>>;
    readonly tunables: string;
  } | null;
  /** CPUs of the recorded machine; null: not known */
  readonly cpus: number | null;
  /** arenas that the model has made */
  readonly arenas: number;
  /** version of the replaying process's glibc */
  readonly glibc: string;
}

/** No version limits arenas to fewer, whatever the CPUs. */
const LEAST_LIMIT = 8;

/**
 * Returns the environment variables of a process that has the settings. The limit of arenas, which glibc derives from the CPUs of
 * the machine that it runs on, is that of the recorded machine.
 */
export function replayingEnvironment({
  settings,
  recorded,
  cpus,
  arenas,
  glibc,
}: SettingsToReplay): Record<string, string> {
  const env: Record<string, string> = {};
  const tunables: [string, string][] = [];
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith("glibc.")) {
      tunables.push([name, value]);
    } else {
      env[name] = value;
    }
  }
  if (tunables.length > 0) {
    env.GLIBC_TUNABLES = tunablesText(tunables, recorded);
  }
  // Where CPUs are not known, the model goes by the arenas that the log shows.
  const limit = cpus === null ? Math.max(LEAST_LIMIT, arenas) : arenaLimit(cpus, glibc);
  if (limit !== null && !Object.keys(settings).some(limitsArenas)) {
    env.MALLOC_ARENA_MAX = String(limit);
  }
  return env;
}

function limitsArenas(name: string): boolean {
  return ["glibc.malloc.arena_max", "glibc.malloc.arena_test"].includes(tunableOf(name) ?? "");
}

/** The limit that a version derives from CPUs (ptmalloc2.md §6.1); null: the version is not known. */
function arenaLimit(cpus: number, glibc: string): number | null {
  const profile = profileOf(glibc);
  if (profile === null) {
    return null;
  }
  switch (profile.arenaLimit) {
    case "eightPerCpu":
      return 8 * cpus;
    case "cpusOrTest":
      return Math.max(cpus, new MallocPar(profile).arenaTest);
  }
}

/** As the recorded process had it, if nothing in it has changed: its length moves the break of older glibcs (trap T21). */
function tunablesText(
  tunables: readonly (readonly [string, string])[],
  recorded: SettingsToReplay["recorded"],
): string {
  const isAsRecorded =
    recorded !== null && tunables.every(([name, value]) => recorded.settings[name] === value);
  return isAsRecorded
    ? recorded.tunables
    : tunables.map(([name, value]) => `${name}=${value}`).join(":");
}
