import { bytesIn, GRANULE, MAPPED, rec } from "../../ptmalloc/core/chunks";
import { HEAP_MAX, heapOf } from "../../ptmalloc/core/heap";
import { beforeCall, beforeEvent, closePoint, freeUnlogged, place } from "../../ptmalloc/core/host";
import { inUseBytes } from "../../ptmalloc/core/mapping";
import { m } from "../../ptmalloc/core/model";
import { FREE, MEMALIGN, PVALLOC, REALLOC } from "./actions";
import { byteAt, doubleAt, OPS, POINTERS_IN, POINTERS_OUT } from "./batch";
import { record } from "./peak-series";
import { inUseSeries } from "./rss-record";
import { state } from "./state";

/**
 * The recorded run: the log's pointers judge the model. Nearly all are where the model puts the block, which one comparison
 * shows. The guide (recorded/guided-replay.ts) is called only where it may have something to do.
 */

/** Op.free */
const OP_FREE: i32 = 6;

/** Before the event in row `i`, and before the program's pending write is applied. */
export function guideEvent(action: i32, i: i32): void {
  const mayDiffer = state.watchesSiblings && action >= REALLOC && action <= PVALLOC;
  if (mayDiffer || (state.watchesBreak && mayLieAboveBreak(doubleAt(POINTERS_OUT, i)))) {
    beforeEvent(i);
  }
}

/** Pointers of x86_64 in this range are among mappings (isAmongMappings in trace/signs/address-space.ts), as most are. */
const MAPPINGS_FROM: f64 = 0x7000_0000_0000;
const MAPPINGS_TO: f64 = 0x8000_0000_0000;
const CUT_MODULUS: f64 = 0x1_0000_0000;

/** False if AddressMap.aboveBreak certainly returns 0. */
function mayLieAboveBreak(pointer: f64): bool {
  const above = pointer - GRANULE - m.breakHeap.base - m.brk;
  if (pointer === 0 || isNaN(above)) {
    return false;
  }
  if (state.cutsPointers) {
    return above - Math.floor(above / CUT_MODULUS) * CUT_MODULUS < HEAP_MAX;
  }
  return above > 0 && !(pointer >= MAPPINGS_FROM && pointer < MAPPINGS_TO);
}

/** Right before the model makes the call of row `i`. */
export function guideCall(action: i32, i: i32): void {
  if (state.watchesCalls || action === MEMALIGN || (state.watchesFrees && action === FREE)) {
    beforeCall(i);
  }
}

/** Row `i` has no effect in the ledger: it may free a block that was allocated outside the log. */
export function guideNone(i: i32): void {
  if (byteAt(OPS, i) === OP_FREE && doubleAt(POINTERS_IN, i) !== 0) {
    freeUnlogged(i);
  }
}

/** Returns the chunk of the block that row `i` returned: `c`, or the one at the log's pointer. 0 is NULL. */
export function guidePlace(c: i32, i: i32): i32 {
  if (c !== 0 && rec(c).state !== MAPPED) {
    // NaN where the start of the heap is unknown.
    const address = heapOf(c).base + bytesIn(rec(c).addr + 1);
    if (address === doubleAt(POINTERS_OUT, i)) {
      state.matched++;
      return c;
    }
  }
  return place(c, i);
}

/** Event `event` and the program's writes after it are complete. */
export function guideAfter(event: f64): void {
  if (event >= 0) {
    record(inUseSeries(), event, inUseBytes());
  }
  if (event + 1 === state.pointEnd) {
    closePoint();
  }
}
