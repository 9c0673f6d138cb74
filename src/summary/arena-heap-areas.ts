import type { MemoryArea } from "../trace/stated/observed-memory.ts";

/** HEAP_MAX_SIZE: the heap of an arena begins at a multiple of it, and reserves as much (ptmalloc2.md §2.4). */
const HEAP_MAX = 64 * 1024 * 1024;

/**
 * Where heaps of arenas begin in an area. What the log's pointers show comes first, as the kernel joins a heap with other
 * memory below it; others are found by their shape.
 */
export function heapsIn(
  area: MemoryArea,
  next: MemoryArea | null,
  known: ReadonlySet<number>,
): number[] {
  if (!isWritable(area) || !(isNameless(area) || isNamedHeap(area))) {
    return [];
  }
  const starts: number[] = [];
  for (let start = roundedUp(area.from); start < area.to; start += HEAP_MAX) {
    const isHeap = known.has(start)
      ? reserves(area, next, start)
      : isNamedHeap(area) || hasShape(area, next, start);
    if (isHeap) {
      starts.push(start);
    }
  }
  return starts;
}

/** The bytes of the area that heaps have which begin there: each the rest of the area, or all that it may have. */
export function heapBytesIn({ to }: MemoryArea, starts: readonly number[]): number {
  return starts.reduce((sum, start) => sum + Math.min(HEAP_MAX, to - start), 0);
}

/** Above what is in use of a heap, all that remains of it is mapped without access; that may have neighbours, too. */
function reserves({ to }: MemoryArea, next: MemoryArea | null, start: number): boolean {
  const end = start + HEAP_MAX;
  return to >= end || (isReserve(next, to) && next.to >= end);
}

/**
 * A heap's memory without access ends where the next heap may begin. It has the flags of what is in use: none from glibc 2.37
 * on. Of a JVM's own memory, what is committed lacks the flag that its reserve has.
 */
function hasShape(area: MemoryArea, next: MemoryArea | null, start: number): boolean {
  const end = start + HEAP_MAX;
  if (area.to >= end) {
    // A whole heap: a mapping of the program may look the same, but for the flag.
    return area.isUnreserved === true;
  }
  const isCommitted = area.isUnreserved === false && next?.isUnreserved === true;
  return isReserve(next, area.to) && next.to === end && !isCommitted;
}

function isReserve(area: MemoryArea | null, from: number): area is MemoryArea {
  return (
    area !== null &&
    area.from === from &&
    area.permissions.startsWith("---") &&
    (area.name === "" || isNamedHeap(area))
  );
}

function roundedUp(address: number): number {
  return Math.ceil(address / HEAP_MAX) * HEAP_MAX;
}

export function isWritable({ permissions }: MemoryArea): boolean {
  return permissions === "rw-p";
}

/** With glibc.mem.decorate_maps=1, glibc 2.39 and newer name their mappings. */
export function isNameless({ name }: MemoryArea): boolean {
  return name === "" || /^\[anon: ?glibc: malloc\]$/.test(name);
}

function isNamedHeap({ name }: MemoryArea): boolean {
  return /^\[anon: ?glibc: malloc arena\]$/.test(name);
}
