import type { MemoryArea } from "../../../trace/stated/observed-memory.ts";
import { cutOff, KIB, linesOf, type Read, several } from "./reader.ts";

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
  let table: Table | null = null;
  let sumKib: number | null = null;
  for (const line of linesOf(text)) {
    const columns = line.trim().split(/\s+/);
    if (columns[0] === "Address" && columns.includes("Rss") && columns.at(-1) === "Mapping") {
      if (table !== null) {
        return several("the mappings of a process");
      }
      table = { columns, mappingAt: line.lastIndexOf("Mapping") };
    } else if (table !== null) {
      const area = areaIn(line, table);
      if (area !== null) {
        areas.push(area);
      }
      sumKib = sumIn(line, table) ?? sumKib;
    }
  }
  if (table === null) {
    return null;
  }
  const rssBytes = areas.reduce((sum, one) => sum + one.rssBytes, 0);
  return sumKib !== null && sumKib * KIB === rssBytes
    ? { ok: { kind: "pmap", areas } }
    : cutOff("mappings, or the sums below them");
}

/** The sum of the column Rss in KiB; null in other lines. The sums begin with that of the sizes. */
function sumIn(line: string, { columns }: Table): number | null {
  const words = line.trim().split(/\s+/);
  const rss = words[columns.indexOf("Rss") - columns.indexOf("Size")];
  return words.at(-1) === "KB" && rss !== undefined ? Number(rss) : null;
}

interface Table {
  readonly columns: readonly string[];
  /** where the last column begins, the only one to the left */
  readonly mappingAt: number;
}

/** A row of the table; null for the rule and the sums below it. */
function areaIn(line: string, { columns, mappingAt }: Table): MemoryArea | null {
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
  // The flags of -XX are words, too, however many: only the column shows where the name begins.
  const hasFlags = columns.includes("VmFlags");
  const name = hasFlags ? line.slice(mappingAt) : words.slice(columns.length - 2).join(" ");
  return {
    from,
    to: from + sizeBytes,
    permissions: cell("Perm"),
    name,
    rssBytes,
    isUnreserved: hasFlags ? / nr( |$)/.test(line.slice(0, mappingAt)) : null,
  };
}
