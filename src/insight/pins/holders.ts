import type { Arena } from "../../ptmalloc/arena.ts";
import { walkHeap } from "../../ptmalloc/census.ts";
import {
  ADDR,
  CACHED,
  FAST,
  FENCE,
  GRANULE,
  IN_USE,
  SIZE,
  STATE,
  TOP,
  UNLOGGED,
} from "../../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { residentBytes, wholePageBytes } from "./pins.ts";

/**
 * The chunks of an arena that keep its free memory resident. free() returns memory to the kernel from the top down only
 * (ptmalloc2.md §4.5), so all that is free below the topmost of them stays; if that one goes, all below the next one.
 */
export interface Holders {
  readonly arena: Arena;
  /**
   * from the top of the newest heap down: live blocks, tcache structs, chunks in tcaches and fastbins, which are marked in
   * use (§2.1), and memory from outside the log
   */
  readonly chunks: readonly number[];
  /** their states, as in chunks.ts: reading them once more would miss the processor's cache */
  readonly states: readonly number[];
  /** free resident bytes between a chunk and the next one below it */
  readonly freeBelow: readonly number[];
  /** of these, bytes in whole free pages, which malloc_trim returns (§7) */
  readonly wholePagesBelow: readonly number[];
  readonly freeBytes: number;
}

/** The holders of an arena; a page counts as resident if it has a bit of `plane`. */
export function holdersOf(m: Ptmalloc, arena: Arena, plane: number): Holders {
  const w = m.chunks.words;
  const chunks: number[] = [];
  const states: number[] = [];
  const freeBelow: number[] = [];
  const wholePagesBelow: number[] = [];
  let freeBytes = 0;
  for (const heap of [...arena.heaps].reverse()) {
    walkHeap(m, heap, (c) => {
      const state = w[c + STATE];
      if (state === IN_USE || state === UNLOGGED || state === CACHED || state === FAST) {
        chunks.push(c);
        states.push(state);
        freeBelow.push(0);
        wholePagesBelow.push(0);
      } else if (chunks.length > 0 && state !== TOP && state !== FENCE) {
        const bytes = residentBytes(m, heap, plane, w[c + ADDR]! * GRANULE, w[c + SIZE]! * GRANULE);
        freeBelow[freeBelow.length - 1]! += bytes;
        freeBytes += bytes;
        wholePagesBelow[wholePagesBelow.length - 1]! += wholePageBytes(m, heap, plane, c);
      }
    });
  }
  return { arena, chunks, states, freeBelow, wholePagesBelow, freeBytes };
}

/** So few chunks are worth naming even if they hold no more than half. */
const FEW = 16;
const MOST_OF_IT = 0.95;

/**
 * How many of the holders, from the top down, the claim is about: those that hold half of the free memory if they are
 * few, else those that hold nearly all of it.
 */
export function countThatMatter({ freeBelow, freeBytes }: Holders): number {
  let held = 0;
  let half = 0;
  for (let n = 0; n < freeBelow.length; n++) {
    held += freeBelow[n]!;
    if (half === 0 && held >= freeBytes / 2) {
      half = n + 1;
      if (half <= FEW) {
        return half;
      }
    }
    if (held >= freeBytes * MOST_OF_IT) {
      return n + 1;
    }
  }
  return freeBelow.length;
}
