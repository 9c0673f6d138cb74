/** sizeof(dtv_t) in bytes. */
const DTV_SLOT = 16;

/** Slots of a new thread vector beyond those of the loaded modules. */
export const DTV_SURPLUS = 14;

/**
 * Returns the slots of the thread vector (DTV) that a block of `bytes` holds, 14 or more (16 bytes each, and two at its
 * head); 0 if the block cannot be a thread vector. ld.so frees the vector of a stack that leaves the stack cache
 * (_dl_deallocate_tls, ptmalloc2.md §6.4): first the block of each slot, NULL where a module has none, then the vector.
 */
export function dtvSlots(bytes: number): number {
  const slots = bytes / DTV_SLOT - 2;
  return Number.isInteger(slots) && slots >= DTV_SURPLUS ? slots : 0;
}
