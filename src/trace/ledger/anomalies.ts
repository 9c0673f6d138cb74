/** Pointers that cannot be as logged; counted, never fatal. */
export interface PointerAnomalies {
  /** free (or realloc to 0 bytes) of a pointer that no logged call returned */
  freeUnknown: number;
  /** free (or realloc to 0 bytes) of a pointer that was freed before and not returned since */
  doubleFree: number;
  /** an allocation returned a pointer that the log still shows live: its free is missing or logged later */
  reusedLive: number;
  /** an allocation returned a pointer whose low 32 bits, all that the log has, are those of another thread's live block */
  collidingPointers: number;
  /** realloc of a pointer that no logged call returned, or that was freed since */
  foreignRealloc: number;
  /** an allocation returned a pointer for a size, or an alignment, beyond what a process can address, also together */
  impossibleSize: number;
}

export interface AnomalyCounts extends PointerAnomalies {
  /** lines with a time before that of the line above, once in order; lines without time are skipped */
  reordered: number;
  /** lines moved before one above them, because their pointers show that they came first */
  swapped: number;
}

export function noPointerAnomalies(): PointerAnomalies {
  return {
    freeUnknown: 0,
    doubleFree: 0,
    reusedLive: 0,
    collidingPointers: 0,
    foreignRealloc: 0,
    impossibleSize: 0,
  };
}
