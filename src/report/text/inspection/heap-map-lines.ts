import type { ArenaHeap } from "../../contract/inspection.ts";
import type { HeapMap } from "../../contract/report.ts";
import { exact, size } from "../../wording/format.ts";
import type { TextStyle } from "../style.ts";

const PAGE = 4096;
/** "0x7ff090000000 " */
const LABEL = 16;
/** Cells of a line are so many, or a power of two below. */
const MOST_CELLS = 64;

export const MAP_KEY =
  "Each character is a page, or as much as its heap's title says: # full, + partly free, - all free, . not resident.";

/** A heap's pages, a character for each cell, with the address or the offset of each line's first one. */
export function heapMapLines(
  { address, map, mapOffset }: ArenaHeap,
  { width }: TextStyle,
): string[] {
  let perLine = MOST_CELLS;
  while (perLine > 16 && LABEL + perLine > width) {
    perLine /= 2;
  }
  // A 47-bit address is a whole number of a double.
  const base = address === null ? null : Number(address);
  const lines: string[] = [];
  for (let cell = 0; cell < map.resident.length; cell += perLine) {
    const at = mapOffset + cell * map.pagesPerCell * PAGE;
    const label = base === null ? `+0x${at.toString(16)}` : `0x${(base + at).toString(16)}`;
    const cells = Array.from(map.resident.slice(cell, cell + perLine), (_, i) =>
      character(map, cell + i),
    );
    lines.push(`${label.padEnd(LABEL)}${cells.join("")}`);
  }
  return lines;
}

/** "2,048 pages: 1,024 full, 96 partly free, 900 all free, 28 not resident; 16 KiB a character" */
export function mapTitle({
  pages,
  fullPages,
  partlyFreePages,
  freePages,
  absentPages,
  pagesPerCell,
}: HeapMap): string {
  const counts = [
    `${exact(fullPages)} full`,
    `${exact(partlyFreePages)} partly free`,
    `${exact(freePages)} all free`,
    `${exact(absentPages)} not resident`,
  ];
  const scale = pagesPerCell === 1 ? "" : `; ${size(pagesPerCell * PAGE)} a character`;
  return `${exact(pages)} pages: ${counts.join(", ")}${scale}`;
}

function character({ resident, free }: HeapMap, cell: number): string {
  if (resident[cell] === "0") {
    return ".";
  }
  return free[cell] === "0" ? "#" : free[cell] === "x" ? "-" : "+";
}
