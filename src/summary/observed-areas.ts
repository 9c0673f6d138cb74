import type { MappingAt, MemoryState } from "../pipeline/memory-at.ts";
import type { MemoryArea } from "../trace/stated/observed-memory.ts";
import { heapBytesIn, heapsIn, isNameless, isWritable } from "./arena-heap-areas.ts";

/** Bounds of resident memory. */
export interface Bounds {
  readonly leastBytes: number;
  readonly mostBytes: number;
}

/** The resident memory of a process, by whose it is. The kernel joins neighbours, so that some parts have only bounds. */
export interface AreaSplit {
  readonly heapBytes: number;
  readonly heaps: readonly MemoryArea[];
  readonly arenas: Bounds;
  readonly arenaHeapStarts: readonly number[];
  /** of blocks with a mapping each */
  readonly mapped: Bounds;
  /** the three together, whose bounds may be closer than the sums */
  readonly malloc: Bounds;
  /** mappings of blocks that lie in an area */
  readonly located: number;
  readonly filesBytes: number;
  readonly stackBytes: number;
  readonly processBytes: number;
}

/** What the model has at the moment, by address. */
export type KnownAddresses = Pick<MemoryState, "mappings" | "arenaHeapStarts">;

/** An area of anonymous memory, and how much of it belongs to whom. */
interface Shared {
  readonly area: MemoryArea;
  readonly arenaBytes: number;
  blockBytes: number;
}

/** Splits the areas of smaps. Without the addresses of all blocks, any anonymous area may be theirs. */
export function splitAreas(areas: readonly MemoryArea[], known: KnownAddresses | null): AreaSplit {
  const starts = new Set(known?.arenaHeapStarts);
  const arenaHeapStarts: number[] = [];
  const anonymous: Shared[] = [];
  for (const [i, area] of areas.entries()) {
    const found = heapsIn(area, areas[i + 1] ?? null, starts);
    arenaHeapStarts.push(...found);
    if (found.length > 0 || (isNameless(area) && isWritable(area))) {
      anonymous.push({ area, arenaBytes: heapBytesIn(area, found), blockBytes: 0 });
    }
  }
  const located = locate(anonymous, known?.mappings ?? []);
  const rssOf = (some: readonly MemoryArea[]): number =>
    some.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  const heaps = areas.filter(({ name }) => name === "[heap]");
  const heapBytes = rssOf(heaps);
  // What was not found may lie in any other memory.
  const hasAllHeaps = known === null || arenaHeapStarts.length >= known.arenaHeapStarts.length;
  const hasAllBlocks = known !== null && located === known.mappings.length;
  const malloc = boundsOf(
    anonymous,
    (one) => one.arenaBytes + one.blockBytes,
    hasAllHeaps && hasAllBlocks,
  );
  return {
    heapBytes,
    heaps,
    arenas: boundsOf(anonymous, (one) => one.arenaBytes, hasAllHeaps),
    arenaHeapStarts,
    mapped: boundsOf(anonymous, (one) => one.blockBytes, hasAllBlocks),
    malloc: {
      leastBytes: heapBytes + malloc.leastBytes,
      mostBytes: heapBytes + malloc.mostBytes,
    },
    located,
    filesBytes: rssOf(areas.filter(({ name }) => name !== "" && !name.startsWith("["))),
    stackBytes: rssOf(areas.filter(({ name }) => name === "[stack]")),
    processBytes: rssOf(areas),
  };
}

/** What is neither an arena's nor a block that was found. */
function unknownIn({ area: { from, to }, arenaBytes, blockBytes }: Shared): number {
  return Math.max(0, to - from - arenaBytes - blockBytes);
}

/**
 * Bounds of what is resident of memory of which each area has so many bytes. Unless that is all of it, it may also be
 * what is nobody else's.
 */
function boundsOf(
  areas: readonly Shared[],
  bytesOf: (one: Shared) => number,
  isAll: boolean,
): Bounds {
  let leastBytes = 0;
  let mostBytes = 0;
  for (const one of areas) {
    const { from, to, rssBytes } = one.area;
    const bytes = bytesOf(one);
    leastBytes += Math.max(0, rssBytes - (to - from - bytes));
    mostBytes += Math.min(rssBytes, isAll ? bytes : bytes + unknownIn(one));
  }
  return { leastBytes, mostBytes };
}

/** Finds the mappings of blocks in the areas, and returns how many were found. */
function locate(areas: readonly Shared[], mappings: readonly MappingAt[]): number {
  let located = 0;
  for (const { start, bytes } of mappings) {
    const found = areaAt(areas, start);
    if (found !== null && start + bytes <= found.area.to) {
      found.blockBytes += bytes;
      located++;
    }
  }
  return located;
}

/** Returns the area that has the address; null if none has. */
function areaAt(areas: readonly Shared[], address: number): Shared | null {
  let low = 0;
  let high = areas.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (areas[middle]!.area.to <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const found = areas[low];
  return found !== undefined && address >= found.area.from ? found : null;
}
