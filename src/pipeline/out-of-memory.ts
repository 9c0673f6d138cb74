import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * V8 ends the process with a dump when its heap is full, and no program can prevent that. So the heap is watched, and the
 * analysis ends while there is still room for a message. Memory outside the heap, as of typed arrays, is not limited by V8:
 * the system refuses it, with a RangeError.
 */

/** Room that is kept, for what a batch may need and for the message: part of the limit, and at least so many bytes. */
const ROOM = 0.15;
const LEAST_ROOM_BYTES = 32 * 2 ** 20;
/** The limit that V8 states includes the young generation, where nothing stays. */
const YOUNG_BYTES = 48 * 2 ** 20;
/** Part of the limit by which the heap must grow before garbage is collected again. */
const STEP = 0.02;

/** The heap of this thread or of a worker is full; `limitBytes`: what Node allows. Null: the system grants no more. */
export class OutOfMemory extends Error {
  readonly limitBytes: number | null;

  constructor(limitBytes: number | null) {
    super("out of memory");
    this.name = "OutOfMemory";
    this.limitBytes = limitBytes;
  }
}

/** used bytes from which on another collection may find something else */
let next = 0;

/**
 * Cheap enough for every batch. `neededBytes`: what the next step is known to need.
 * @throws OutOfMemory the heap is nearly full
 */
export function refuseFullHeap(neededBytes = 0): void {
  const used = getHeapStatistics().used_heap_size + neededBytes;
  const limit = limitBytes();
  const most = limit - Math.max(ROOM * limit, LEAST_ROOM_BYTES);
  if (used < most || used < next) {
    return;
  }
  collectGarbage();
  const live = getHeapStatistics().used_heap_size + neededBytes;
  if (live > most) {
    throw new OutOfMemory(limit);
  }
  next = live + STEP * limit;
}

/** Of what stays in the heap. */
function limitBytes(): number {
  return getHeapStatistics().heap_size_limit - YOUNG_BYTES;
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") {
    collect();
  }
}

/** V8's words for memory that the system refuses: for an ArrayBuffer, for WebAssembly, and where that grows. */
const REFUSED = /allocation failed|out of memory|unable to grow/i;

/** An error of a worker or of the system that means the same; null: it means something else. */
export function asOutOfMemory(error: unknown): OutOfMemory | null {
  if (error instanceof OutOfMemory) {
    return error;
  }
  if (!(error instanceof Error)) {
    return null;
  }
  if ("code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return new OutOfMemory(limitBytes());
  }
  return error instanceof RangeError && REFUSED.test(error.message) ? new OutOfMemory(null) : null;
}
