import { OTHER_CALLERS } from "../../report/contract/allocations.ts";
import type { Finding, SiteColumns } from "../../report/contract/report.ts";
import { count, exact, size } from "../../report/wording/format.ts";
import { KNOWN_PATTERNS, type KnownPattern, type PatternPart } from "./known-patterns.ts";

/** A smaller pattern is not worth a line. */
const MIN_VOLUME_BYTES = 2 ** 20;
const MIN_USES = 8;
/** Equal counts of calls below this may be a coincidence. */
const MIN_EQUAL_CALLS = 1000;
const MAX_UNKNOWN = 2;
const MAX_SIZES_NAMED = 5;
/** A use that goes on at the log's end, or began before it, may lack a call. */
const TOLERANCE = 0.05;

/** What one caller requested of one size, in all threads. */
interface Pair {
  readonly caller: string | null;
  readonly size: number;
  calls: number;
  liveAtPeakBlocks: number;
}

/** Sizes that are requested together: those of known libraries, then those of which the counts of calls are equal. */
export function patternFindings(sites: SiteColumns): Finding[] {
  const pairs = pairsOf(sites);
  const bySize = totalsBySize(pairs);
  const known = KNOWN_PATTERNS.flatMap((pattern) => knownFinding(pattern, bySize) ?? []);
  const explained = new Set(known.flatMap(({ sizes }) => sizes));
  const unknown = equalCounts(pairs.filter((pair) => !explained.has(pair.size)));
  return [...known.map(({ finding }) => finding), ...unknown];
}

function pairsOf({ caller, size, calls, liveAtPeakBytes }: SiteColumns): Pair[] {
  const pairs = new Map<string, Pair>();
  for (const [i, bytes] of size.entries()) {
    const from = caller[i] ?? null;
    if (bytes === null || bytes === 0 || from === OTHER_CALLERS) {
      continue;
    }
    const key = `${bytes} ${from}`;
    const pair = pairs.get(key) ?? { caller: from, size: bytes, calls: 0, liveAtPeakBlocks: 0 };
    pair.calls += calls[i] ?? 0;
    pair.liveAtPeakBlocks += (liveAtPeakBytes[i] ?? 0) / bytes;
    pairs.set(key, pair);
  }
  return [...pairs.values()];
}

/** What all callers requested of each size. */
function totalsBySize(
  pairs: readonly Pair[],
): Map<number, Pick<Pair, "calls" | "liveAtPeakBlocks">> {
  const totals = new Map<number, Pick<Pair, "calls" | "liveAtPeakBlocks">>();
  for (const { size, calls, liveAtPeakBlocks } of pairs) {
    const total = totals.get(size);
    totals.set(size, {
      calls: calls + (total?.calls ?? 0),
      liveAtPeakBlocks: liveAtPeakBlocks + (total?.liveAtPeakBlocks ?? 0),
    });
  }
  return totals;
}

function knownFinding(
  { name, parts, source }: KnownPattern,
  bySize: ReadonlyMap<number, Pick<Pair, "calls" | "liveAtPeakBlocks">>,
): { finding: Finding; sizes: number[] } | null {
  const callsOf = (part: PatternPart): number => bySize.get(part.bytes)?.calls ?? 0;
  const [first] = parts;
  const uses = callsOf(first) / first.times;
  const seen = parts.flatMap((part) => {
    const [calls, expected] = [callsOf(part), uses * part.times];
    if (part.isOptional === true) {
      // More calls than uses: those of others, too, which the size does not tell apart.
      return calls > 0 && calls <= expected * (1 + TOLERANCE) ? [{ ...part, calls }] : [];
    }
    return calls >= expected * (1 - TOLERANCE) ? [{ ...part, calls: expected }] : [];
  });
  const needed = parts.filter(({ isOptional }) => isOptional !== true).length;
  const volumeBytes = sum(seen, ({ bytes, calls }) => bytes * calls);
  if (
    seen.filter(({ isOptional }) => isOptional !== true).length < needed ||
    uses < MIN_USES ||
    volumeBytes < MIN_VOLUME_BYTES
  ) {
    return null;
  }
  const liveUses = (bySize.get(first.bytes)?.liveAtPeakBlocks ?? 0) / first.times;
  // Of an optional part as large a share as of all its calls.
  const atPeakBytes = sum(seen, ({ bytes, calls }) => (bytes * calls * liveUses) / uses);
  const together = seen.filter(({ calls, times }) => calls === uses * times);
  const fewer = seen.filter((one) => !together.includes(one));
  const named = [
    `${count(uses)} × ${listed(together.map(({ bytes, times }) => (times > 1 ? `${times} × ` : "") + exact(bytes)))} B`,
    ...fewer.map(({ bytes, calls }) => `${count(calls)} × ${exact(bytes)} B`),
  ];
  return {
    sizes: seen.map(({ bytes }) => bytes),
    finding: {
      kind: "known-pattern",
      severity: "info",
      message: `${named.join(" and ")}: ${name}, ${amounts(volumeBytes, atPeakBytes)}`,
      bytes: 0,
      evidence: { pattern: name, uses, volumeBytes, liveAtPeak: liveUses, source },
    },
  };
}

/** Pairs of several sizes and callers with the same count of calls, those of most volume first. */
function equalCounts(pairs: readonly Pair[]): Finding[] {
  const byCalls = new Map<number, Pair[]>();
  for (const pair of pairs) {
    if (pair.calls >= MIN_EQUAL_CALLS) {
      byCalls.set(pair.calls, [...(byCalls.get(pair.calls) ?? []), pair]);
    }
  }
  const groups = [...byCalls].flatMap(([calls, group]) => {
    const sizes = [...new Set(group.map((pair) => pair.size))].sort((a, b) => b - a);
    const callers = new Set(group.map(({ caller }) => caller));
    const bytes = sum(group, (pair) => pair.size);
    const isOne = sizes.length > 1 && callers.size > 1 && calls * bytes >= MIN_VOLUME_BYTES;
    return isOne ? [{ calls, group, sizes, callers: callers.size, bytes }] : [];
  });
  return groups
    .sort((a, b) => b.calls * b.bytes - a.calls * a.bytes)
    .slice(0, MAX_UNKNOWN)
    .map(({ calls, group, sizes, callers, bytes }) => {
      const named = sizes.slice(0, MAX_SIZES_NAMED).map(exact);
      const more =
        sizes.length > named.length ? ` and ${sizes.length - named.length} other sizes` : "";
      const atPeak = Math.min(...group.map(({ liveAtPeakBlocks }) => liveAtPeakBlocks));
      return {
        kind: "equal-counts",
        severity: "info",
        message: `${count(calls)} calls each of ${listed(named)} B${more} from ${callers} call sites: probably one kind of object, ${amounts(calls * bytes, atPeak * bytes)}`,
        bytes: 0,
        evidence: { calls, sizes: sizes.length, callers, bytesPerUse: bytes, liveAtPeak: atPeak },
      } satisfies Finding;
    });
}

function amounts(volumeBytes: number, atPeakBytes: number): string {
  const live = atPeakBytes === 0 ? "nothing" : `about ${size(atPeakBytes)}`;
  return `${size(volumeBytes)} requested in all, ${live} live at the peak`;
}

function listed(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
