/**
 * Size classes of allocators that, unlike glibc, divide memory into slabs of equal slots: bytes of the slot for a request
 * of `bytes`, 1 to MAX_SLOT_REQUEST.
 */
export type SlotBytes = (bytes: number) => number;

/** Larger requests are not judged: their slots are few in a page. */
export const MAX_SLOT_REQUEST = 512;

/** jemalloc and mimalloc: 8, steps of 16 up to 128, then four classes per power of two. */
export function quarterClasses(bytes: number): number {
  return slot(bytes, 4);
}

/** gperftools' tcmalloc: 8, steps of 16 up to 128, then eight classes per power of two. Up to 512 none is merged. */
export function eighthClasses(bytes: number): number {
  return slot(bytes, 8);
}

/** Up to this request, musl never takes a slot of the next class for lack of groups. */
export const MAX_UNIT_REQUEST = 60;

/** musl's mallocng, up to MAX_UNIT_REQUEST: units of 16 with 4 bytes of header. */
export function unitClasses(bytes: number): number {
  return roundUp(bytes + 4, 16);
}

function slot(bytes: number, classesPerDoubling: number): number {
  if (bytes <= 8) {
    return 8;
  }
  const below = 2 ** (31 - Math.clz32(bytes - 1));
  return roundUp(bytes, Math.max(16, below / classesPerDoubling));
}

/** request2size of a 64-bit process (ptmalloc2.md §1): blocks of glibc are at least so far apart. */
export function chunkBytes(bytes: number): number {
  return Math.max(32, roundUp(bytes + 8, 16));
}

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
