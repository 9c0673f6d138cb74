import type { ArenaSummary, FreeBytes, Scenario } from "../contract/report.ts";
import { type ByteUnit, byteUnit, count, inUnit, plural, size } from "../wording/format.ts";
import { cut } from "../wording/shorten.ts";
import type { Column } from "./column.ts";

export function largestFirst(arenas: readonly ArenaSummary[]): ArenaSummary[] {
  return [...arenas].sort((a, b) => b.rssBytes - a.rssBytes || a.id - b.id);
}

type ArenaColumn = Column<ArenaSummary>;

const KINDS: readonly (readonly [kind: keyof FreeBytes, ...head: string[]])[] = [
  ["tcache", "tcache"],
  ["fastbins", "fast-", "bins"],
  ["unsorted", "un-", "sorted"],
  ["smallbins", "small", "bins"],
  ["largebins", "large", "bins"],
  ["top", "top"],
];

/** Ranks give the order of dropping: 6 first, 0 never. Among the kinds of free memory, the smallest goes first. */
export function arenaColumns(arenas: readonly ArenaSummary[]): ArenaColumn[] {
  const total = (rows: readonly ArenaSummary[], of: (arena: ArenaSummary) => number): number =>
    rows.reduce((sum, arena) => sum + of(arena), 0);
  const bytes = (
    head: readonly string[],
    rank: number,
    of: (arena: ArenaSummary) => number,
    unit: ByteUnit,
  ): ArenaColumn => ({
    head: [...head, unit.name],
    align: "right",
    rank,
    cell: (arena) => inUnit(unit, of(arena)),
    rest: (rows) => inUnit(unit, total(rows, of)),
  });
  const whole = byteUnit(arenas.map((arena) => arena.systemBytes));
  const freeUnit = byteUnit(arenas.map((arena) => arena.freeBytes));
  const totals = KINDS.map(([kind]) => total(arenas, (arena) => arena.free[kind]));
  const kinds = KINDS.map(([kind, ...head], i) => {
    const larger = totals.filter((bytes) => bytes > (totals[i] ?? 0)).length;
    return bytes(head, 5 + larger / KINDS.length, (arena) => arena.free[kind], freeUnit);
  });
  return [
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
    bytes(["pinned"], 4, (arena) => arena.pinnedBytes, freeUnit),
    ...kinds,
    {
      head: ["threads"],
      align: "right",
      rank: 1,
      cell: ({ threads }) => count(threads.length),
    },
    {
      head: ["tids"],
      align: "left",
      rank: 6,
      cell: ({ threads }) => threads.join(" "),
      fold: { least: 12, to: cut },
    },
  ];
}

/** The sentence on mmapped blocks, which no arena contains; none if there are none. */
export function outsideArenas({ mmapped: { blocks, bytes } }: Scenario): string[] {
  if (blocks === 0) {
    return [];
  }
  return [`Outside the arenas: ${plural(blocks, "mmapped block")}, ${size(bytes)}.`];
}
