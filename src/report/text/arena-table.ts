import { byteUnit, count, inUnit, plural } from "../format.ts";
import type { ArenaSummary, FreeBytes, Scenario } from "../report.ts";
import { cut, type TextStyle } from "./style.ts";
import { type Column, renderTable, splitAtTop } from "./table.ts";

/** The arenas of the run as recorded at its end, largest RSS first, and what lies outside them. */
export function arenaTable(recorded: Scenario, top: number, style: TextStyle): string {
  const arenas = [...recorded.arenas].sort((a, b) => b.rssBytes - a.rssBytes || a.id - b.id);
  const heading = `${style.chalk.bold("Arenas")} of the run as recorded, at its end (${plural(recorded.arenaCount, "arena")})`;
  const table = renderTable(columnsFor(arenas), splitAtTop(arenas, top), style);
  return [heading, table, ...mmapped(recorded)].join("\n");
}

type ArenaColumn = Column<ArenaSummary>;

/** The ranks state the order in which columns give way: 7 goes first, 0 stays. */
function columnsFor(arenas: readonly ArenaSummary[]): ArenaColumn[] {
  const total = (rows: readonly ArenaSummary[], of: (arena: ArenaSummary) => number): number =>
    rows.reduce((sum, arena) => sum + of(arena), 0);
  const bytes = (
    head: readonly string[],
    rank: number,
    of: (arena: ArenaSummary) => number,
    unit = byteUnit(arenas.map(of)),
  ): ArenaColumn => ({
    head: [...head, unit.name],
    align: "right",
    rank,
    cell: (arena) => inUnit(unit, of(arena)),
    rest: (rows) => inUnit(unit, total(rows, of)),
  });
  const whole = byteUnit(arenas.map((arena) => arena.systemBytes));
  const freeUnit = byteUnit(arenas.map((arena) => arena.freeBytes));
  const kind = (head: readonly string[], rank: number, of: keyof FreeBytes): ArenaColumn =>
    bytes(head, rank, (arena) => arena.free[of], freeUnit);
  const columns: ArenaColumn[] = [
    {
      head: ["arena"],
      align: "left",
      rank: 0,
      cell: ({ id, main }) => (main ? `${id} main` : String(id)),
      rest: (rows) => `… ${count(rows.length)} more`,
    },
    {
      head: ["heaps"],
      align: "right",
      rank: 3,
      cell: ({ heaps }) => count(heaps),
      rest: (rows) => count(total(rows, ({ heaps }) => heaps)),
    },
    bytes(["system"], 2, (arena) => arena.systemBytes, whole),
    bytes(["RSS"], 0, (arena) => arena.rssBytes, whole),
    bytes(["in use"], 0, (arena) => arena.inUseBytes, whole),
    bytes(["free"], 0, (arena) => arena.freeBytes, freeUnit),
    bytes(["pinned"], 4, (arena) => arena.pinnedBytes),
    kind(["free in", "tcache"], 6, "tcache"),
    kind(["fast-", "bins"], 6, "fastbins"),
    kind(["un-", "sorted"], 6, "unsorted"),
    kind(["small", "bins"], 6, "smallbins"),
    kind(["large", "bins"], 6, "largebins"),
    kind(["top"], 5, "top"),
    {
      head: ["threads"],
      align: "right",
      rank: 1,
      cell: ({ threads }) => count(threads.length),
    },
    {
      head: ["tids"],
      align: "left",
      rank: 7,
      cell: ({ threads }) => threads.join(" "),
      fold: { least: 12, to: cut },
    },
  ];
  return columns;
}

/** Blocks with a mapping of their own are in no arena. */
function mmapped({ mmapped: { blocks, bytes } }: Scenario): string[] {
  if (blocks === 0) return [];
  const unit = byteUnit([bytes]);
  return [
    `Outside the arenas: ${plural(blocks, "block")} with mappings of their own, ${inUnit(unit, bytes)} ${unit.name}.`,
  ];
}
