import type { AllocationFigures } from "../report/contract/allocations.ts";
import type { SiteTable } from "../trace/ledger/site-table.ts";
import { largestOf } from "./largest.ts";

export type Figures = Omit<AllocationFigures, "merged" | "liveTimeline">;
export type FigureColumns = Readonly<Record<keyof Figures, Float64Array>>;

export const FIGURES = [
  "calls",
  "volumeBytes",
  "liveBytes",
  "liveBlocks",
  "liveAtPeakBytes",
  "pinnedBytes",
  "temporaryCalls",
] as const satisfies readonly (keyof Figures)[];

/** Sites with one key, summed. */
export interface SiteGroup {
  readonly key: number;
  /** what it stands for: the keys of the groups that were merged into it */
  readonly keys: readonly number[];
  readonly figures: Figures;
}

/** A group is among the largest by one of these. */
const LARGE = ["volumeBytes", "calls", "liveBytes", "liveAtPeakBytes", "pinnedBytes"] as const;

/**
 * The sums over the sites with the same key (a column of the table), by descending volume. At most `most` groups are kept;
 * the others are merged into a last one of key `any`, as the sites of that key are. In columns, since there may be a
 * hundred thousand.
 */
export function siteGroups(
  table: SiteTable,
  keyColumn: Float64Array,
  any: number,
  most: number,
): SiteGroup[] {
  const { keys, columns } = summed(table, keyColumn);
  const kept = new Set(keptOf(columns, most));
  kept.delete(keys.indexOf(any));
  const figuresOf = (index: number): Figures => ({
    calls: columns.calls[index]!,
    volumeBytes: columns.volumeBytes[index]!,
    liveBytes: columns.liveBytes[index]!,
    liveBlocks: columns.liveBlocks[index]!,
    liveAtPeakBytes: columns.liveAtPeakBytes[index]!,
    pinnedBytes: columns.pinnedBytes[index]!,
    temporaryCalls: columns.temporaryCalls[index]!,
  });
  const groups = [...kept]
    .map((index) => ({ key: keys[index]!, keys: [keys[index]!], figures: figuresOf(index) }))
    .sort((a, b) => b.figures.volumeBytes - a.figures.volumeBytes || a.key - b.key);
  if (kept.size === keys.length) {
    return groups;
  }
  const merged: Record<keyof Figures, number> = { ...NOTHING };
  for (const name of FIGURES) {
    merged[name] = columns[name].reduce(
      (sum, value, index) => sum + (kept.has(index) ? 0 : value),
      0,
    );
  }
  const rest = keys.filter((_, index) => !kept.has(index));
  return [...groups, { key: any, keys: rest, figures: merged }];
}

const NOTHING: Figures = {
  calls: 0,
  volumeBytes: 0,
  liveBytes: 0,
  liveBlocks: 0,
  liveAtPeakBytes: 0,
  pinnedBytes: 0,
  temporaryCalls: 0,
};

function summed(
  table: SiteTable,
  keyColumn: Float64Array,
): { keys: number[]; columns: FigureColumns } {
  const indexes = new Map<number, number>();
  const groupOf = new Int32Array(keyColumn.length);
  for (let site = 0; site < keyColumn.length; site++) {
    const key = keyColumn[site]!;
    let index = indexes.get(key);
    if (index === undefined) {
      index = indexes.size;
      indexes.set(key, index);
    }
    groupOf[site] = index;
  }
  const sumOf = (name: keyof Figures): Float64Array => {
    const sums = new Float64Array(indexes.size);
    const values = table[name];
    for (let site = 0; site < groupOf.length; site++) {
      sums[groupOf[site]!]! += values[site]!;
    }
    return sums;
  };
  const columns: FigureColumns = {
    calls: sumOf("calls"),
    volumeBytes: sumOf("volumeBytes"),
    liveBytes: sumOf("liveBytes"),
    liveBlocks: sumOf("liveBlocks"),
    liveAtPeakBytes: sumOf("liveAtPeakBytes"),
    pinnedBytes: sumOf("pinnedBytes"),
    temporaryCalls: sumOf("temporaryCalls"),
  };
  return { keys: [...indexes.keys()], columns };
}

/** Indices of the largest groups by each figure; where many are among the largest by several, more by volume. */
export function keptOf(
  columns: Pick<FigureColumns, (typeof LARGE)[number]>,
  most: number,
): number[] {
  const { length } = columns.calls;
  if (length <= most) {
    return Array.from({ length }, (_, index) => index);
  }
  const kept = new Set(
    LARGE.flatMap((name) =>
      largestOf(columns[name], most / LARGE.length).filter((index) => columns[name][index]! > 0),
    ),
  );
  for (const index of largestOf(columns.volumeBytes, most)) {
    if (kept.size < most) {
      kept.add(index);
    }
  }
  return [...kept];
}
