import type { MemoryArea } from "../../../trace/stated/observed-memory.ts";
import { cutOff, KIB, linesOf, type Read, several } from "./reader.ts";

/**
 * /proc/PID/smaps: a line for each mapping, as in /proc/PID/maps, and below it its sizes in KiB and its flags (proc(5)):
 *
 *     560089e88000-56008a0fb000 rw-p 00000000 00:00 0                          [heap]
 *     Size:               2508 kB
 *     Rss:                2508 kB
 *     …
 *     VmFlags: rd wr mr mw me ac
 */
export function readSmaps(text: string): Read {
  const areas: Open[] = [];
  let sizes = 0;
  for (const line of linesOf(text)) {
    const area = areaIn(line);
    if (area !== null) {
      if (area.from < (areas.at(-1)?.to ?? 0)) {
        return several("the mappings of a process");
      }
      areas.push(area);
      continue;
    }
    const open = areas.at(-1);
    if (open === undefined) {
      continue;
    }
    const [, key, value = ""] = /^(Rss|VmFlags):\s*(.*)$/.exec(line) ?? [];
    if (key === "Rss") {
      sizes++;
      open.rssBytes = Number.parseInt(value, 10) * KIB;
    } else if (key === "VmFlags") {
      open.isUnreserved = value.split(" ").includes("nr");
    }
  }
  if (areas.length === 0 || areas[0]?.name === "[rollup]") {
    return null;
  }
  if (sizes === 0) {
    return {
      error: "is /proc/PID/maps, which does not say what is resident; take /proc/PID/smaps",
    };
  }
  // The flags come last; kernels before 3.8 show none.
  const hasFlags = areas[0]?.isUnreserved === null || areas.at(-1)?.isUnreserved !== null;
  return hasFlags && sizes === areas.length && text.endsWith("\n")
    ? { ok: { kind: "smaps", areas } }
    : cutOff("figures of its last mapping");
}

type Open = { -readonly [Key in keyof MemoryArea]: MemoryArea[Key] };

const HEADER =
  /^([0-9a-f]{4,16})-([0-9a-f]{4,16}) ([r-][w-][x-][ps]) [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+(?: +(.*))?$/;

/** The mapping that a line is the head of; null if it is none. */
function areaIn(line: string): Open | null {
  const [, from = "", to = "", permissions = "", name = ""] = HEADER.exec(line) ?? [];
  return from === ""
    ? null
    : {
        from: Number.parseInt(from, 16),
        to: Number.parseInt(to, 16),
        permissions,
        name,
        rssBytes: 0,
        isUnreserved: null,
      };
}
