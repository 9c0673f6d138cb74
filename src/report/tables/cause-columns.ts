import type { Causes, CausesOfScenario } from "../contract/report.ts";
import { byteUnit, inUnit } from "../wording/format.ts";
import type { Column } from "./column.ts";

/** A cause of resident memory in bytes; the last row is their sum. */
export interface CauseRow {
  readonly words: string;
  readonly endBytes: number;
  /** null if unknown */
  readonly peakBytes: number | null;
}

/** Each cause in words, in the order of tables. */
export const CAUSE_WORDS: readonly (readonly [cause: keyof Causes, words: string])[] = [
  ["live", "live blocks in heaps"],
  ["mapped", "live blocks, mapped one by one"],
  ["overhead", "their headers and rounding"],
  ["unwritten", "of these, never written"],
  ["returnable", "free whole pages (for malloc_trim)"],
  ["pinned", "free, sharing pages with blocks"],
  ["tops", "free tops of heaps"],
  ["idleArenas", "arenas without a live block"],
  ["tcache", "freed, in threads' caches (tcache)"],
  ["fastbins", "freed, in fastbins"],
  ["unlogged", "in use from outside the log"],
];

/** The causes that have bytes at the end or at the peak, and their sum. */
export function causeRows({ end, peak }: CausesOfScenario): CauseRow[] {
  const rows = CAUSE_WORDS.map(([cause, words]) => ({
    words,
    endBytes: end[cause],
    peakBytes: peak?.[cause] ?? null,
  })).filter(
    ({ endBytes, peakBytes }) => endBytes !== 0 || (peakBytes !== null && peakBytes !== 0),
  );
  return [...rows, { words: "RSS", endBytes: sumOf(end), peakBytes: peak && sumOf(peak) }];
}

export function causeColumns(rows: readonly CauseRow[]): Column<CauseRow>[] {
  const unit = byteUnit(rows.flatMap(({ endBytes, peakBytes }) => [endBytes, peakBytes ?? 0]));
  return [
    { head: ["cause"], align: "left", rank: 0, cell: ({ words }) => words },
    {
      head: ["at end", unit.name],
      align: "right",
      rank: 0,
      cell: ({ endBytes }) => inUnit(unit, endBytes),
    },
    {
      head: ["at peak", unit.name],
      align: "right",
      rank: 1,
      cell: ({ peakBytes }) => (peakBytes === null ? "" : inUnit(unit, peakBytes)),
    },
  ];
}

function sumOf(causes: Causes): number {
  return CAUSE_WORDS.reduce((sum, [cause]) => sum + causes[cause], 0);
}
