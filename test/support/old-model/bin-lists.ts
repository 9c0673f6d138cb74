import { type Arena, FASTBIN_COUNT } from "./arena.ts";
import { FD, GRANULE, MIN_LARGE_GRANULES, SIZE, STRIDE } from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { BIN_COUNT, UNSORTED } from "./size-classes.ts";
import type { Thread } from "./thread.ts";

/** One list of free chunks, as a debugger shows it (ptmalloc2.md §2.2, §2.6). */
export interface BinList {
  readonly kind: "tcache" | "fastbin" | "unsorted" | "smallbin" | "largebin";
  /** of a tcache's entries, of fastbinsY, or of the arena's bins: 1 is the unsorted one */
  readonly index: number;
  /** sizes of its smallest and largest chunk, in bytes */
  readonly leastBytes: number;
  readonly mostBytes: number;
  readonly chunks: number;
  readonly bytes: number;
  /** the first chunks, from the list's head along fd or next, at most as many as were asked for */
  readonly first: readonly number[];
}

/** The lists of an arena that are not empty: its fastbins, then its bins by number. `most`: chunks listed of each. */
export function arenaBins(m: Ptmalloc, arena: Arena, most: number): BinList[] {
  const w = m.chunks.words;
  const lists: BinList[] = [];
  for (let index = 0; index < FASTBIN_COUNT; index++) {
    addList(lists, m, { kind: "fastbin", index, head: arena.fastbins[index]!, end: 0, most });
  }
  for (let index = UNSORTED; index < BIN_COUNT; index++) {
    const end = arena.bins + index * STRIDE;
    const kind =
      index === UNSORTED ? "unsorted" : index < MIN_LARGE_GRANULES ? "smallbin" : "largebin";
    addList(lists, m, { kind, index, head: w[end + FD]!, end, most });
  }
  return lists;
}

/** The lists of a thread's tcache that are not empty. `most`: chunks listed of each. */
export function tcacheBins(m: Ptmalloc, thread: Thread, most: number): BinList[] {
  const lists: BinList[] = [];
  for (let index = 0; index < thread.bins; index++) {
    const head = m.threads.bins.head(thread, index);
    addList(lists, m, { kind: "tcache", index, head, end: 0, most });
  }
  return lists;
}

interface List {
  readonly kind: BinList["kind"];
  readonly index: number;
  readonly head: number;
  /** what the last chunk leads to */
  readonly end: number;
  readonly most: number;
}

function addList(lists: BinList[], m: Ptmalloc, { kind, index, head, end, most }: List): void {
  const w = m.chunks.words;
  const first: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  let largest = 0;
  let chunks = 0;
  let granules = 0;
  for (let c = head; c !== end; c = w[c + FD]!) {
    const size = w[c + SIZE]!;
    least = Math.min(least, size);
    largest = Math.max(largest, size);
    chunks++;
    granules += size;
    if (first.length < most) {
      first.push(c);
    }
  }
  if (chunks > 0) {
    lists.push({
      kind,
      index,
      leastBytes: least * GRANULE,
      mostBytes: largest * GRANULE,
      chunks,
      bytes: granules * GRANULE,
      first,
    });
  }
}
