import type { Profile } from "../ptmalloc/profile.ts";
import { applySetting, MallocPar, tunableOf } from "../ptmalloc/settings.ts";
import type { LogFacts } from "../trace/stated/log-facts.ts";

/**
 * The settings that a log states for its process, without those that its glibc ignores. Of several that set the same
 * tunable the one counts that glibc applies last (ptmalloc2.md §8): after the lines of /etc/tunables.conf come MALLOC_*
 * variables, then GLIBC_TUNABLES; a line of the file may forbid both.
 */
export function statedSettings(facts: LogFacts, profile: Profile): Record<string, string> {
  const par = new MallocPar(profile);
  const taken = new Map<string, Tunable>();
  const take = (one: Tunable): void => {
    const key = tunableOf(one.name) ?? one.name;
    if (one.from === "environment" && taken.get(key)?.isFinal) {
      return;
    }
    if (applySetting(par, profile, one.name, one.value) === null) {
      taken.set(key, one);
    }
  };
  if (profile.tunables === "file") {
    for (const one of inFile(facts.tunablesConf, facts.program)) {
      take(one);
    }
  }
  const stated = Object.entries(facts.settings);
  const isTunable = (name: string) => name === TUNABLES || name.startsWith("glibc.");
  const variables = stated.filter(([name]) => !isTunable(name));
  const tunables = stated
    .filter(([name]) => isTunable(name))
    .flatMap((one) => (one[0] === TUNABLES ? tunablesIn(one[1], profile) : [one]));
  for (const pair of [...variables, ...tunables]) {
    take(inEnvironment(pair));
  }
  return Object.fromEntries([...taken.values()].map(({ name, value }) => [name, value]));
}

/** The environment variable that holds all tunables. */
export const TUNABLES = "GLIBC_TUNABLES";

interface Tunable {
  /** of an environment variable or a tunable */
  readonly name: string;
  readonly value: string;
  readonly from: "file" | "environment";
  /** the environment cannot change it */
  readonly isFinal: boolean;
}

function inEnvironment([name, value]: readonly [string, string]): Tunable {
  return { name, value, from: "environment", isFinal: false };
}

/**
 * The tunables in a value such as "glibc.malloc.arena_max=2:glibc.malloc.perturb=1". glibc up to 2.38 skips malformed parts;
 * later ones take none if "=" is missing at the end, or twice in a part. A name without "=" elsewhere is skipped.
 */
function tunablesIn(text: string, { tunables }: Profile): [string, string][] {
  const parts = text.split(":");
  const isMalformed =
    !parts.at(-1)?.includes("=") || parts.some((part) => part.split("=").length > 2);
  if (tunables !== "parts" && isMalformed) {
    return [];
  }
  return parts.flatMap((part) => {
    const [name, value, more] = part.split("=");
    return name === undefined || value === undefined || more !== undefined ? [] : [[name, value]];
  });
}

/**
 * An assignment with its prefixes. glibc reads a value up to the first character that is not a decimal digit. No name begins
 * with a prefix: otherwise the time grows with the square of a line of prefixes.
 */
const ASSIGNMENT =
  /^((?:[-+@$*\s]|(?:onlysecure|nonsecure|anysecure)\s)*)(?![-+@$*])([^\s=#]+)\s*=\s*(-?\d+)/;

/**
 * The tunables that /etc/tunables.conf sets for `program`. A line "[proc:NAME]" or "[proc:/PATH]" limits the lines below it
 * to one program, up to the next line in brackets. Prefixes say whether the environment may change a tunable ("-": no,
 * "+": yes), and whether it holds for setuid programs only ("@" or "onlysecure").
 */
function inFile(lines: readonly string[], program: string | null): Tunable[] {
  const found: Tunable[] = [];
  let applies = true;
  for (const line of lines) {
    const filter = /^\[([^\]]*)\]/.exec(line)?.[1];
    if (filter !== undefined) {
      // glibc skips a filter without colon.
      applies = filter === "" || (filter.includes(":") ? isFor(filter, program) : applies);
      continue;
    }
    const [, prefix = "", name, value] = ASSIGNMENT.exec(line) ?? [];
    if (applies && name !== undefined && value !== undefined && !/@|onlysecure/.test(prefix)) {
      found.push({ name, value, from: "file", isFinal: prefix.includes("-") });
    }
  }
  return found;
}

/** True if a filter holds for the program. While the log does not state the program, no filter holds for one. */
function isFor(filter: string, program: string | null): boolean {
  const wanted = /^proc:(.*)$/.exec(filter)?.[1];
  // Filters of another kind hold for all.
  if (wanted === undefined) {
    return true;
  }
  return wanted.startsWith("/") ? program === wanted : program?.split("/").at(-1) === wanted;
}
