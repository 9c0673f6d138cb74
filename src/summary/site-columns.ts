import { OTHER_CALLERS, type SiteColumns } from "../report/contract/allocations.ts";
import type { Ledger } from "../trace/ledger/ledger.ts";
import { ANY, ANY_CALLER, type SiteTable } from "../trace/ledger/site-table.ts";
import { callerText } from "./allocation-summaries.ts";
import { keptOf } from "./site-groups.ts";

/** The most sites with a row of their own. */
const MAX_SITES = 1000;
/** The most callers for whose other sites there is a row. */
const MAX_RESTS = 1000;

interface Site {
  readonly thread: number;
  readonly caller: number;
  readonly size: number;
  calls: number;
  volumeBytes: number;
  liveBytes: number;
  liveAtPeakBytes: number;
  pinnedBytes: number;
}

/** The sites of a log in columns, largest volume first. `names`: callers that lines give as text. */
export function siteColumns(
  table: SiteTable,
  { threads }: Ledger,
  names: readonly string[],
): SiteColumns {
  const kept = keptOf(table, MAX_SITES);
  const rows = kept.map((site) => siteAt(table, site));
  rows.push(...rests(table, new Set(kept)));
  rows.sort((a, b) => b.volumeBytes - a.volumeBytes);
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
    pinnedBytes: rows.map(({ pinnedBytes }) => pinnedBytes),
  };
}

function siteAt(table: SiteTable, site: number): Site {
  return {
    thread: table.thread[site]!,
    caller: table.caller[site]!,
    size: table.size[site]!,
    calls: table.calls[site]!,
    volumeBytes: table.volumeBytes[site]!,
    liveBytes: table.liveBytes[site]!,
    liveAtPeakBytes: table.liveAtPeakBytes[site]!,
    pinnedBytes: table.pinnedBytes[site]!,
  };
}

/** One row for each caller of the sites without a row, of all threads and sizes; one for the callers beyond the first. */
function rests(table: SiteTable, kept: ReadonlySet<number>): Site[] {
  const byCaller = new Map<number, Site>();
  for (let site = 0; site < table.caller.length; site++) {
    if (kept.has(site)) {
      continue;
    }
    const own = table.caller[site]!;
    const caller = byCaller.has(own) || byCaller.size < MAX_RESTS ? own : ANY_CALLER;
    const sum = byCaller.get(caller);
    if (sum === undefined) {
      byCaller.set(caller, { ...siteAt(table, site), thread: ANY, caller, size: ANY });
      continue;
    }
    sum.calls += table.calls[site]!;
    sum.volumeBytes += table.volumeBytes[site]!;
    sum.liveBytes += table.liveBytes[site]!;
    sum.liveAtPeakBytes += table.liveAtPeakBytes[site]!;
    sum.pinnedBytes += table.pinnedBytes[site]!;
  }
  return [...byCaller.values()];
}
