import { allocate } from "../../../wasm/core/store";
import { FREED_LEAVES } from "./ledger-state";

/**
 * A bounded memory of pointers that were freed. It distinguishes a double free from the free of a pointer that the log never
 * showed. Direct-mapped: each pointer has one of 65,536 places, which holds the last one freed there; a double free whose
 * place was overwritten counts as the free of an unknown pointer.
 */

const PLACES: u32 = 1 << 16;
/** Places lie in leaves of 512, which are made when they are needed: a short log frees few pointers. */
const LEAF_SHIFT: u32 = 9;
const LEAF_MASK: u32 = 511;

export function addFreed(p: f64): void {
  const place = placeOf(p);
  const entry = FREED_LEAVES + ((<usize>(place >> LEAF_SHIFT)) << 2);
  let leaf = load<usize>(entry);
  if (leaf === 0) {
    leaf = allocate(8 << LEAF_SHIFT);
    store<usize>(entry, leaf);
  }
  store<f64>(leaf + ((<usize>(place & LEAF_MASK)) << 3), p);
}

export function wasFreed(p: f64): bool {
  const place = placeOf(p);
  const leaf = load<usize>(FREED_LEAVES + ((<usize>(place >> LEAF_SHIFT)) << 2));
  return leaf !== 0 && load<f64>(leaf + ((<usize>(place & LEAF_MASK)) << 3)) === p;
}

/** A place for each 32 bytes, the smallest chunk; the second term spreads heaps, which lie 64 MiB apart. */
function placeOf(p: f64): u32 {
  const address = <i64>p;
  return (<u32>(address >> 5) + <u32>(address >> 26) * 0x9e3779b1) & (PLACES - 1);
}
