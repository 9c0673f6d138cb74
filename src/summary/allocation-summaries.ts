import {
  type AllocationFigures,
  type CallerSummary,
  MAX_ALLOCATION_ROWS,
  type SizeSummary,
} from "../report/allocations.ts";
import { type AllocationSites, ANY, ANY_CALLER, type SiteRow } from "../trace/allocation-sites.ts";
import { LIFETIMES } from "../trace/caller-lifetimes.ts";
import { nameOfCaller } from "../trace/caller-names.ts";
import type { CodeMappings } from "../trace/code-mappings.ts";
import { placed } from "./caller-places.ts";

/** The callers of a log, largest volume first. */
export function callerSummaries(
  sites: AllocationSites,
  names: readonly string[],
  mappings: CodeMappings,
): CallerSummary[] {
  const groups = largest(
    grouped(sites, ({ caller }) => caller),
    ANY_CALLER,
  );
  const callers = groups.map(({ key, keys, figures }) => ({
    caller: key === ANY_CALLER ? null : callerText(key, names),
    ...NOWHERE,
    ...figures,
    medianLifetimeEvents: median(keys.map((caller) => sites.lifetimes.of(caller))),
    merged: key === ANY_CALLER,
  }));
  return placed(callers, mappings);
}

/** The requested sizes of a log, largest volume first. */
export function sizeSummaries(sites: AllocationSites): SizeSummary[] {
  return largest(
    grouped(sites, ({ size }) => size),
    ANY,
  ).map(({ key, figures }) => ({
    size: key === ANY ? null : key,
    ...figures,
    merged: key === ANY,
  }));
}

/** Null: the line has none, or it is one of several. */
export function callerText(caller: number, names: readonly string[]): string | null {
  return caller === 0 || caller === ANY_CALLER
    ? null
    : (nameOfCaller(caller, names) ?? `0x${caller.toString(16)}`);
}

const NOWHERE = { module: null, offset: null, symbol: null, file: null, line: null };

type Figures = Omit<AllocationFigures, "merged">;

interface Group {
  readonly key: number;
  /** what it stands for */
  readonly keys: readonly number[];
  readonly figures: Figures;
}

const NOTHING: Figures = {
  calls: 0,
  volumeBytes: 0,
  liveBytes: 0,
  liveBlocks: 0,
  liveAtPeakBytes: 0,
  temporaryCalls: 0,
};

function grouped(sites: AllocationSites, keyOf: (site: SiteRow) => number): Group[] {
  const groups = new Map<number, { -readonly [Name in keyof Figures]: Figures[Name] }>();
  for (let site = 0; site < sites.size; site++) {
    const row = sites.row(site);
    let figures = groups.get(keyOf(row));
    if (figures === undefined) {
      figures = { ...NOTHING };
      groups.set(keyOf(row), figures);
    }
    add(figures, row);
  }
  return [...groups].map(([key, figures]) => ({ key, keys: [key], figures }));
}

function add(
  to: { -readonly [Name in keyof Figures]: Figures[Name] },
  { calls, volumeBytes, liveBytes, liveBlocks, liveAtPeakBytes, temporaryCalls }: Figures,
): void {
  to.calls += calls;
  to.volumeBytes += volumeBytes;
  to.liveBytes += liveBytes;
  to.liveBlocks += liveBlocks;
  to.liveAtPeakBytes += liveAtPeakBytes;
  to.temporaryCalls += temporaryCalls;
}

/** A row is among the largest by one of these. */
const LARGE: readonly (keyof Figures)[] = ["volumeBytes", "calls", "liveBytes", "liveAtPeakBytes"];

/** By descending volume; those beyond the largest are merged into one group, the last one, with key `any`. */
function largest(groups: readonly Group[], any: number): Group[] {
  const known = groups.filter(({ key }) => key !== any);
  const kept = new Set<Group>(known.length <= MAX_ALLOCATION_ROWS ? known : []);
  if (kept.size < known.length) {
    for (const name of LARGE) {
      for (const group of bySize(known, name).slice(0, MAX_ALLOCATION_ROWS / LARGE.length)) {
        kept.add(group);
      }
    }
    // Many are among the largest by several.
    for (const group of bySize(known, "volumeBytes")) {
      if (kept.size < MAX_ALLOCATION_ROWS) {
        kept.add(group);
      }
    }
  }
  const rest = groups.filter((group) => !kept.has(group));
  const merged = { ...NOTHING };
  for (const { figures } of rest) {
    add(merged, figures);
  }
  const rows = bySize([...kept], "volumeBytes");
  return rest.length === 0
    ? rows
    : [...rows, { key: any, keys: rest.map(({ key }) => key), figures: merged }];
}

function bySize(groups: readonly Group[], name: keyof Figures): Group[] {
  return [...groups].sort((a, b) => b.figures[name] - a.figures[name] || a.key - b.key);
}

/** The lower bound of the bucket in which half of the blocks are reached; null if there are none. */
function median(histograms: readonly (readonly number[])[]): number | null {
  const sums = Array.from({ length: LIFETIMES }, (_, bucket) =>
    histograms.reduce((sum, histogram) => sum + (histogram[bucket] ?? 0), 0),
  );
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
