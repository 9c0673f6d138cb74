import type { Ledger } from "../trace/ledger/ledger.ts";

/** Returns the seconds from the log's earliest event to `time` (µs on the log's clock); null when unknown. */
export function secondsSinceStart({ clock }: Ledger, time: number): number | null {
  return secondsBetween(clock.least, time);
}

/** Returns the seconds from `start` to `time`, both in µs on the log's clock; null if one is unknown. */
export function secondsBetween(start: number, time: number): number | null {
  const since = (time - start) / 1e6;
  return Number.isNaN(since) ? null : since;
}
