import { GRANULE, MAPPED, PAGE, STATE } from "./chunks.ts";
import type { Profile } from "./profile.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { usableBytes } from "./realloc.ts";

/**
 * Versions whose rules differ only in how memalign looks for a chunk (ptmalloc2.md §5.3) and in which blocks realloc
 * returns at once (§5.1), as those from 2.35 to 2.40 do: until a call comes that they may treat differently, one model
 * is in the state of all of them.
 */
export function areSiblings(a: Profile, b: Profile): boolean {
  const { name, versions, sameAddressesAs, memalign, memalignUsesTcache, reallocAtOnce } = b;
  const likeB = {
    ...a,
    name,
    versions,
    sameAddressesAs,
    memalign,
    memalignUsesTcache,
    reallocAtOnce,
  };
  const keys = Object.keys(b) as (keyof Profile)[];
  return keys.every((key) => likeB[key] === b[key]);
}

/** The calls that kindred versions may treat differently. */
export type DifferingCall = "realloc" | "memalign";

/** True if two kindred versions have the same rules for such calls. */
export function haveSameRule(a: Profile, b: Profile, call: DifferingCall): boolean {
  if (call === "realloc") {
    return a.reallocAtOnce === b.reallocAtOnce;
  }
  return a.memalign === b.memalign && a.memalignUsesTcache === b.memalignUsesTcache;
}

/**
 * True if kindred version `other` may treat a call otherwise than the model's own does; where that is not plain to see
 * it may. A realloc is of chunk `c`, to `bytes`.
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
  const ways = [m.profile.reallocAtOnce, other.reallocAtOnce];
  const slack = usableBytes(m, c) - bytes;
  // No short cut is for a block that grows.
  if (slack < 0) {
    return false;
  }
  const isLax = ways.includes("shrinksLittle");
  if (m.chunks.words[c + STATE] === MAPPED) {
    return slack <= PAGE || isLax;
  }
  // Without a short cut a thread's first call makes its tcache.
  if (m.thread.tcache === "inactive") {
    return true;
  }
  // What "fits" leaves in place has its right size already; what else shrinks is cut, but for "shrinksLittle".
  return slack >= GRANULE && isLax;
}
