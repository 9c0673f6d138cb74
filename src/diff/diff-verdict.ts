import { byteUnit, change, size } from "../report/format.ts";
import type { Change, Diff, ThreadChange } from "./diff.ts";

/** A smaller part of RSS is not worth a sentence. */
const NOTABLE = 0.02;

/** What changed in a few sentences: by how much memory grew, and what is behind it. */
export function diffVerdict(diff: Diff): string[] {
  const total = (key: string): Change | undefined => diff.totals.find((one) => one.key === key);
  const [rss, peak, live] = [total("rss"), total("peak-rss"), total("live")];
  if (isUnchanged(diff)) {
    return ["Nothing changed: no figure of the two reports differs."];
  }
  const sentences: string[] = [];
  if (rss !== undefined && peak !== undefined && isKnown(rss) && isKnown(peak)) {
    sentences.push(`RSS at the end ${moved(rss)}, at the peak it ${moved(peak)}.`);
  }
  if (live !== undefined) {
    sentences.push(`Live bytes at the end ${verb(live)}${span(live)}.`);
  }
  if (rss !== undefined && live !== undefined && isKnown(rss) && rss.change > 0) {
    const kept = rss.change - Math.max(0, live.change);
    if (2 * kept > rss.change && kept > NOTABLE * (rss.base ?? 0)) {
      const part = size(kept);
      sentences.push(`Of the growth ${part} is not live: glibc keeps it, see the arenas.`);
    }
  }
  const [first] = diff.threads.rows;
  if (first !== undefined && first.liveBytes.change !== 0) {
    sentences.push(`Of the threads ${label(first)} changed most: live${span(first.liveBytes)}.`);
  }
  return sentences;
}

/** A thread as sentences call it. */
function label({ tid, name }: Pick<ThreadChange, "tid" | "name">): string {
  if (tid === null) {
    return name ?? "those without a name";
  }
  return name === null ? String(tid) : `${tid} (${name})`;
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

function moved(changed: Change): string {
  return `${verb(changed)}${span(changed)}`;
}

function verb({ change: by }: Change): string {
  return by > 0 ? "grew" : by < 0 ? "fell" : "stayed";
}

function span({ base, head, change: by }: Change): string {
  const [from, to] = [base ?? 0, head ?? 0];
  const unit = byteUnit([from, to]);
  if (by === 0) {
    return ` at ${size(to, unit)}`;
  }
  const part = change(from, to);
  return ` from ${size(from, unit)} to ${size(to, unit)}${part === null ? "" : ` (${part})`}`;
}
