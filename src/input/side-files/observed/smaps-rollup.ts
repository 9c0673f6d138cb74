import { KIB, type Read, several } from "./reader.ts";

/**
 * /proc/PID/smaps_rollup: the sums of smaps over all mappings.
 *
 *     56005744d000-7ffe37da5000 ---p 00000000 00:00 0                          [rollup]
 *     Rss:               14612 kB
 */
export function readSmapsRollup(text: string): Read {
  const [rollup, ...more] = text.matchAll(/ \[rollup\]\s+Rss:\s+(\d{1,15}) kB/g);
  if (rollup === undefined) {
    return null;
  }
  return more.length > 0
    ? several("the sums of a process")
    : { ok: { kind: "smaps_rollup", rssBytes: Number(rollup[1]) * KIB } };
}
