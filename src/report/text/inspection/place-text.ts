import type { Place } from "../../contract/inspection.ts";

/** The address, or the heap's number and the offset in it where the log does not show the address. */
export function placeText({ address, heap, offset }: Place): string {
  return address ?? `heap ${heap}+0x${offset.toString(16)}`;
}
