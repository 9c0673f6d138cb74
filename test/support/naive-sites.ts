import { Action, LOST_FREE } from "../../src/trace/actions.ts";
import type { AllocationSites } from "../../src/trace/ledger/allocation-sites.ts";
import { LIFETIMES } from "../../src/trace/ledger/caller-lifetimes.ts";
import { FEW_CALLS, type SiteLimits } from "../../src/trace/ledger/site-limits.ts";
import { ANY, ANY_CALLER, TEMPORARY_CALLS } from "../../src/trace/ledger/site-table.ts";
import type { PlainAction } from "./event-batches.ts";
import type { PlainEvent } from "./naive-ledger.ts";

interface Site {
  caller: number;
  size: number;
  thread: number;
  calls: number;
  volumeBytes: number;
  liveBytes: number;
  liveBlocks: number;
  liveAtPeakBytes: number;
  temporaryCalls: number;
}

interface Block {
  site: Site;
  bytes: number;
  thread: number;
  /** allocations of `thread` with this one */
  calls: number;
  event: number;
}

/** All that the sites of a ledger know. */
export interface SitesState {
  rows: Site[];
  lifetimes: Record<string, number[]>;
}

/**
 * Call sites with Maps and objects, event by event: at each peak it copies what every site has live. `actions` are those of
 * the ledger, `liveAfter` the live bytes after each event.
 */
export function naiveSites(
  events: readonly PlainEvent[],
  actions: readonly PlainAction[],
  liveAfter: readonly number[],
  limits: SiteLimits,
): SitesState {
  const sites = new Map<string, Site>();
  const blocks = new Map<number, Block>();
  const calls = new Map<number, number>();
  const lifetimes: Record<string, number[]> = {};
  const met = new Map<number, number>();
  let peak = 0;
  let live = 0;

  function siteOf(caller: number, size: number, thread: number): Site {
    met.set(thread, (met.get(thread) ?? 0) + 1);
    const isRare = met.get(thread)! <= FEW_CALLS;
    const exact = isRare ? Math.min(limits.ofFewCalls, limits.exact) : limits.exact;
    const keys: [caller: number, size: number, thread: number, limit: number][] = [
      [caller, size, thread, exact],
      [caller, size, ANY, limits.anyThread],
      [caller, ANY, ANY, limits.anySize],
      [ANY_CALLER, ANY, ANY, Number.POSITIVE_INFINITY],
    ];
    for (const [caller, size, thread, limit] of keys) {
      const key = `${caller} ${size} ${thread}`;
      const known = sites.get(key);
      if (known !== undefined) {
        return known;
      }
      if (sites.size < limit) {
        const figures = { calls: 0, volumeBytes: 0, liveBytes: 0, liveBlocks: 0 };
        const site = { caller, size, thread, ...figures, liveAtPeakBytes: 0, temporaryCalls: 0 };
        sites.set(key, site);
        lifetimes[caller] ??= new Array<number>(LIFETIMES).fill(0);
        return site;
      }
    }
    throw new Error("the last key has no limit");
  }

  function remove(id: number): Block {
    const block = blocks.get(id)!;
    blocks.delete(id);
    block.site.liveBytes -= block.bytes;
    block.site.liveBlocks--;
    return block;
  }

  function end(id: number, event: number): number {
    const { site, bytes, thread, calls: before, event: born } = remove(id);
    if (calls.get(thread)! - before <= TEMPORARY_CALLS) {
      site.temporaryCalls++;
    }
    lifetimes[site.caller]![Math.floor(Math.log2(event - born))]! += 1;
    return bytes;
  }

  for (const [event, { action, block, lost, thread }] of actions.entries()) {
    if (block < 0) {
      continue;
    }
    const plain = action & ~LOST_FREE;
    let gone = 0;
    if (action & LOST_FREE) {
      gone += remove(lost).bytes;
    }
    if (plain === Action.free || plain === Action.realloc) {
      gone += end(block, event);
    }
    if (plain !== Action.free) {
      const { caller = 0, size = 0 } = events[event]!;
      const bytes = liveAfter[event]! - live + gone;
      const site = siteOf(caller, size, thread);
      calls.set(thread, (calls.get(thread) ?? 0) + 1);
      blocks.set(block, { site, bytes, thread, calls: calls.get(thread)!, event });
      site.calls++;
      site.volumeBytes += bytes;
      site.liveBytes += bytes;
      site.liveBlocks++;
    }
    live = liveAfter[event]!;
    if (live > peak) {
      peak = live;
      for (const site of sites.values()) {
        site.liveAtPeakBytes = site.liveBytes;
      }
    }
  }
  return { rows: [...sites.values()], lifetimes };
}

/** The rows of the real sites. */
export function rowsOf(sites: AllocationSites): Site[] {
  const table = sites.table();
  return Array.from({ length: sites.size }, (_, site) => ({
    caller: table.caller[site]!,
    size: table.size[site]!,
    thread: table.thread[site]!,
    calls: table.calls[site]!,
    volumeBytes: table.volumeBytes[site]!,
    liveBytes: table.liveBytes[site]!,
    liveBlocks: table.liveBlocks[site]!,
    liveAtPeakBytes: table.liveAtPeakBytes[site]!,
    temporaryCalls: table.temporaryCalls[site]!,
  }));
}

/** All that the real sites know. */
export function sitesState(sites: AllocationSites): SitesState {
  const rows = rowsOf(sites);
  return {
    rows,
    lifetimes: Object.fromEntries(rows.map(({ caller }) => [caller, sites.lifetimes.of(caller)])),
  };
}
