import type { Causes, Report, Timeline } from "../../report/contract/report.ts";
import { byteUnit, percent, size } from "../../report/wording/format.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { labelled, plain } from "../sentences.ts";
import { BEYOND_LIVE, heldBytes } from "./cause-words.ts";

/** A cause with a smaller share of RSS is not worth a word on the first screen. */
const NOTABLE_RATIO = 0.05;
const MOST_CAUSES = 3;
/** Growth in the second half of the log is worth a word from this share of RSS on, and this many bytes. */
const GROWTH_RATIO = 0.1;
const GROWTH_BYTES = 1024 * 1024;
/** Growth of RSS is explained by live memory, or by what is held beyond it, if that is at least this share of it. */
const EXPLAINED_RATIO = 0.8;

/** Why the memory of the recorded run is resident at its end, largest causes first, and what grows. */
export function why({ scenarios, causes, timeline }: Report): Sentence[] {
  const [recorded] = scenarios;
  const atEnd = recorded && causes?.[recorded.name]?.end;
  if (recorded === undefined || atEnd === undefined || recorded.rss.endBytes === 0) {
    return [];
  }
  const rss = recorded.rss.endBytes;
  const growth = growthOf(timeline.liveBytes, timeline.perScenario[recorded.name] ?? [], rss);
  const text = `${composition(atEnd, rss)}${growth === null ? "" : ` ${growth}`}`;
  return [labelled("Why", plain(text))];
}

function composition(causes: Causes, rss: number): string {
  const notable = BEYOND_LIVE.map(([cause, words]) => ({ bytes: causes[cause], words }))
    .filter(({ bytes }) => bytes >= NOTABLE_RATIO * rss)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, MOST_CAUSES);
  const unit = byteUnit([rss]);
  if (notable.length === 0) {
    return `the program holds ${percent(heldBytes(causes) / rss)} of it.${neverWritten(causes, rss)}`;
  }
  const parts = notable.map(({ bytes, words }) => `${size(bytes, unit)} are ${words}`);
  return `of ${size(rss, unit)}, ${parts.join("; ")}.${neverWritten(causes, rss)}`;
}

function neverWritten({ unwritten }: Causes, rss: number): string {
  return -unwritten < NOTABLE_RATIO * rss
    ? ""
    : ` ${size(-unwritten, byteUnit([rss]))} of what is live was never written, and is not resident.`;
}

/** Whether the program's memory grows, or what glibc holds beyond it; null if neither does, or both. */
function growthOf(
  live: Timeline["liveBytes"],
  resident: readonly number[],
  rss: number,
): string | null {
  const held = growthIn(resident);
  if (held < GROWTH_BYTES || held < GROWTH_RATIO * rss) {
    return null;
  }
  const ofLive = growthIn(live);
  const grew = `In the second half of the log RSS grew by ${size(held)}`;
  if (ofLive >= EXPLAINED_RATIO * held) {
    return `${grew}, and live memory by ${size(ofLive)}: the program itself holds more.`;
  }
  if (ofLive <= (1 - EXPLAINED_RATIO) * held) {
    const but = ofLive <= 0 ? "live memory did not grow" : `live memory only by ${size(ofLive)}`;
    return `${grew}, but ${but}: what grew is freed memory that glibc holds.`;
  }
  return null;
}

/** How much larger the last value is than the one in the middle. */
function growthIn(series: readonly number[]): number {
  const last = series.at(-1);
  const middle = series[Math.floor((series.length - 1) / 2)];
  return last === undefined || middle === undefined ? 0 : last - middle;
}
