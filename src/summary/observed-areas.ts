import type { MappingAt } from "../pipeline/memory-at.ts";
import type { MemoryArea } from "../trace/observed-memory.ts";

/** HEAP_MAX_SIZE: the heap of an arena begins at a multiple of it, and reserves as much (ptmalloc2.md §2.4). */
const HEAP_MAX = 64 * 1024 * 1024;

/** The resident memory of a process, by whose it is. */
export interface AreaSplit {
  readonly heapBytes: number;
  readonly heaps: readonly MemoryArea[];
  readonly arenasBytes: number;
  readonly arenaHeapStarts: readonly number[];
  /** of blocks with a mapping each: the kernel joins neighbours, so that only bounds are known */
  readonly mappedLeastBytes: number;
  readonly mappedMostBytes: number;
  /** mappings of blocks that lie in an area */
  readonly located: number;
  readonly filesBytes: number;
  readonly stackBytes: number;
  readonly processBytes: number;
}

/** Splits the areas of smaps. `mappings`: of the model's blocks; without addresses, any anonymous area may be theirs. */
export function splitAreas(
  areas: readonly MemoryArea[],
  mappings: readonly MappingAt[],
): AreaSplit {
  const arenas = areas.filter((area, i) => isArenaHeap(area, areas[i + 1] ?? null));
  const isOfArenas = new Set(arenas);
  const anonymous = areas.filter(
    (area) => !isOfArenas.has(area) && isNameless(area) && isWritable(area),
  );
  const found = locate(anonymous, mappings);
  const rssOf = (some: readonly MemoryArea[]): number =>
    some.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  const heaps = areas.filter(({ name }) => name === "[heap]");
  const isAll = found.located === mappings.length && mappings.length > 0;
  return {
    heapBytes: rssOf(heaps),
    heaps,
    arenasBytes: rssOf(arenas),
    arenaHeapStarts: arenas.flatMap(startsIn),
    mappedLeastBytes: found.leastBytes,
    // Blocks that were not found may lie in any other area.
    mappedMostBytes: isAll || mappings.length === 0 ? found.mostBytes : rssOf(anonymous),
    located: found.located,
    filesBytes: rssOf(areas.filter(({ name }) => name !== "" && !name.startsWith("["))),
    stackBytes: rssOf(areas.filter(({ name }) => name === "[stack]")),
    processBytes: rssOf(areas),
  };
}

/**
 * An anonymous area that begins at a multiple of 64 MiB and, with the inaccessible one above, reaches the next: what
 * new_heap maps. If every page of a heap is in use, nothing stands above; neighbours may then be one area.
 */
function isArenaHeap(area: MemoryArea, next: MemoryArea | null): boolean {
  if (area.name === "[anon:glibc: malloc arena]" || area.name === "[anon: glibc: malloc arena]") {
    return isWritable(area);
  }
  if (area.name !== "" || !isWritable(area) || area.from % HEAP_MAX !== 0) {
    return false;
  }
  if (area.isUnreserved === false) {
    return false;
  }
  const end = Math.ceil(area.to / HEAP_MAX) * HEAP_MAX;
  if (area.to === end) {
    // A whole heap; without flags, a mapping of the program may look the same.
    return area.isUnreserved === true;
  }
  return (
    next !== null &&
    next.from === area.to &&
    next.to === end &&
    next.name === "" &&
    next.permissions.startsWith("---")
  );
}

function startsIn({ from, to }: MemoryArea): number[] {
  const starts: number[] = [];
  for (let start = from; start < to; start += HEAP_MAX) {
    starts.push(start);
  }
  return starts;
}

function isWritable({ permissions }: MemoryArea): boolean {
  return permissions === "rw-p";
}

/** With glibc.mem.decorate_maps=1, glibc 2.39 and newer name their mappings. */
function isNameless({ name }: MemoryArea): boolean {
  return name === "" || /^\[anon: ?glibc: malloc\]$/.test(name);
}

interface Located {
  readonly leastBytes: number;
  readonly mostBytes: number;
  readonly located: number;
}

/** Finds the mappings in the areas. Of an area with other memory besides, only bounds are known. */
function locate(areas: readonly MemoryArea[], mappings: readonly MappingAt[]): Located {
  const bytesIn = new Map<MemoryArea, number>();
  let located = 0;
  for (const { start, bytes } of mappings) {
    const area = areaAt(areas, start);
    if (area !== null && start + bytes <= area.to) {
      bytesIn.set(area, (bytesIn.get(area) ?? 0) + bytes);
      located++;
    }
  }
  let leastBytes = 0;
  let mostBytes = 0;
  for (const [{ from, to, rssBytes }, bytes] of bytesIn) {
    leastBytes += Math.max(0, rssBytes - (to - from - bytes));
    mostBytes += Math.min(rssBytes, bytes);
  }
  return { leastBytes, mostBytes, located };
}

/** Returns the area that has the address; null if none has. */
function areaAt(areas: readonly MemoryArea[], address: number): MemoryArea | null {
  let low = 0;
  let high = areas.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (areas[middle]!.to <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const area = areas[low];
  return area !== undefined && address >= area.from ? area : null;
}
