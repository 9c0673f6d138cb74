import type { Ptmalloc } from "./ptmalloc.ts";

/** malloc_usable_size (§5.4), in bytes. */
export function usableBytes(m: Ptmalloc, c: number): number {
  return m.core.calls.usableBytes(c);
}
