import { enlarge } from "../../../wasm/core/store";
import { state } from "./ledger-state";

/**
 * Slots of the hash table of the sites: open addressing with linear probing, at most half full. A slot holds a site plus 1 in
 * its low bits, and some bits of the hash of the site's key above, so that few rows of other sites need to be read.
 */

const SITE_BITS: u32 = 17;
const SITE_MASK: u32 = (1 << SITE_BITS) - 1;
const TAG_SHIFT: u32 = SITE_BITS;

/** A site that would lie farther from its slot than this is not added: made-up keys cannot make the search long. */
const MAX_DISTANCE: u32 = 64;

export function slotAt(slot: u32): u32 {
  return load<u32>(state.siteSlots + ((<usize>slot) << 2));
}

/** The site of a slot; −1 for an empty one. */
export function siteIn(slot: u32): i32 {
  return <i32>(slot & SITE_MASK) - 1;
}

/** False for most other keys. */
export function hasTagOf(slot: u32, mixed: u32): bool {
  return slot >> SITE_BITS === mixed >> TAG_SHIFT;
}

export function setSlot(slot: u32, site: i32, mixed: u32): void {
  store<u32>(
    state.siteSlots + ((<usize>slot) << 2),
    ((mixed >> TAG_SHIFT) << SITE_BITS) | <u32>(site + 1),
  );
}

/** Doubles the slots, and empties all. */
export function renewSlots(): void {
  const bytes = (<usize>(state.siteMask + 1)) << 2;
  state.siteSlots = enlarge(state.siteSlots, bytes);
  memory.fill(state.siteSlots, 0, bytes << 1);
  state.siteMask = state.siteMask * 2 + 1;
}

/** The one site without a limit may lie anywhere. */
export function isNear(slot: u32, mixed: u32, limit: i32): bool {
  return ((slot - mixed) & state.siteMask) < MAX_DISTANCE || limit === i32.MAX_VALUE;
}

const TWO_TO_MINUS_32: f64 = 1 / 4294967296;

/** Callers may differ in their high half only: return addresses in libraries that lie far apart. */
export function hash(caller: f64, size: f64, thread: i32): u32 {
  const high = <i32>(<i64>(caller * TWO_TO_MINUS_32));
  let mixed =
    (lowWord(caller) * 0x9e3779b1) ^
    (<u32>(<i64>size) * 0x85ebca6b) ^
    (<u32>(thread ^ (high << 16)) * 0xc2b2ae35);
  mixed ^= mixed >> 15;
  mixed *= 0x2c1b3c6d;
  return mixed ^ (mixed >> 13);
}

/** The lower half of a whole number; addresses of the kernel exceed an i64. */
function lowWord(value: f64): u32 {
  return value < 0x8000_0000_0000_0000 ? <u32>(<i64>value) : <u32>(<u64>value);
}
