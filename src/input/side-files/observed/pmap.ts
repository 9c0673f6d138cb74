import type { MemoryArea } from "../../../trace/observed-memory.ts";
import { KIB, linesOf, type Read, several } from "./reader.ts";

/**
 * pmap -X PID, and -XX: a table of smaps, with paths cut to names, and flags only in -XX.
 *
 *     6829:   ./observed
 *              Address Perm   Offset Device   Inode   Size   Rss   Pss … Mapping
 *         560089e88000 rw-p 00000000  00:00       0   2508  2508  2508 … [heap]
 */
export function readPmap(text: string): Read {
  if (/^Address +Kbytes +RSS /m.test(text)) {
    return { error: "is of pmap -x, which does not show where the heap lies; take pmap -X PID" };
  }
  const areas: MemoryArea[] = [];
  let columns: string[] | null = null;
  for (const line of linesOf(text)) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "Address" && words.includes("Rss") && words.at(-1) === "Mapping") {
      if (columns !== null) {
        return several("the mappings of a process");
      }
      columns = words;
    } else if (columns !== null) {
      const area = areaIn(line, columns);
      if (area !== null) {
        areas.push(area);
      }
    }
  }
  return columns === null ? null : { ok: { kind: "pmap", areas } };
}

/** A row of the table; null for the rule and the sums below it. */
function areaIn(line: string, columns: readonly string[]): MemoryArea | null {
  const [, address = "", rest = ""] =
    /^\s*([0-9a-f]{4,16})\s+([r-][w-][x-][ps]\s.*)$/.exec(line) ?? [];
  const words = rest.split(/\s+/);
  const cell = (name: string): string => words[columns.indexOf(name) - 1] ?? "";
  const sizeBytes = Number.parseInt(cell("Size"), 10) * KIB;
  const rssBytes = Number.parseInt(cell("Rss"), 10) * KIB;
  if (address === "" || Number.isNaN(sizeBytes) || Number.isNaN(rssBytes)) {
    return null;
  }
  const from = Number.parseInt(address, 16);
  // The flags of -XX are words, too: the name is what follows the last known column.
  const isExact = !columns.includes("VmFlags");
  const after = isExact ? words.slice(columns.length - 2) : words.slice(-1);
  return {
    from,
    to: from + sizeBytes,
    permissions: cell("Perm"),
    name: after.join(" "),
    rssBytes,
    isUnreserved: isExact ? null : words.includes("nr"),
  };
}
