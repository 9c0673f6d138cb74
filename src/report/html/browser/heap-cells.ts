import type { HeapMap } from "../../contract/report.ts";
import { exact, plural, size } from "../../wording/format.ts";

const PAGE = 4096;

/** The share (0..1) that a digit of a map stands for: 0 none, x all, else tenths. */
export function share(digit: string | undefined): number {
  return digit === "x" ? 1 : Number(digit ?? "0") / 10;
}

/** The cell of the heap's topmost live block; -1 if there is none. */
export function topmostCell({ topmostBlock, pagesPerCell }: HeapMap): number {
  if (topmostBlock === null) {
    return -1;
  }
  return Math.floor(topmostBlock.offsetBytes / (PAGE * pagesPerCell));
}

/** "+0x1000 (4 KiB), page 2 of 8: all free." */
export function cellInWords(map: HeapMap, cell: number): string {
  const { pagesPerCell, pages, topmostBlock } = map;
  const first = cell * pagesPerCell;
  const end = Math.min(first + pagesPerCell, pages);
  const which =
    end - first === 1 ? `page ${exact(end)}` : `pages ${exact(first + 1)} to ${exact(end)}`;
  const where = `+0x${(first * PAGE).toString(16)} (${size(first * PAGE)})`;
  const topmost =
    topmostBlock !== null && cell === topmostCell(map)
      ? ` The topmost live block of the heap starts here (${size(topmostBlock.bytes)}): free() returns only memory above it to the kernel.`
      : "";
  return `${where}, ${which} of ${exact(pages)}: ${stateInWords(map, cell, end - first)}.${topmost}`;
}

function stateInWords({ resident, free }: HeapMap, cell: number, pages: number): string {
  const there = share(resident[cell]);
  if (there === 0) {
    return "not resident";
  }
  const freeShare = share(free[cell]);
  const state =
    freeShare === 0
      ? "full"
      : freeShare === 1
        ? "all free"
        : `partly free, about ${Math.round(freeShare * 100)} % in free chunks`;
  if (there === 1) {
    return state;
  }
  return `about ${Math.round(there * 100)} % of ${plural(pages, "page")} resident, ${state}`;
}
