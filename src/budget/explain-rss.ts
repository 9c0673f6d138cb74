import { callerChanges } from "../diff/caller-changes.ts";
import { causeChanges } from "../diff/cause-changes.ts";
import { grownCauses, grownWhere } from "../diff/explain-growth.ts";
import { threadChanges, threadsLabel } from "../diff/thread-changes.ts";
import { BEYOND_LIVE, heldBytes } from "../insight/causes/cause-words.ts";
import { pinSentence } from "../insight/pins/pin-sentence.ts";
import type { Causes } from "../report/contract/report.ts";
import type { KnownReport } from "../report/read-report.ts";
import { byteUnit, capitalized, size } from "../report/wording/format.ts";
import { type BudgetKey, pathOf } from "./budget-key.ts";
import type { Evidence } from "./judge.ts";
import {
  heldAtPeak,
  LIVE,
  largest,
  largestThread,
  mostOfSite,
  type PartFigure,
  PEAK_LIVE,
  shown,
} from "./part-figures.ts";

/** What a budget on RSS is explained by. */
interface Resident {
  readonly when: "end" | "peak";
  readonly scenario: string;
  readonly isRecorded: boolean;
  readonly bytes: number;
}

/** A part of RSS below this one is not worth a word. */
const NOTABLE_RATIO = 0.05;
/** The same of what is resident beyond the program's blocks. */
const NOTABLE_PART = 0.2;
const MOST_PARTS = 3;

/** Why RSS, or the part of it that is fragmentation, is large or has grown; empty for other keys. */
export function explainRss(key: BudgetKey, { head, base, runs }: Evidence): string[] {
  const resident = residentOf(key, head.known);
  if (resident === null) {
    return [];
  }
  const others = runs.map(({ known }) => known);
  const grown = base === null ? [] : growth(resident, base.known, head.known, others);
  return grown.length > 0 ? grown : composition(resident, head.known);
}

function residentOf(key: BudgetKey, report: KnownReport): Resident | null {
  const { scenarios } = report;
  const path = pathOf(key);
  const when = path === "rss.peakBytes" ? "peak" : "end";
  const [recorded] = scenarios;
  const name = key.scenario ?? recorded?.name;
  const isOfRss = when === "peak" || path === "rss.endBytes" || path === "fragmentation.external";
  if (!isOfRss || name === undefined) {
    return null;
  }
  return {
    when,
    scenario: name,
    isRecorded: name === recorded?.name,
    bytes: bytesOf(report, name, when),
  };
}

/** What grew since an earlier report; empty if the reports do not say. */
function growth(
  { when, scenario, bytes }: Resident,
  base: KnownReport,
  head: KnownReport,
  runs: readonly KnownReport[],
): string[] {
  const causes = grownCauses(causeChanges(base, head, runs, scenario), when);
  const isLive =
    causes?.isHeld ?? isMostlyLive(when, bytes - bytesOf(base, scenario, when), base, head);
  return [
    ...(causes === null ? [] : [causes.text]),
    ...(isLive ? grownParts(when === "peak" ? PEAK_LIVE : LIVE, base, head, runs) : []),
  ];
}

/** For reports that do not say why memory is resident. */
function isMostlyLive(
  when: Resident["when"],
  grown: number,
  { live: before }: KnownReport,
  { live: after }: KnownReport,
): boolean {
  const live = when === "peak" ? after.peakBytes - before.peakBytes : after.bytes - before.bytes;
  return 2 * live > grown;
}

function bytesOf({ scenarios }: KnownReport, scenario: string, when: Resident["when"]): number {
  const rss = scenarios.find(({ name }) => name === scenario)?.rss;
  return (when === "peak" ? rss?.peakBytes : rss?.endBytes) ?? 0;
}

/** Where a figure of threads and call sites grew. */
export function grownParts(
  { name, unit, threadChange, callerChange }: PartFigure,
  base: KnownReport,
  head: KnownReport,
  runs: readonly KnownReport[],
): string[] {
  return grownWhere(
    {
      name,
      show: (values) => shown(unit, values),
      ofThread: threadChange,
      ofCaller: callerChange,
    },
    threadChanges(base, head, runs).rows,
    callerChanges(base, head, runs).rows,
  );
}

/** What RSS consists of. */
function composition(resident: Resident, head: KnownReport): string[] {
  const { when, scenario, bytes } = resident;
  const causes = head.causes?.[scenario]?.[when] ?? null;
  const ofLog = when === "peak" ? head.live.peakBytes : head.live.bytes;
  const live = causes === null ? ofLog : causes.live + causes.mapped;
  const held = causes === null ? live : heldBytes(causes);
  const unit = byteUnit([bytes, live]);
  const part = `${size(live, unit)} ${when === "peak" ? "were live at the peak" : "are live"}`;
  if (2 * held >= bytes) {
    return [...ofProgram(part, when, head), ...neverWritten(causes, bytes)];
  }
  if (causes === null) {
    return [`Only ${part}; ${unexplained(resident, live, head)}.`];
  }
  const rest = bytes - held;
  return [
    `Only ${size(held, unit)} are blocks that the program holds${beyond(causes, rest)}.`,
    ...pinned(resident, rest, head),
  ];
}

/** Whose memory it is. */
function ofProgram(part: string, when: Resident["when"], head: KnownReport): string[] {
  if (when === "peak") {
    // Live memory and RSS have their peaks at times of their own.
    const site = mostOfSite(PEAK_LIVE, head);
    return [
      `${part}.`,
      ...[heldAtPeak(head) ?? []].flat(),
      ...(site === null ? [] : [`Most of what was live at its own peak comes from ${site}.`]),
    ];
  }
  const thread = largestThread(LIVE, head);
  const site = mostOfSite(LIVE, head);
  const which = thread?.part === "most" ? "most of it" : "the largest part";
  return [
    thread === null ? `${part}.` : `${part}, ${which} from ${thread.whose}.`,
    ...(site === null ? [] : [`Most of it comes from ${site}.`]),
  ];
}

function neverWritten(causes: Causes | null, rss: number): string[] {
  const bytes = -(causes?.unwritten ?? 0);
  return bytes < NOTABLE_RATIO * rss
    ? []
    : [`${size(bytes, byteUnit([rss]))} of what is live was never written, and is not resident.`];
}

/** "; most of the rest: 6 MiB are the free tops of heaps": only if it is more than half of it. */
function beyond(causes: Causes, rest: number): string {
  const parts = BEYOND_LIVE.map(([cause, words]) => ({ bytes: causes[cause], words }))
    .filter(({ bytes }) => bytes >= NOTABLE_PART * rest && bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, MOST_PARTS);
  const [first] = parts;
  if (first === undefined) {
    return "";
  }
  const unit = byteUnit([first.bytes]);
  const text = ({ bytes, words }: typeof first): string => `${size(bytes, unit)} are ${words}`;
  return 2 * first.bytes > rest
    ? `; most of the rest: ${text(first)}`
    : `; of the rest, ${parts.map(text).join("; ")}`;
}

/** The blocks that keep most of the rest resident. Pins are those of the recorded run at its end. */
function pinned({ when, isRecorded }: Resident, rest: number, head: KnownReport): string[] {
  const [pin] = head.pins ?? [];
  if (when === "peak" || !isRecorded || pin === undefined || 2 * pin.heldBytes <= rest) {
    return [];
  }
  const text = pinSentence(pin, head);
  return [`${capitalized(text)}.`];
}

/** For a report that does not say why memory is resident. */
function unexplained(
  { when, isRecorded, bytes }: Resident,
  live: number,
  head: KnownReport,
): string {
  const thread =
    when === "end" && isRecorded ? largest(head.threads, ({ pinnedBytes }) => pinnedBytes) : null;
  if (thread === null || 2 * thread.value <= bytes - live) {
    return "glibc keeps the rest";
  }
  const { tid, name } = thread.item;
  const whose = threadsLabel({ tid, name, site: null });
  return `blocks of ${whose} pin most of the rest: ${size(thread.value)}`;
}
