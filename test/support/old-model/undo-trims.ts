import { GRANULE, SIZE } from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { dropPages, writeRange } from "./resident.ts";

/**
 * A trim of the main heap that may have to be undone. glibc trims only while the top ends at the break (§4.5): after a
 * foreign sbrk it trims nothing until a new top starts above the added memory. A log shows the sbrk only then (§12.7),
 * and trims that the model has made in between must be undone.
 */
export interface Trim {
  /** the break before the trim, in bytes */
  readonly brk: number;
  /** calls of brk before the trim */
  readonly breakMoves: number;
  /** Resident.returned before it */
  readonly returned: Float64Array;
  /** the dropped pages that were resident, in runs: first page, page after the last one, planes; … */
  readonly dropped: readonly number[];
}

/** Most trims that are remembered, the latest ones. */
const MAX_TRIMS = 16;

/** Remembers the pages of the break area from `from` up to the break, before a trim drops them. */
export function rememberTrim(m: Ptmalloc, from: number): void {
  const { trims, brk, pageBytes } = m;
  if (trims === null) {
    return;
  }
  if (trims.length === MAX_TRIMS) {
    trims.shift();
  }
  const dropped: number[] = [];
  m.breakHeap.pages.eachRun(from, Math.ceil(brk / pageBytes), (first, end, planes) => {
    if (planes !== 0) {
      dropped.push(first, end, planes);
    }
  });
  trims.push({
    brk,
    breakMoves: m.systemCalls.brk,
    returned: m.resident.returned.slice(),
    dropped,
  });
}

/** Undoes the last `count` trims and any growth of top since: the break is again where it was before them. */
export function undoTrims(m: Ptmalloc, count: number): void {
  const undone = m.trims?.splice(-count) ?? [];
  const [first] = undone;
  if (first === undefined) {
    return;
  }
  m.mainArena.trimmedBytes = 0;
  const { brk } = first;
  const { pageBytes } = m;
  const more = brk - m.brk;
  m.chunks.words[m.mainArena.top + SIZE]! += more / GRANULE;
  m.addSystemMem(m.mainArena, more);
  dropPages(m, m.breakHeap, Math.ceil(brk / pageBytes), Math.ceil(m.brk / pageBytes));
  m.brk = brk;
  m.breakHeap.size = brk;
  m.systemCalls.brk = first.breakMoves;
  m.resident.returned.set(first.returned);
  for (const { dropped } of undone) {
    for (let i = 0; i < dropped.length; i += 3) {
      const [first, end, planes] = [dropped[i]!, dropped[i + 1]!, dropped[i + 2]!];
      writeRange(m, m.breakHeap, first * pageBytes, Math.min(brk, end * pageBytes), planes);
    }
  }
}
