import type { Lines } from "../order/lines.ts";
import type { LogProcess } from "./log-process.ts";
import type { ThreadOwners } from "./thread-owners.ts";

/** What the lines of a new thread show of its relation to a process in whose heap it allocates. */
export interface Kinship {
  readonly other: LogProcess;
  /** blocks that one frees and the other has allocated, or gets after the other has freed them: they have one heap */
  readonly shared: number;
  /** blocks that both allocate, or both free, after the thread has begun: each has a heap of its own */
  readonly contradictions: number;
  /** blocks of the process, older than the thread, that the thread gets: it has neither this heap nor a copy of it */
  readonly taken: number;
  /** a hook has kept lines back in buffers: their order does not show who had a block first */
  readonly areKeptBack: boolean;
  /** both allocate much */
  readonly areActive: boolean;
}

/** Allocations of each side in the heap: two copies of one heap would have given out the same addresses by then. */
const ACTIVE = 32;

/** So much evidence decides. */
const ENOUGH = 256;

/** µs by which the clocks of two CPUs may differ. */
const MAX_SKEW = 100;

/**
 * Lines with an earlier time than a line above show buffers if they are many. Without buffers, a line is late only if its
 * thread loses the processor before it writes it: measured, at most one line in a thousand; with buffers, one in a hundred
 * or more.
 */
const FEW_LATE = 4;
const LATE_PART = 0.01;

/** What the lines so far show of an address. */
interface Address {
  /** the last line that allocates or frees it is the thread's */
  readonly byThread: boolean;
  readonly isFree: boolean;
  /** a block was there as the thread began */
  readonly isOld: boolean;
  /** both sides have claimed it: what follows shows nothing */
  readonly isContested: boolean;
}

/** A call that allocates or frees a block. */
interface Claim {
  readonly isFree: boolean;
  /** the call is the new thread's, not the process's */
  readonly byThread: boolean;
  /** it stands above the thread's first line */
  readonly isBefore: boolean;
}

/**
 * Compares the calls of a thread, whose first line is `start`, with those of a process: threads of one process never have
 * an address at the same time, and one frees what the other has allocated. A forked process has a copy of the heap: both
 * allocate and free the same addresses (ptmalloc2.md §12.13).
 */
export function kinshipOf(
  lines: Lines,
  start: number,
  tid: number,
  other: LogProcess,
  owners: ThreadOwners,
): Kinship {
  const addresses = new Map<number, Address>();
  let shared = 0;
  let contradictions = 0;
  let taken = 0;
  let byThread = 0;
  let byProcess = 0;
  let latest = Number.NEGATIVE_INFINITY;
  let inHeap = 0;
  let late = 0;

  /** A call of the thread, or of the process, allocates or frees the block at `pointer`. */
  function claim(pointer: number, { isFree, byThread: byNew, isBefore }: Claim): void {
    const known = addresses.get(pointer);
    const isOld = isBefore ? !isFree : (known?.isOld ?? isFree);
    let isContested = known?.isContested ?? false;
    if (known !== undefined && known.byThread !== byNew && !isContested) {
      if (known.isFree !== isFree) {
        // A copy of the heap has the blocks that are older than itself, and those that were free are free in it.
        shared += known.isFree === isOld ? 1 : 0;
      } else {
        isContested = true;
        taken += isOld && !isFree ? 1 : 0;
        contradictions += isOld && !isFree ? 0 : 1;
      }
    }
    addresses.set(pointer, { byThread: byNew, isFree, isOld, isContested });
  }

  for (let k = 0; k < lines.length && shared + contradictions < ENOUGH; k++) {
    const line = lines.get("tid", k);
    const isThread = k >= start && line === tid;
    const owner = isThread ? null : owners.ownerOf(line);
    if (owner !== null && owner !== other) {
      continue;
    }
    const freed = lines.freedBy(k);
    const returned = lines.returnedBy(k);
    if (!isThread && owner === null) {
      // Another new thread, perhaps one of the same.
      addresses.delete(freed);
      addresses.delete(returned);
      continue;
    }
    if (freed !== 0) {
      claim(freed, { isFree: true, byThread: isThread, isBefore: k < start });
    }
    if (returned !== 0) {
      claim(returned, { isFree: false, byThread: isThread, isBefore: k < start });
    }
    if (other.heap.includes(freed === 0 ? returned : freed)) {
      const time = lines.get("time", k);
      inHeap++;
      late += time < latest - MAX_SKEW ? 1 : 0;
      latest = time > latest ? time : latest;
    }
    if (k >= start && other.heap.includes(returned)) {
      byThread += isThread ? 1 : 0;
      byProcess += isThread ? 0 : 1;
    }
  }
  return {
    other,
    shared,
    contradictions,
    taken,
    areKeptBack: late > FEW_LATE + inHeap * LATE_PART,
    areActive: byThread >= ACTIVE && byProcess >= ACTIVE,
  };
}
