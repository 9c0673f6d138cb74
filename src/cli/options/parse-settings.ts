import { PROFILES, profileOf } from "../../ptmalloc/profile.ts";
import { applySetting, MallocPar, settingNames, tunableOf } from "../../ptmalloc/settings.ts";
import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import type { Parsed } from "../../report/wording/parsed.ts";
import { parseDuration } from "../../report/wording/sizes.ts";
import { suggest } from "../../report/wording/suggest.ts";
import { parseCpus } from "./option-values.ts";

/**
 * A what-if: settings as typed into the environment, comma-separated, and mallog's own `malloc_trim=`, `glibc=` and
 * `cpus=`. Each setting is tried on the scenario's glibc, else on `glibc`, the value of --glibc (a version or "auto").
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

/** The settings of the recorded process. mallog's own names are refused: they have options of their own. */
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
      return { error: "malloc_trim: leave it out; the log itself records the program's calls" };
    }
  }
  const settings = Object.fromEntries(pairs.ok);
  const refused = refusal(settings, glibc);
  return refused === null ? { ok: settings } : { error: refused };
}

type Pair = readonly [name: string, value: string];

function pairsOf(text: string): Parsed<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (const part of text.split(",")) {
    if (part.trim() === "" && text.trim() === "") {
      break;
    }
    const pair = parsePair(part);
    if ("error" in pair) {
      return pair;
    }
    const [name, value] = pair.ok;
    if (name !== "GLIBC_TUNABLES") {
      pairs.push(pair.ok);
      continue;
    }
    for (const tunable of value.split(":")) {
      const inner = parsePair(tunable);
      if ("error" in inner) {
        return { error: `GLIBC_TUNABLES: ${inner.error}` };
      }
      pairs.push(inner.ok);
    }
  }
  const seen = new Map<string, string>();
  for (const [name] of pairs) {
    // A setting may have two names: MALLOC_TOP_PAD_ and glibc.malloc.top_pad.
    const setting = tunableOf(name) ?? name;
    const before = seen.get(setting);
    if (before === name) {
      return { error: `${name} is given twice` };
    }
    if (before !== undefined) {
      return { error: `${name} is given twice, first as ${before}` };
    }
    seen.set(setting, name);
  }
  return { ok: pairs };
}

/** Other allocators that people ask for, by name or as the library to preload. */
const OTHER_ALLOCATORS = /jemalloc|tcmalloc|mimalloc|hoard|snmalloc|scudo/i;

function parsePair(text: string): Parsed<Pair> {
  const [other] = OTHER_ALLOCATORS.exec(text) ?? [];
  if (other !== undefined) {
    return {
      error: `${other} is another allocator, and only glibc's is modelled; measure your program under it, started with LD_PRELOAD`,
    };
  }
  const [, name, value] = /^([^=\s]+)=(.+)$/.exec(text.trim()) ?? [];
  return name === undefined || value === undefined
    ? { error: `"${text.trim()}" is not of the form NAME=VALUE` }
    : { ok: [name, value] };
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
      return { error: `malloc_trim=${value}: give end, or an interval like 30s, 500ms or 2m` };
    }
    case "glibc": {
      const parsed = parseGlibc(value);
      return "ok" in parsed
        ? { ok: { ...spec, glibc: value } }
        : { error: `glibc=${value}: ${parsed.error}` };
    }
    case "cpus": {
      const parsed = parseCpus(value);
      return "ok" in parsed
        ? { ok: { ...spec, cpus: parsed.ok } }
        : { error: `cpus=${value}: ${parsed.error}` };
    }
    default:
      return { ok: { ...spec, settings: { ...spec.settings, [name]: value } } };
  }
}

/** A version that is modelled. */
export function parseGlibc(version: string): Parsed<string> {
  if (profileOf(version) !== null) {
    return { ok: version };
  }
  const known = PROFILES.flatMap(({ versions }) => versions);
  return { error: `not modelled; give a version from ${known[0]} to ${known.at(-1)}` };
}

/**
 * Why glibc refuses these settings; null if it takes them. Where `glibc` is "auto", the log decides on the version: then
 * it is enough that one version takes them. If none does, the newest version's reason is returned.
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

/** The known name of which this is the end: ARENA_MAX, arena_max, TRIM_THRESHOLD. Null: there is none. */
function withoutPrefix(name: string, known: readonly string[]): string | null {
  const asTyped = name === name.toUpperCase() ? "MALLOC_" : "glibc.malloc.";
  const whole = [name, `${name}_`].map((one) => `${asTyped}${one}`);
  return known.find((one) => whole.includes(one)) ?? null;
}

const OWN_NAMES = ["malloc_trim", "glibc", "cpus"];

/** Typical: MALLOC_TRIM_THRESHOLD without its last underscore, which glibc ignores silently. */
function misspelling(name: string): string | null {
  const known = [...settingNames(), ...OWN_NAMES];
  if (known.includes(name)) {
    return null;
  }
  const meant = withoutPrefix(name, known) ?? suggest(name, known);
  return meant === null ? null : `unknown setting ${name} (did you mean ${meant}?)`;
}
