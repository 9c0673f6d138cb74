import { PROFILES, profileOf } from "../ptmalloc/profile.ts";
import { applySetting, MallocPar, settingNames, tunableOf } from "../ptmalloc/settings.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { parseDuration } from "../report/sizes.ts";
import { suggest } from "../report/suggest.ts";

/** A specification, or in one line why there is none. */
export type Parsed<T> = { readonly ok: T } | { readonly error: string };

/**
 * SETTINGS as one would type them into the environment, comma-separated, beside mallog's own `malloc_trim=`, `glibc=`
 * and `cpus=`. Every setting is tried on the glibc in question, `glibc` being that of --glibc or "auto".
 */
export function parseScenario(text: string, glibc: string): Parsed<ScenarioSpec> {
  const pairs = pairsOf(text);
  if ("error" in pairs) {
    return pairs;
  }
  let spec: ScenarioSpec = {
    name: text
      .split(",")
      .map((part) => part.trim())
      .join(","),
    settings: {},
    trim: "never",
    glibc: null,
    cpus: null,
  };
  for (const [name, value] of pairs.ok) {
    const next = withPair(spec, name, value);
    if ("error" in next) {
      return next;
    }
    spec = next.ok;
  }
  if (pairs.ok.length === 0) {
    return { error: "no setting given" };
  }
  const refused = refusal(spec.settings, spec.glibc ?? glibc);
  return refused === null ? { ok: spec } : { error: refused };
}

/** What the recorded process had in its environment; mallog's own words have options of their own. */
export function parseRecordedWith(
  text: string,
  glibc: string,
): Parsed<Readonly<Record<string, string>>> {
  const pairs = pairsOf(text);
  if ("error" in pairs) {
    return pairs;
  }
  for (const [name] of pairs.ok) {
    if (name === "glibc" || name === "cpus") {
      return { error: `use --${name} for the recorded run` };
    }
    if (name === "malloc_trim") {
      return { error: "malloc_trim=: the log itself tells when the program trimmed" };
    }
  }
  const settings = Object.fromEntries(pairs.ok);
  const refused = refusal(settings, glibc);
  return refused === null ? { ok: settings } : { error: refused };
}

/** What is tried when no --what-if is given. */
export const DEFAULT_WHAT_IFS: readonly string[] = [
  "malloc_trim=end",
  "MALLOC_ARENA_MAX=1",
  "MALLOC_ARENA_MAX=2",
  "MALLOC_ARENA_MAX=1,malloc_trim=end",
];

type Pair = readonly [name: string, value: string];

function pairsOf(text: string): Parsed<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (const part of text.split(",")) {
    if (part.trim() === "" && text.trim() === "") {
      break;
    }
    const pair = pairOf(part);
    if (pair === null) {
      return { error: `"${part.trim()}" is not of the form NAME=VALUE` };
    }
    const [name, value] = pair;
    if (name !== "GLIBC_TUNABLES") {
      pairs.push(pair);
      continue;
    }
    for (const tunable of value.split(":")) {
      const inner = pairOf(tunable);
      if (inner === null) {
        return { error: `GLIBC_TUNABLES: "${tunable}" is not of the form NAME=VALUE` };
      }
      pairs.push(inner);
    }
  }
  const seen = new Map<string, string>();
  for (const [name] of pairs) {
    // A setting has up to two names, MALLOC_TOP_PAD_ and glibc.malloc.top_pad.
    const meant = tunableOf(name) ?? name;
    const before = seen.get(meant);
    if (before === name) {
      return { error: `${name} is given twice` };
    }
    if (before !== undefined) {
      return { error: `${name} is given twice, first as ${before}` };
    }
    seen.set(meant, name);
  }
  return { ok: pairs };
}

function pairOf(text: string): Pair | null {
  const [, name, value] = /^([^=\s]+)=(.+)$/.exec(text.trim()) ?? [];
  return name === undefined || value === undefined ? null : [name, value];
}

function withPair(spec: ScenarioSpec, name: string, value: string): Parsed<ScenarioSpec> {
  switch (name) {
    case "malloc_trim": {
      if (value === "end") {
        return { ok: { ...spec, trim: "end" } };
      }
      const everySeconds = parseDuration(value);
      if (everySeconds !== null) {
        return { ok: { ...spec, trim: { everySeconds } } };
      }
      return { error: `malloc_trim=${value}: give end, or how often, like 30s, 500ms or 2m` };
    }
    case "glibc": {
      const error = unknownGlibc(value);
      return error === null ? { ok: { ...spec, glibc: value } } : { error };
    }
    case "cpus": {
      const cpus = parseCpus(value);
      if (cpus !== null) {
        return { ok: { ...spec, cpus } };
      }
      return { error: `cpus=${value}: give a whole number from 1 to ${MAX_CPUS}` };
    }
    default:
      return { ok: { ...spec, settings: { ...spec.settings, [name]: value } } };
  }
}

/** NR_CPUS of the largest x86_64 kernels */
export const MAX_CPUS = 8192;

export function parseCpus(text: string): number | null {
  const cpus = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  return cpus >= 1 && cpus <= MAX_CPUS ? cpus : null;
}

/** Null for a version that is modelled, else one line that names those that are. */
export function unknownGlibc(version: string): string | null {
  if (profileOf(version) !== null) {
    return null;
  }
  const known = PROFILES.flatMap(({ versions }) => versions);
  return `glibc ${version} is not modelled; known are ${known[0]} to ${known.at(-1)}`;
}

/**
 * Why glibc could not run with these settings; null when it could. Which glibc "auto" will be, only the log tells: then
 * it is enough that one version takes them, and the newest one's words are given when none does.
 */
function refusal(settings: Readonly<Record<string, string>>, glibc: string): string | null {
  const given = profileOf(glibc);
  let first: string | null = null;
  for (const profile of given === null ? [...PROFILES].reverse() : [given]) {
    const par = new MallocPar(profile);
    let reason: string | null = null;
    for (const [name, value] of Object.entries(settings)) {
      reason ??= misspelling(name) ?? applySetting(par, profile, name, value);
    }
    if (reason === null) {
      return null;
    }
    first ??= reason;
  }
  return first;
}

const OWN_NAMES = ["malloc_trim", "glibc", "cpus"];

/** MALLOC_TRIM_THRESHOLD without its last underscore is what people type, and what glibc ignores without a word. */
function misspelling(name: string): string | null {
  const known = [...settingNames(), ...OWN_NAMES];
  if (known.includes(name)) {
    return null;
  }
  const meant = suggest(name, known);
  return meant === null ? null : `unknown setting ${name} (did you mean ${meant}?)`;
}
