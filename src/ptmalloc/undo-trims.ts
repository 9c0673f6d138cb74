import { GRANULE, PAGE, SIZE } from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { dropPages, writeRange } from "./resident.ts";

/**
 * Trims of the main heap that may not have happened. glibc trims only where the break still is the top's end (§4.5):
 * once something else has moved the break it gives nothing back, until its top has grown behind what was added. That
 * shows only then (§12.7), and what was trimmed meanwhile must be there again.
 */
export interface Trim {
  /** the break before it, in bytes */
  readonly brk: number;
  /** planes of the pages given back, the last of which held the byte below that break */
  readonly planes: Uint8Array;
}

/** Trims remembered since the main heap's newest stretch began. */
const MOST_TRIMS = 16;

/** The pages of the break area from `from` on, up to the break, are about to be given back. */
export function rememberTrim(m: Ptmalloc, from: number): void {
  const { trims, brk } = m;
  if (trims === null) {
    return;
  }
  if (trims.length === MOST_TRIMS) {
    trims.shift();
  }
  const planes = new Uint8Array(Math.max(0, Math.ceil(brk / PAGE) - from));
  planes.set(m.breakHeap.pages.subarray(from, from + planes.length));
  trims.push({ brk, planes });
}

/** The last `count` trims have not happened, nor has the top grown since: the break is where it was before them. */
export function undoTrims(m: Ptmalloc, count: number): void {
  const undone = m.trims?.splice(-count) ?? [];
  const [first] = undone;
  if (first === undefined) {
    return;
  }
  const { brk } = first;
  const more = brk - m.brk;
  m.chunks.words[m.mainArena.top + SIZE]! += more / GRANULE;
  m.addSystemMem(m.mainArena, more);
  dropPages(m, m.breakHeap, Math.ceil(brk / PAGE), Math.ceil(m.brk / PAGE));
  m.brk = brk;
  m.breakHeap.size = brk;
  for (const trim of undone) {
    const end = Math.ceil(trim.brk / PAGE);
    trim.planes.forEach((planes, i) => {
      const at = (end - trim.planes.length + i) * PAGE;
      if (planes !== 0 && at < brk) {
        writeRange(m, m.breakHeap, at, at + PAGE, planes);
      }
    });
  }
}
