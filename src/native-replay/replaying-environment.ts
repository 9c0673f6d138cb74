import { tunableOf } from "../ptmalloc/settings.ts";

/** What the environment of a replaying process depends on. */
export interface SettingsToReplay {
  /** of the scenario, by name */
  readonly settings: Readonly<Record<string, string>>;
  /** the recorded process's whole GLIBC_TUNABLES with the tunables in it, if the log states it; null: it does not */
  readonly recorded: {
    readonly settings: Readonly<Record<string, string>>;
    readonly tunables: string;
  } | null;
  /** CPUs of the recorded machine; null: not known, and the model limits no arenas */
  readonly cpus: number | null;
}

/** More arenas than a log has threads. */
const NO_LIMIT = 2 ** 20;

/**
 * Returns the environment variables of a process that has the settings. The limit of arenas, which glibc derives from the CPUs of
 * the machine that it runs on, is that of the recorded machine.
 */
export function replayingEnvironment({
  settings,
  recorded,
  cpus,
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
  if (!Object.keys(settings).some((name) => tunableOf(name) === "glibc.malloc.arena_max")) {
    env.MALLOC_ARENA_MAX = String(cpus === null ? NO_LIMIT : 8 * cpus);
  }
  return env;
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
