import { walkHeap } from "../../ptmalloc/census.ts";
import {
  BK,
  CACHED,
  FAST,
  FENCE,
  FREE,
  IN_USE,
  STATE,
  TOP,
  UNLOGGED,
} from "../../ptmalloc/chunks.ts";
import type { Heap } from "../../ptmalloc/heap.ts";
import { requestedBytes } from "../../ptmalloc/requests.ts";
import { structOwner } from "../../ptmalloc/tcache.ts";
import type { HeapChunk } from "../../report/contract/inspection.ts";
import { refuseFullHeap } from "../out-of-memory.ts";
import type { InspectedRun } from "./inspected-run.ts";

/** Chunks between two looks at the memory that they take. */
const CHECKED_EVERY = 1 << 16;

/** Returns the chunks of a heap by address, fenceposts included. @throws OutOfMemory */
export function heapChunks(run: InspectedRun, heap: Heap): HeapChunk[] {
  const chunks: HeapChunk[] = [];
  walkHeap(run.model, heap, (c) => {
    if (chunks.length % CHECKED_EVERY === 0) {
      refuseFullHeap();
    }
    chunks.push({ ...run.places.chunk(c), ...contents(run, c) });
  });
  return chunks.reverse();
}

function contents(
  { model, tidOf }: InspectedRun,
  c: number,
): Pick<HeapChunk, "state" | "requestedBytes" | "tid"> {
  const w = model.chunks.words;
  const state = w[c + STATE]!;
  if (state === IN_USE) {
    const owner = structOwner(model, c);
    return owner === null
      ? { state: "in use", requestedBytes: requestedBytes(model, c), tid: null }
      : { state: "tcache struct", requestedBytes: null, tid: tidOf(owner.index) };
  }
  return {
    state: NAMES.get(state) ?? "free",
    requestedBytes: null,
    tid: state === CACHED ? tidOf(w[c + BK]!) : null,
  };
}

const NAMES = new Map<number, HeapChunk["state"]>([
  [FREE, "free"],
  [CACHED, "tcache"],
  [FAST, "fastbin"],
  [TOP, "top"],
  [FENCE, "fencepost"],
  [UNLOGGED, "unlogged"],
]);
