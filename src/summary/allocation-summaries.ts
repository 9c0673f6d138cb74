import {
  type CallerSummary,
  MAX_ALLOCATION_ROWS,
  type SizeSummary,
} from "../report/contract/allocations.ts";
import { LIFETIMES } from "../trace/ledger/caller-lifetimes.ts";
import type { Ledger } from "../trace/ledger/ledger.ts";
import { ANY, ANY_CALLER, type SiteTable } from "../trace/ledger/site-table.ts";
import { nameOfCaller } from "../trace/stated/caller-names.ts";
import type { CodeMappings } from "../trace/stated/code-mappings.ts";
import { placed } from "./caller-places.ts";
import { type SiteGroup, siteGroups } from "./site-groups.ts";

/** The callers of a log, largest volume first. `names`: those that lines give as text. */
export function callerSummaries(
  table: SiteTable,
  ledger: Ledger,
  names: readonly string[],
  mappings: CodeMappings,
): CallerSummary[] {
  const groups = siteGroups(table, table.caller, ANY_CALLER, MAX_ALLOCATION_ROWS);
  const liveTimelines = liveTimelinesOf(groups, table.caller, ledger);
  const { lifetimes } = ledger.sites;
  const callers = groups.map(({ key, keys, figures }, i) => ({
    caller: key === ANY_CALLER ? null : callerText(key, names),
    ...NOWHERE,
    ...figures,
    medianLifetimeEvents: median(keys.map((caller) => lifetimes.of(caller))),
    merged: key === ANY_CALLER,
    liveTimeline: liveTimelines[i]!,
  }));
  return placed(callers, mappings);
}

/** The requested sizes of a log, largest volume first. */
export function sizeSummaries(table: SiteTable, ledger: Ledger): SizeSummary[] {
  const groups = siteGroups(table, table.size, ANY, MAX_ALLOCATION_ROWS);
  const liveTimelines = liveTimelinesOf(groups, table.size, ledger);
  return groups.map(({ key, figures }, i) => ({
    size: key === ANY ? null : key,
    ...figures,
    merged: key === ANY,
    liveTimeline: liveTimelines[i]!,
  }));
}

/** The live bytes of each group over the log. `keyColumn`: the key of each site. */
function liveTimelinesOf(
  groups: readonly SiteGroup[],
  keyColumn: Float64Array,
  { sites, siteSeries, events }: Ledger,
): number[][] {
  const groupOfKey = new Map(groups.flatMap(({ keys }, i) => keys.map((key) => [key, i] as const)));
  const groupOf = Int32Array.from(keyColumn, (key) => groupOfKey.get(key) ?? -1);
  return siteSeries.sums(sites, groupOf, groups.length, events);
}

/** Null: the line has none, or it is one of several. */
export function callerText(caller: number, names: readonly string[]): string | null {
  return caller === 0 || caller === ANY_CALLER
    ? null
    : (nameOfCaller(caller, names) ?? `0x${caller.toString(16)}`);
}

const NOWHERE = { module: null, offset: null, symbol: null, file: null, line: null };

/** The lower bound of the bucket in which half of the blocks are reached; null if there are none. */
function median(histograms: readonly (readonly number[])[]): number | null {
  const sums = new Array<number>(LIFETIMES).fill(0);
  for (const histogram of histograms) {
    for (const [bucket, blocks] of histogram.entries()) {
      sums[bucket]! += blocks;
    }
  }
  const all = sums.reduce((total, blocks) => total + blocks, 0);
  let below = 0;
  for (const [bucket, blocks] of sums.entries()) {
    below += blocks;
    if (all > 0 && below * 2 >= all) {
      return 2 ** bucket;
    }
  }
  return null;
}
