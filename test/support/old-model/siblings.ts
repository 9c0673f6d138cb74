import { GRANULE, MAPPED, STATE } from "./chunks.ts";
import type { Profile } from "./profile.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { usableBytes } from "./realloc.ts";

/**
 * Sibling versions differ only in how memalign searches for a chunk (ptmalloc2.md §5.3) and in realloc's shortcut
 * (§5.1), as those from 2.35 to 2.40 do, or in the settings that they accept, as 2.27 and 2.28 do. Under the same settings
 * and until a call that they may treat differently, one model has the state of all of them.
 */
export function areSiblings(a: Profile, b: Profile): boolean {
  const { name, versions, sameAddressesAs, mxfastTunable, tunables } = b;
  const { memalign, memalignUsesTcache, reallocShortcut } = b;
  const aWithRulesOfB = {
    ...a,
    name,
    versions,
    sameAddressesAs,
    mxfastTunable,
    tunables,
    memalign,
    memalignUsesTcache,
    reallocShortcut,
  };
  const keys = Object.keys(b) as (keyof Profile)[];
  return keys.every((key) => aWithRulesOfB[key] === b[key]);
}

/** The calls that siblings may treat differently. */
export type DifferingCall = "realloc" | "memalign";

/** True if two siblings have the same rule for such calls. */
export function haveSameRule(a: Profile, b: Profile, call: DifferingCall): boolean {
  switch (call) {
    case "realloc":
      return a.reallocShortcut === b.reallocShortcut;
    case "memalign":
      return a.memalign === b.memalign && a.memalignUsesTcache === b.memalignUsesTcache;
  }
}

/**
 * False if the sibling `other` certainly treats a call as the model's version does: a memalign, or a realloc of chunk
 * `c` to `bytes`.
 */
export function mayDifferAt(
  m: Ptmalloc,
  other: Profile,
  call: DifferingCall,
  c: number,
  bytes: number,
): boolean {
  if (haveSameRule(m.profile, other, call)) {
    return false;
  }
  if (call === "memalign") {
    return true;
  }
  const rules = [m.profile.reallocShortcut, other.reallocShortcut];
  const slack = usableBytes(m, c) - bytes;
  // No shortcut applies to a block that grows.
  if (slack < 0) {
    return false;
  }
  const anyKeepsLarger = rules.includes("shrinksLittle");
  if (m.chunks.words[c + STATE] === MAPPED) {
    return slack <= m.pageBytes || anyKeepsLarger;
  }
  // Without the shortcut, a thread's first call allocates its tcache.
  if (m.thread.tcache === "inactive") {
    return true;
  }
  // A block that "fits" keeps has the right size already. One that shrinks more is split, except by "shrinksLittle".
  return slack >= GRANULE && anyKeepsLarger;
}
