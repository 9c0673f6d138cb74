import type { Arena } from "./arena.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/**
 * Undoes the latest trim of the top of `av`, which the process did not make: its trim threshold was higher than the
 * model's (ptmalloc2.md §12.8).
 */
export function regainTop(m: Ptmalloc, av: Arena): void {
  m.core.calls.regainTop(av.address);
}
