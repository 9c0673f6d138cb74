import type { Arena } from "./arena.ts";
import { walkHeap } from "./census.ts";
import { BK, CACHED, FAST, GRANULE, MIN_LARGE_GRANULES, SIZE, STATE, STRIDE } from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { BIN_COUNT, UNSORTED } from "./size-classes.ts";

/** The chunks of one bin of an arena (ptmalloc2.md §2.2); of tcaches, those of one size in all threads. */
export interface BinContents {
  readonly kind: "tcache" | "fastbin" | "unsorted" | "smallbin" | "largebin";
  /** sizes of its smallest and largest chunk, in bytes */
  readonly leastBytes: number;
  readonly mostBytes: number;
  readonly chunks: number;
  readonly bytes: number;
}

/** The bins of an arena that are not empty: tcaches, fastbins, then the arena's bins by number, the unsorted one first. */
export function binContents(m: Ptmalloc, arena: Arena): BinContents[] {
  const w = m.chunks.words;
  const tcache = new BinCounts();
  const fast = new BinCounts();
  for (const heap of arena.heaps) {
    walkHeap(m, heap, (c) => {
      const state = w[c + STATE]!;
      if (state === CACHED || state === FAST) {
        const size = w[c + SIZE]!;
        (state === CACHED ? tcache : fast).add(size, size);
      }
    });
  }
  const bins = new BinCounts();
  for (let index = UNSORTED; index < BIN_COUNT; index++) {
    const bin = arena.bins + index * STRIDE;
    for (let c = w[bin + BK]!; c !== bin; c = w[c + BK]!) {
      bins.add(index, w[c + SIZE]!);
    }
  }
  return [
    ...tcache.contents(() => "tcache"),
    ...fast.contents(() => "fastbin"),
    ...bins.contents((index) =>
      index === UNSORTED ? "unsorted" : index < MIN_LARGE_GRANULES ? "smallbin" : "largebin",
    ),
  ];
}

interface BinCount {
  least: number;
  most: number;
  chunks: number;
  granules: number;
}

/** Chunks by number of their bin. */
class BinCounts {
  readonly #bins = new Map<number, BinCount>();

  add(bin: number, size: number): void {
    const count = this.#bins.get(bin);
    if (count === undefined) {
      this.#bins.set(bin, { least: size, most: size, chunks: 1, granules: size });
      return;
    }
    count.least = Math.min(count.least, size);
    count.most = Math.max(count.most, size);
    count.chunks++;
    count.granules += size;
  }

  contents(kindOf: (bin: number) => BinContents["kind"]): BinContents[] {
    return [...this.#bins]
      .sort(([a], [b]) => a - b)
      .map(([bin, { least, most, chunks, granules }]) => ({
        kind: kindOf(bin),
        leastBytes: least * GRANULE,
        mostBytes: most * GRANULE,
        chunks,
        bytes: granules * GRANULE,
      }));
  }
}
