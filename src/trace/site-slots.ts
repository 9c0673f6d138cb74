/**
 * Slots of the hash table of AllocationSites: open addressing with linear probing. A slot holds a site in its low bits, and
 * some bits of the hash of the site's key above, so that few rows of other sites need to be read; −1 = empty.
 */

const SITE_BITS = 17;
export const SITE_MASK = 2 ** SITE_BITS - 1;
/** the other bits of the hash, so that a slot is never negative */
const TAG_SHIFT = SITE_BITS + 1;

/** A site that would lie farther from its slot than this is not added: made-up keys cannot make the search long. */
const MAX_DISTANCE = 64;

export function withTagOf(site: number, mixed: number): number {
  return ((mixed >>> TAG_SHIFT) << SITE_BITS) | site;
}

/** False for an empty slot, and for most other keys. */
export function hasTagOf(slot: number, mixed: number): boolean {
  return slot >>> SITE_BITS === mixed >>> TAG_SHIFT;
}

/** The one site without a limit may lie anywhere. */
export function isNear(slot: number, mixed: number, mask: number, limit: number): boolean {
  return ((slot - mixed) & mask) < MAX_DISTANCE || limit === Number.POSITIVE_INFINITY;
}

/** Callers may differ in their high half only: return addresses in libraries that lie far apart. */
export function hash(caller: number, size: number, thread: number): number {
  const high = (caller * 2 ** -32) | 0;
  let mixed =
    Math.imul(caller | 0, 0x9e3779b1) ^
    Math.imul(size | 0, 0x85ebca6b) ^
    Math.imul(thread ^ (high << 16), 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
