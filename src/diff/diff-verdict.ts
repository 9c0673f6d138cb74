import {
  byteUnit,
  capitalized,
  change,
  placeInNoise,
  plural,
  size,
  sizeRange,
  sizes,
} from "../report/wording/format.ts";
import { type Change, isNoise } from "./change.ts";
import type { Diff, TotalChange } from "./diff.ts";
import { grownCauses, grownWhere } from "./explain-growth.ts";
import { type ThreadChange, threadsLabel } from "./thread-changes.ts";

/** A smaller part of RSS is not worth a sentence. */
const NOTABLE = 0.02;

/** How memory changed, and what caused it, in a few sentences. */
export function diffVerdict(diff: Diff): string[] {
  const total = (key: string): TotalChange | null =>
    diff.totals.find((one) => one.key === key) ?? null;
  const [rss, peak, live] = [total("rss"), total("peak-rss"), total("live")];
  if (isUnchanged(diff)) {
    return ["Nothing changed: all figures of the two reports are equal."];
  }
  const runs = diff.runs.length + 1;
  const sentences: string[] = [];
  if (rss !== null && peak !== null && isKnown(rss) && isKnown(peak)) {
    sentences.push(`RSS at the end ${moved(rss, runs)}, peak RSS ${moved(peak, runs)}.`);
  }
  if (live !== null) {
    sentences.push(`Live bytes at the end ${moved(live, runs)}.`);
  }
  return [...sentences, ...ofRss(diff, rss, peak, live), ...ofLive(diff, live)];
}

/** What grew of RSS: at the end, or at the peak if only that grew. */
function ofRss(
  { causes }: Diff,
  rss: TotalChange | null,
  peak: TotalChange | null,
  live: TotalChange | null,
): string[] {
  if (rss === null || !isKnown(rss)) {
    return [];
  }
  const hasGrown = (one: TotalChange | null): boolean =>
    one !== null && one.change > NOTABLE * (one.base ?? 0) && !isNoise(one);
  const when = hasGrown(rss) ? "end" : hasGrown(peak) ? "peak" : null;
  const grown = when === null ? null : grownCauses(causes, when);
  if (grown !== null) {
    return [grown.text];
  }
  const kept = rss.change - Math.max(0, live?.change ?? 0);
  return when === "end" && live !== null && 2 * kept > rss.change
    ? [`${size(kept)} of the growth is not live: glibc keeps it, see the arenas.`]
    : [];
}

/** Where live memory grew; if it did not, or no more than in other runs, what changed most. */
function ofLive({ callers, threads }: Diff, live: TotalChange | null): string[] {
  if (live !== null && live.change > 0 && !isNoise(live)) {
    return grownWhere(LIVE, threads.rows, callers.rows);
  }
  const site = callers.rows.find(hasChanged);
  const group = threads.rows.find(hasChanged);
  const most = (label: string, { liveBytes }: { liveBytes: Change }): string =>
    `${capitalized(label)} changed most: live bytes ${span(liveBytes)}.`;
  return [
    ...(site === undefined ? [] : [most(`call site ${site.caller}`, site)]),
    ...(group === undefined ? [] : [most(threadsLabel(group), group)]),
  ];
}

const LIVE = {
  name: "live bytes",
  show: sizes,
  ofThread: ({ liveBytes }: ThreadChange): Change => liveBytes,
  ofCaller: ({ liveBytes }: { readonly liveBytes: Change }): Change => liveBytes,
};

function hasChanged({ liveBytes }: { readonly liveBytes: Change }): boolean {
  return liveBytes.change !== 0 && !isNoise(liveBytes);
}

function isUnchanged({ totals, scenarios, causes, arenas, threads, callers }: Diff): boolean {
  const changes = [
    ...totals,
    ...scenarios.flatMap((row) => [row.endRssBytes, row.peakRssBytes]),
    ...causes.flatMap((row) => [row.endBytes, row.peakBytes ?? []].flat()),
    ...arenas.flatMap((row) => [row.rssBytes, row.inUseBytes, row.freeBytes]),
    ...[...threads.rows, ...callers.rows].flatMap((row) => [
      row.liveBytes,
      row.volumeBytes,
      row.calls,
      row.liveBlocks,
    ]),
  ];
  return changes.every(({ base, head }) => base === head);
}

function isKnown({ base, head }: Change): boolean {
  return base !== null && head !== null;
}

/** "grew from 20 MiB to 27 MiB (+35.0 %), within the noise of 3 runs (19 MiB to 28 MiB)" */
function moved(changed: Change, runs: number): string {
  if (changed.change === 0) {
    return `stayed at ${size(changed.head ?? 0)}`;
  }
  return `${changed.change > 0 ? "grew" : "fell"} ${span(changed)}${noiseText(changed, runs)}`;
}

function noiseText(changed: Change, runs: number): string {
  const { noise } = changed;
  if (noise === undefined) {
    return "";
  }
  const unit = byteUnit([changed.base ?? 0, changed.head ?? 0]);
  return `, ${placeInNoise(noise, changed.head ?? 0)} the noise of ${plural(runs, "run")} (${sizeRange(noise.least, noise.most, unit)})`;
}

/** "from 20 MiB to 27 MiB (+35.0 %)" */
function span({ base, head }: Change): string {
  const [from, to] = [base ?? 0, head ?? 0];
  const unit = byteUnit([from, to]);
  const part = change(from, to);
  return `from ${size(from, unit)} to ${size(to, unit)}${part === null ? "" : ` (${part})`}`;
}
