import { beginSites } from "./allocation-sites";
import { beginPointers } from "./pointer-table";
import { beginThreads } from "./threads";

/** The passes of trace/ledger/ledger.ts over a batch, and the tables that they fill. */

export { count, peaks, siteCount, siteRow, sumLive } from "./allocation-sites";
export { rowOf } from "./block-rows";
export { apply, excessive, idLimit, liveBlocks, liveBytes } from "./blocks";
export { indexOfCaller, lifetimesAt } from "./caller-lifetimes";
export { attach, detach, find, insert, pointers, remove } from "./pointer-table";
export { addFreed, wasFreed } from "./recently-freed";
export { resolve, watch } from "./resolver";
export { enter, threadCount, threadRow } from "./threads";

/** Begins a ledger in memory that is zeroed below STORE. The limits are those of SiteLimits. */
export function begin(ofFewCalls: i32, exact: i32, anyThread: i32, anySize: i32): void {
  beginPointers();
  beginThreads();
  beginSites(ofFewCalls, exact, anyThread, anySize);
}
