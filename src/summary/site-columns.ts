import { OTHER_CALLERS, type SiteColumns } from "../report/allocations.ts";
import { ANY, ANY_CALLER, type SiteRow } from "../trace/allocation-sites.ts";
import type { Ledger } from "../trace/ledger.ts";
import { callerText } from "./allocation-summaries.ts";

/** The most sites with a row of their own. */
const MAX_SITES = 1000;
/** The most callers for whose other sites there is a row. */
const MAX_RESTS = 1000;

/** A site is among the largest by one of these. */
const LARGE = ["volumeBytes", "calls", "liveBytes", "liveAtPeakBytes"] as const;

type Site = Pick<SiteRow, "thread" | "caller" | "size" | (typeof LARGE)[number]>;

/** The sites of a log in columns, largest volume first. `names`: callers that lines give as text. */
export function siteColumns({ sites, threads }: Ledger, names: readonly string[]): SiteColumns {
  const all: Site[] = sites.rows();
  const kept = new Set(all.length <= MAX_SITES ? all : largest(all));
  const rows = [...kept, ...rests(all.filter((site) => !kept.has(site)))].sort(
    byDescending("volumeBytes"),
  );
  return {
    tid: rows.map(({ thread }) => (thread === ANY ? null : threads.tidOf(thread))),
    caller: rows.map(({ caller }) =>
      caller === ANY_CALLER ? OTHER_CALLERS : callerText(caller, names),
    ),
    size: rows.map(({ size }) => (size === ANY ? null : size)),
    calls: rows.map(({ calls }) => calls),
    volumeBytes: rows.map(({ volumeBytes }) => volumeBytes),
    liveBytes: rows.map(({ liveBytes }) => liveBytes),
    liveAtPeakBytes: rows.map(({ liveAtPeakBytes }) => liveAtPeakBytes),
  };
}

function largest(all: readonly Site[]): Site[] {
  return LARGE.flatMap((name) =>
    [...all].sort(byDescending(name)).slice(0, MAX_SITES / LARGE.length),
  );
}

/** One row for each caller, of all threads and sizes; one for the callers beyond the first. */
function rests(sites: readonly Site[]): Site[] {
  const byCaller = new Map<number, Site>();
  for (const site of sites) {
    const known = byCaller.has(site.caller) || byCaller.size < MAX_RESTS;
    const caller = known ? site.caller : ANY_CALLER;
    const sum = byCaller.get(caller);
    byCaller.set(caller, {
      thread: ANY,
      caller,
      size: ANY,
      calls: site.calls + (sum?.calls ?? 0),
      volumeBytes: site.volumeBytes + (sum?.volumeBytes ?? 0),
      liveBytes: site.liveBytes + (sum?.liveBytes ?? 0),
      liveAtPeakBytes: site.liveAtPeakBytes + (sum?.liveAtPeakBytes ?? 0),
    });
  }
  return [...byCaller.values()];
}

/** The order is the same in every run: sites are in order of first appearance, and sorting is stable. */
function byDescending(name: (typeof LARGE)[number]): (a: Site, b: Site) => number {
  return (a, b) => b[name] - a[name];
}
