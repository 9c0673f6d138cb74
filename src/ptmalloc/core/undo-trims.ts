import { allocate, enlarge, release } from "../../wasm/core/store";
import { addSystemMem } from "./arena";
import { growBy } from "./chunks";
import { planesOf, runEnd } from "./heap-pages";
import { m, RETURNED_PAGES } from "./model";
import { dropPages, writeRange } from "./resident";

/**
 * A trim of the main heap that may have to be undone. glibc trims only while the top ends at the break (§4.5): after a
 * foreign sbrk it trims nothing until a new top starts above the added memory. A log shows the sbrk only then (§12.7),
 * and trims that the model has made in between must be undone.
 */
@unmanaged
export class Trim {
  /** the break before the trim, in bytes */
  brk: f64;
  /** calls of brk before the trim */
  breakMoves: f64;
  /** table of the dropped pages that were resident, in runs, their number, and room */
  runs: usize;
  runCount: i32;
  room: i32;
  // An array without a name: what was counted as returned before it, by bit number of the plane.
}

@unmanaged
class DroppedRun {
  first: i32;
  /** page after the last one */
  end: i32;
  planes: u32;
}

const RUN_SHIFT: usize = 4;
const RETURNED: usize = 32;
const RETURNED_BYTES: usize = 64;
const TRIM_BYTES: usize = <usize>(RETURNED + RETURNED_BYTES);

/** Most trims that are remembered, the latest ones. */
const MAX_TRIMS: i32 = 16;

function trimAt(i: i32): Trim {
  return changetype<Trim>(load<usize>(m.trims + ((<usize>i) << 2)));
}

/** Remembers the pages of the break area from `from` up to the break, before a trim drops them. */
export function rememberTrim(from: i32): void {
  if (!m.recordsTrims) {
    return;
  }
  if (m.trims === 0) {
    m.trims = allocate(4 * MAX_TRIMS);
  }
  if (m.trimCount === MAX_TRIMS) {
    releaseTrim(trimAt(0));
    m.trimCount--;
    memory.copy(m.trims, m.trims + 4, 4 * m.trimCount);
  }
  const trim = changetype<Trim>(allocate(TRIM_BYTES));
  store<usize>(m.trims + ((<usize>m.trimCount) << 2), changetype<usize>(trim));
  m.trimCount++;
  trim.brk = m.brk;
  trim.breakMoves = m.brkCalls;
  memory.copy(changetype<usize>(trim) + RETURNED, RETURNED_PAGES, RETURNED_BYTES);
  const heap = m.breakHeap;
  const end = min(<i32>Math.ceil(m.brk / m.pageBytes), heap.pageEnd);
  let page = from;
  while (page < end) {
    const next = runEnd(heap, page, end);
    const planes = planesOf(heap, page);
    if (planes !== 0) {
      addRun(trim, page, next, planes);
    }
    page = next;
  }
}

function addRun(trim: Trim, first: i32, end: i32, planes: u32): void {
  if (trim.runCount === trim.room) {
    trim.room = max(trim.room << 1, 2);
    trim.runs = enlarge(trim.runs, (<usize>trim.room) << (RUN_SHIFT - 1));
  }
  const run = changetype<DroppedRun>(trim.runs + ((<usize>trim.runCount) << RUN_SHIFT));
  trim.runCount++;
  run.first = first;
  run.end = end;
  run.planes = planes;
}

function releaseTrim(trim: Trim): void {
  if (trim.room > 0) {
    release(trim.runs, (<usize>trim.room) << RUN_SHIFT);
  }
  release(changetype<usize>(trim), TRIM_BYTES);
}

/** No trim can be undone any more. */
export function forgetTrims(): void {
  forgetFrom(0);
}

function forgetFrom(first: i32): void {
  for (let i = first; i < m.trimCount; i++) {
    releaseTrim(trimAt(i));
  }
  m.trimCount = min(m.trimCount, first);
}

/** Undoes the last `count` trims and any growth of top since: the break is again where it was before them. */
export function undoTrims(count: i32): void {
  const first = max(0, m.trimCount - count);
  if (first === m.trimCount) {
    return;
  }
  const earliest = trimAt(first);
  const av = m.mainArena;
  const heap = m.breakHeap;
  av.trimmedBytes = 0;
  const brk = earliest.brk;
  const more = brk - m.brk;
  growBy(av.top, more);
  addSystemMem(av, more);
  dropPages(heap, <i32>Math.ceil(brk / m.pageBytes), <i32>Math.ceil(m.brk / m.pageBytes));
  m.brk = brk;
  heap.size = brk;
  m.brkCalls = earliest.breakMoves;
  memory.copy(RETURNED_PAGES, changetype<usize>(earliest) + RETURNED, RETURNED_BYTES);
  for (let i = first; i < m.trimCount; i++) {
    const trim = trimAt(i);
    for (let n = 0; n < trim.runCount; n++) {
      const run = changetype<DroppedRun>(trim.runs + ((<usize>n) << RUN_SHIFT));
      const end = Math.min(brk, <f64>run.end * m.pageBytes);
      writeRange(heap, <f64>run.first * m.pageBytes, end, run.planes);
    }
  }
  forgetFrom(first);
}
