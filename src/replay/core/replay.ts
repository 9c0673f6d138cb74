import { foundPeak, foundReuse } from "../../ptmalloc/core/host";
import { inUseBytes } from "../../ptmalloc/core/mapping";
import { m } from "../../ptmalloc/core/model";
import {
  calloc,
  enter,
  enterEnded,
  exitThread,
  free,
  malloc,
  mallopt,
  mayReuseArena,
  memalign,
  pvalloc,
  realloc,
  valloc,
} from "../../ptmalloc/core/ptmalloc";
import { noteRequest } from "../../ptmalloc/core/requests";
import {
  ACTION_BITS,
  CALLOC,
  FREE,
  FREE_AFTER_EXIT,
  LOST_FREE,
  MALLOC,
  MALLOC_TRIM,
  MALLOPT,
  MEMALIGN,
  NONE,
  PVALLOC,
  REALLOC,
  VALLOC,
} from "./actions";
import {
  ACTIONS,
  ALIGNS,
  BLOCKS,
  byteAt,
  doubleAt,
  LOST,
  OLD_SIZES,
  SIZES,
  THREADS,
  TIMES,
  wordAt,
} from "./batch";
import { chunkOf, setChunk, warm } from "./block-chunks";
import { guideAfter, guideCall, guideEvent, guideNone, guidePlace } from "./guided";
import { record } from "./peak-series";
import { expect, settle } from "./pending-write";
import { beginRecord, inUseSeries, recordRss, trim } from "./rss-record";
import { state } from "./state";

export { clearSums, moveStruct, sumHeap, sumPages } from "../../ptmalloc/core/census";
export * from "../../ptmalloc/core/ptmalloc";
export { chunkOf, setChunk } from "./block-chunks";
export { settle } from "./pending-write";
export { recordRss, trim } from "./rss-record";

/** Events whose chunk records are brought into the cache at once: about 100 KiB. */
const WARMED_EVENTS: i32 = 512;

/** Begins a replay; `trimEvery`: see ReplayState. */
export function beginReplay(trimEvery: f64): void {
  state.time = NaN;
  state.nextTrim = NaN;
  state.trimEvery = trimEvery;
  beginRecord();
}

/** Replays rows from..to-1 of the batch. */
export function run(from: i32, to: i32): void {
  for (let at = from; at < to; at += WARMED_EVENTS) {
    const end = min(to, at + WARMED_EVENTS);
    warm(at, end);
    for (let i = at; i < end; i++) {
      replay(i);
    }
  }
}

function replay(i: i32): void {
  const action = byteAt(ACTIONS, i);
  const thread = wordAt(THREADS, i);
  const isGuided = state.isGuided;
  if (state.watchesReuse && action !== NONE && mayReuseArena(thread)) {
    state.watchesReuse = false;
    foundReuse(i);
  }
  if (isGuided) {
    guideEvent(action & ACTION_BITS, i);
  }
  settle();
  begin(doubleAt(TIMES, i));
  if (action === FREE_AFTER_EXIT) {
    enterEnded(thread);
  } else {
    enter(thread);
  }
  if (isGuided) {
    if (action === NONE) {
      guideNone(i);
      return;
    }
    guideCall(action & ACTION_BITS, i);
  }
  if (action >= LOST_FREE) {
    freeBlock(wordAt(LOST, i));
  }
  call(action & ACTION_BITS, i);
}

/** Records the RSS after the previous event, begins the next one, and trims when it is time. */
function begin(time: f64): void {
  const risen = recordRss(state.event - 1, state.time);
  if (state.isGuided) {
    guideAfter(state.event - 1);
  }
  if (risen !== 0 && state.watchesPeaks) {
    foundPeak(risen);
  }
  state.event++;
  if (!isNaN(time)) {
    state.time = time;
    if (state.trimEvery !== Infinity) {
      trimWhenDue(time);
    }
  }
}

function trimWhenDue(time: f64): void {
  if (isNaN(state.nextTrim)) {
    state.nextTrim = time + state.trimEvery;
  }
  if (time < state.nextTrim) {
    return;
  }
  trim(0);
  // Log time may jump over many periods: one trim serves them all.
  const periods = Math.ceil((time - state.nextTrim + 1) / state.trimEvery);
  state.nextTrim += periods * state.trimEvery;
}

function call(action: i32, i: i32): void {
  const size = doubleAt(SIZES, i);
  switch (action) {
    case MALLOC:
      serve(malloc(size), size, 0, i);
      break;
    case FREE:
    case FREE_AFTER_EXIT:
      freeBlock(wordAt(BLOCKS, i));
      break;
    case CALLOC:
      serve(calloc(size), size, 0, i);
      break;
    case REALLOC:
      serve(reallocBlock(wordAt(BLOCKS, i), size), size, doubleAt(OLD_SIZES, i), i);
      break;
    case MEMALIGN:
      serve(memalign(doubleAt(ALIGNS, i), size), size, 0, i);
      break;
    case VALLOC:
      serve(valloc(size), size, 0, i);
      break;
    case PVALLOC:
      serve(pvalloc(size), size, 0, i);
      break;
    case MALLOC_TRIM:
      trim(size);
      break;
    case MALLOPT:
      mallopt(doubleAt(ALIGNS, i), size);
      break;
    default:
  }
}

/** The model returned chunk `served` for the event in row `i`, 0 is NULL; the block keeps its first `oldSize` bytes. */
function serve(served: i32, size: f64, oldSize: f64, i: i32): void {
  const c = state.isGuided ? guidePlace(served, i) : served;
  setChunk(wordAt(BLOCKS, i), c);
  if (c === 0) {
    state.failedCalls++;
    return;
  }
  noteRequest(c, size);
  expect(c, oldSize, size, i);
}

/** realloc of block `block`. Returns the chunk; 0 for NULL. */
function reallocBlock(block: i32, size: f64): i32 {
  const c = chunkOf(block);
  // The model could not serve the block before: it is a new one now.
  if (c === 0) {
    return malloc(size);
  }
  const moved = realloc(c, size);
  if (moved === 0) {
    free(c);
  }
  return moved;
}

function freeBlock(block: i32): void {
  const c = chunkOf(block);
  if (c === 0) {
    return;
  }
  setChunk(block, 0);
  free(c);
}

/** The log ends, at event `event`: records what its last events changed, even if that is nothing. */
export function finish(): void {
  settle();
  // The series end with the log.
  m.residentChanged = true;
  const risen = recordRss(state.event - 1, state.time);
  if (state.isGuided && state.event > 0) {
    record(inUseSeries(), state.event - 1, inUseBytes());
  }
  if (risen !== 0 && state.watchesPeaks) {
    foundPeak(risen);
  }
}

/** Ends thread `thread`. */
export function endThread(thread: i32): void {
  settle();
  enter(thread);
  exitThread();
}
