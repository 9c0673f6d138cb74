import type { Causes } from "../../report/contract/report.ts";

/** Resident memory beyond what is live, in words that follow "are". */
export const BEYOND_LIVE: readonly (readonly [cause: keyof Causes, words: string])[] = [
  ["returnable", "whole free pages within heaps, which malloc_trim would return"],
  ["pinned", "free, but on pages that they share with blocks in use"],
  ["tops", "the free tops of heaps"],
  ["idleArenas", "in arenas without a live block"],
  ["tcache", "freed blocks in the threads' caches (tcache)"],
  ["fastbins", "freed small blocks that glibc does not merge (fastbins)"],
  ["overhead", "headers and rounding of blocks"],
  ["unlogged", "in use from outside the log"],
];

/** Resident bytes of the blocks that the program holds, as far as it wrote them. */
export function heldBytes({ live, mapped, unwritten }: Causes): number {
  return live + mapped + unwritten;
}
