import { byteUnit, change, size } from "../report/format.ts";
import type { Change, Diff, ThreadChange } from "./diff.ts";

/** A smaller part of RSS is not worth a sentence. */
const NOTABLE = 0.02;

/** How memory changed, and what caused it, in a few sentences. */
export function diffVerdict(diff: Diff): string[] {
  const total = (key: string): Change | null => diff.totals.find((one) => one.key === key) ?? null;
  const [rss, peak, live] = [total("rss"), total("peak-rss"), total("live")];
  if (isUnchanged(diff)) {
    return ["Nothing changed: all figures of the two reports are equal."];
  }
  const sentences: string[] = [];
  if (rss !== null && peak !== null && isKnown(rss) && isKnown(peak)) {
    sentences.push(`RSS at the end ${moved(rss)}, peak RSS ${moved(peak)}.`);
  }
  if (live !== null) {
    sentences.push(`Live bytes at the end ${moved(live)}.`);
  }
  if (rss !== null && live !== null && isKnown(rss) && rss.change > 0) {
    const kept = rss.change - Math.max(0, live.change);
    if (2 * kept > rss.change && kept > NOTABLE * (rss.base ?? 0)) {
      sentences.push(`${size(kept)} of the growth is not live: glibc keeps it, see the arenas.`);
    }
  }
  const [first] = diff.threads.rows;
  if (first !== undefined && first.liveBytes.change !== 0) {
    sentences.push(`${label(first)} changed most: live bytes ${span(first.liveBytes)}.`);
  }
  return sentences;
}

function label({ tid, name }: Pick<ThreadChange, "tid" | "name">): string {
  if (tid === null) {
    return name === null ? "Unnamed threads" : `Threads named ${name}`;
  }
  return name === null ? `Thread ${tid}` : `Thread ${tid} (${name})`;
}

function isUnchanged({ totals, scenarios, arenas, threads }: Diff): boolean {
  const changes = [
    ...totals,
    ...scenarios.flatMap((row) => [row.endRssBytes, row.peakRssBytes]),
    ...arenas.flatMap((row) => [row.rssBytes, row.inUseBytes, row.freeBytes]),
    ...threads.rows.flatMap((row) => [row.liveBytes, row.volumeBytes, row.calls, row.liveBlocks]),
  ];
  return changes.every(({ base, head }) => base === head);
}

function isKnown({ base, head }: Change): boolean {
  return base !== null && head !== null;
}

/** "grew from 20 MiB to 27 MiB (+35.0 %)" */
function moved(changed: Change): string {
  if (changed.change === 0) {
    return `stayed at ${size(changed.head ?? 0)}`;
  }
  return `${changed.change > 0 ? "grew" : "fell"} ${span(changed)}`;
}

/** "from 20 MiB to 27 MiB (+35.0 %)" */
function span({ base, head }: Change): string {
  const [from, to] = [base ?? 0, head ?? 0];
  const unit = byteUnit([from, to]);
  const part = change(from, to);
  return `from ${size(from, unit)} to ${size(to, unit)}${part === null ? "" : ` (${part})`}`;
}
