/** Pointers in a log that cannot have been as written; counted, never fatal. */
export interface PointerAnomalies {
  /** free (or realloc to 0 bytes) of a pointer that no call of the log returned */
  freeUnknown: number;
  /** free (or realloc to 0 bytes) of a pointer that was freed before and not handed out since */
  doubleFree: number;
  /** a pointer handed out while the log still shows it live: its free is missing or logged later */
  reusedLive: number;
  /** a pointer handed out while another thread's block is live at the same low 32 bits, all that the log shows */
  collidingPointers: number;
  /** realloc of a pointer that no call of the log returned, or that was freed since */
  foreignRealloc: number;
  /** an allocation that returned a pointer for a size that no allocator grants */
  impossibleSize: number;
}

export interface AnomalyCounts extends PointerAnomalies {
  /** times that run backwards from one line to the next, once in order; lines without time are passed over */
  reordered: number;
  /** lines put before one above them, which their pointers show to have come later */
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
