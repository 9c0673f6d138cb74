import { GRANULE } from "../../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import type { ReplayedBatch } from "../work.ts";
import { type AddressMap, startOf } from "./address-map.ts";

/** Events searched for a pointer below the aligned block: the lead is the first free chunk, so it is soon used. */
const SEARCHED_EVENTS = 1024;

/**
 * Prepares the model for event `i`, an aligned allocation, where it may be the first block in the break area: its lead
 * depends on where the area starts, and its own pointer does not show that if the alignment is above a page (§12.1). The
 * blocks that soon follow in the lead show it: the lowest lies in the area's first page.
 */
export function findBreakStart(
  m: Ptmalloc,
  addresses: AddressMap,
  { length, align, pointerOut }: ReplayedBatch,
  i: number,
): void {
  const pointer = pointerOut[i]!;
  if (
    align[i]! <= m.pageBytes ||
    pointer === 0 ||
    !addresses.isUnseen(m.breakHeap) ||
    !addresses.isInBreakArea(m, pointer)
  ) {
    return;
  }
  const least = pointer - align[i]! - m.breakHeap.size;
  let lowest = pointer;
  for (let at = i + 1; at < Math.min(length, i + SEARCHED_EVENTS); at++) {
    const other = pointerOut[at]!;
    if (other > least && other < lowest) {
      lowest = other;
    }
  }
  m.breakHeap.start = startOf(Math.floor((lowest - GRANULE) / m.pageBytes) * m.pageBytes);
}
