import { Op } from "../event.ts";
import type { Lines } from "../order/lines.ts";
import type { LogProcess } from "./log-process.ts";
import type { ThreadOwners } from "./thread-owners.ts";

/** Allocations of a new thread that are looked at. */
const FIRST_BLOCKS = 16;

/** Allocations that must agree. */
const MIN_HITS = 2;
const MIN_MISSES = 2;

/** The largest request that the tcache serves, in bytes (ptmalloc2.md §2.6). */
const MAX_CACHED = 1032;

/**
 * Whether the thread whose first line is `start` has the tcache of `parent`: a fork has a copy of it, and its first calls
 * take the blocks that its parent has freed; a new thread has an empty one. Null if the lines show neither.
 */
export function inheritsCache(
  lines: Lines,
  start: number,
  tid: number,
  parent: LogProcess,
  owners: ThreadOwners,
): boolean | null {
  const freed = freedBlocks(lines, start, parent, owners);
  let seen = 0;
  let hits = 0;
  let misses = 0;
  for (let k = start; k >= 0 && seen < FIRST_BLOCKS; k = lines.nextOf(tid, k)) {
    const pointer = lines.returnedBy(k);
    if (pointer !== 0 && !parent.heap.includes(pointer)) {
      // It may have executed a program.
      break;
    }
    const cached = freed.get(classOf(lines.get("size", k)));
    // calloc takes nothing from the tcache before 2.41 (ptmalloc2.md §5.2).
    if (lines.get("op", k) !== Op.malloc || pointer === 0 || cached === undefined) {
      continue;
    }
    seen++;
    if (cached.delete(pointer)) {
      hits++;
    } else if (cached.size > 0) {
      misses++;
    }
  }
  if (hits >= MIN_HITS && hits > misses) {
    return true;
  }
  return hits === 0 && misses >= MIN_MISSES ? false : null;
}

/** The blocks that threads of `parent` have freed before line `start`, and not allocated again, by the size of chunks. */
function freedBlocks(
  lines: Lines,
  start: number,
  parent: LogProcess,
  owners: ThreadOwners,
): Map<number, Set<number>> {
  const classes = new Map<number, number>();
  const freed = new Map<number, Set<number>>();
  for (let k = 0; k < start; k++) {
    if (owners.ownerOf(lines.get("tid", k)) !== parent) {
      continue;
    }
    const [old, block] = [lines.freedBy(k), lines.returnedBy(k)];
    const oldClass = classes.get(old);
    if (oldClass !== undefined) {
      freed.set(oldClass, (freed.get(oldClass) ?? new Set()).add(old));
      classes.delete(old);
    }
    const size = lines.get("size", k);
    if (block !== 0 && size <= MAX_CACHED) {
      const chunk = classOf(size);
      freed.get(chunk)?.delete(block);
      classes.set(block, chunk);
    }
  }
  return freed;
}

/** Bytes of the chunk for a request (ptmalloc2.md §1.1). */
function classOf(bytes: number): number {
  return Math.max(32, Math.ceil((bytes + 8) / 16) * 16);
}
