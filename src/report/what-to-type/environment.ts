import type { Scenario } from "../contract/report.ts";

export type Variable = readonly [name: string, value: string];

/** The environment variables under which a process runs as in a scenario. */
export interface Environment {
  /** for a process that is started anew: those of the recorded run, too */
  readonly all: readonly Variable[];
  /** for a process that keeps its other variables */
  readonly changed: readonly Variable[];
}

const TUNABLES = "GLIBC_TUNABLES";

/**
 * `statedTunables`: the recorded process's GLIBC_TUNABLES. A new value replaces all of it, so that a change of one tunable
 * repeats the others.
 */
export function environmentOf(
  scenario: Scenario,
  recorded: Scenario,
  statedTunables: string | null,
): Environment {
  const before = new Map(Object.entries(recorded.settings).map((one) => [tunableOf(one[0]), one]));
  const wanted = new Map<string, Setting>();
  for (const [name, value] of Object.entries(scenario.settings)) {
    const key = tunableOf(name);
    const [nameBefore, valueBefore] = before.get(key) ?? [];
    // GLIBC_TUNABLES overrides variables (ptmalloc2.md §8): what it sets has to be set there again.
    const isTunable = name === key || nameBefore === key;
    wanted.set(key, { key, name: isTunable ? key : name, value, isChanged: value !== valueBefore });
  }
  const all = [...wanted.values()];
  const changed = all.filter(({ isChanged }) => isChanged);
  const tunables = tunablesVariable(
    all,
    (statedTunables ?? "").split(":").filter((part) => {
      const [name = "", ...values] = part.split("=");
      return name !== "" && values.length === 1 && !wanted.has(name);
    }),
  );
  return {
    all: [...variables(all), ...tunables],
    changed: [...variables(changed), ...(changed.some(isTunable) ? tunables : [])],
  };
}

interface Setting {
  /** the tunable's name, whichever name is used */
  readonly key: string;
  readonly name: string;
  readonly value: string;
  readonly isChanged: boolean;
}

function isTunable({ name, key }: Setting): boolean {
  return name === key;
}

function variables(settings: readonly Setting[]): Variable[] {
  return settings.filter((one) => !isTunable(one)).map(({ name, value }) => [name, value]);
}

/** `others`: parts of the variable that no setting replaces */
function tunablesVariable(settings: readonly Setting[], others: readonly string[]): Variable[] {
  const parts = settings.filter(isTunable).map(({ name, value }) => `${name}=${value}`);
  const value = [...others, ...parts].join(":");
  return value === "" ? [] : [[TUNABLES, value]];
}

/** "glibc.malloc.top_pad" of MALLOC_TOP_PAD_ or of itself: all variables are named by this rule (§8). */
export function tunableOf(name: string): string {
  const [, words] = /^MALLOC_(\w+?)_?$/.exec(name) ?? [];
  return words === undefined ? name : `glibc.malloc.${words.toLowerCase()}`;
}
