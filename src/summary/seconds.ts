import type { Ledger } from "../trace/ledger.ts";

/** Returns the seconds from the log's earliest event to `time` (µs on the log's clock); null when unknown. */
export function secondsSinceStart({ clock }: Ledger, time: number): number | null {
  const since = (time - clock.least) / 1e6;
  return Number.isNaN(since) ? null : since;
}
