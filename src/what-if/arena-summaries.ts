import { findPins } from "../insight/pins/pins.ts";
import type { Arena } from "../ptmalloc/arena.ts";
import type { ArenaCensus } from "../ptmalloc/census.ts";
import { type HeapMaps, heapMaps } from "../ptmalloc/heap-map.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { ArenaSummary, FreeBytes, HeapMap } from "../report/contract/report.ts";

/**
 * Returns the arenas of a model by id, from their census. `threads` returns those that used an arena, by dense index. What
 * only a recorded run has, contents of bins and RSS over time, is left out. `drawsHeaps`: false leaves out heap maps, too.
 */
export function arenaSummaries(
  model: Ptmalloc,
  counted: readonly ArenaCensus[],
  reading: Reading,
  threads: (arena: Arena) => number[],
  drawsHeaps: boolean,
): ArenaSummary[] {
  const pinnedBy = new Map<number, number>();
  for (const { heap, bytes } of findPins(model, reading.plane)) {
    pinnedBy.set(heap.arena.id, (pinnedBy.get(heap.arena.id) ?? 0) + bytes);
  }
  const maps = drawsHeaps ? mapsByArena(heapMaps(model, reading.plane)) : new Map();
  return counted.map(({ arena, systemBytes, pages, inUseBytes, free }) => ({
    id: arena.id,
    main: arena.main,
    heaps: arena.heaps.length,
    systemBytes,
    rssBytes: reading.bytes(pages),
    inUseBytes,
    freeBytes: sumOfKinds(free),
    topBytes: free.top,
    free,
    pinnedBytes: pinnedBy.get(arena.id) ?? 0,
    threads: threads(arena),
    rssTimeline: [],
    bins: [],
    heapMaps: maps.get(arena) ?? [],
  }));
}

function mapsByArena({ pagesPerCell, heaps }: HeapMaps): Map<Arena, HeapMap[]> {
  const maps = new Map<Arena, HeapMap[]>();
  for (const { heap, resident, free, ...counts } of heaps) {
    const ofArena = maps.get(heap.arena) ?? [];
    ofArena.push({ ...counts, pagesPerCell, resident, free });
    maps.set(heap.arena, ofArena);
  }
  return maps;
}

export function sumOfArenas(arenas: readonly ArenaSummary[]): FreeBytes {
  const sum = { tcache: 0, fastbins: 0, unsorted: 0, smallbins: 0, largebins: 0, top: 0 };
  for (const { free } of arenas) {
    sum.tcache += free.tcache;
    sum.fastbins += free.fastbins;
    sum.unsorted += free.unsorted;
    sum.smallbins += free.smallbins;
    sum.largebins += free.largebins;
    sum.top += free.top;
  }
  return sum;
}

function sumOfKinds(free: FreeBytes): number {
  return free.tcache + free.fastbins + free.unsorted + free.smallbins + free.largebins + free.top;
}
