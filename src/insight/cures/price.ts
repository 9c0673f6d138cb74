import type { Scenario, SystemCalls } from "../../report/contract/report.ts";
import { count } from "../../report/wording/format.ts";

/** Fewer calls more than in the recorded run take no notable time. */
const NOTABLE_CALLS = 1000;
const NOTABLE_FACTOR = 10;
/** A page fault takes about as long as a call: each of so many more is a page that the program had, gave back and takes again. */
const NOTABLE_FAULTS = 10_000;
const NOTABLE_FAULTS_FACTOR = 2;

/** What a setting makes more of, of calls to the kernel and page faults; null where that does not matter. */
export function notablePrice(scenario: Scenario, recorded: Scenario): string | null {
  const parts = [...moreCalls(scenario, recorded), ...moreFaults(scenario, recorded)];
  const last = parts.pop() ?? null;
  return last === null || parts.length === 0 ? last : `${parts.join(", ")} and ${last}`;
}

/** The tunable with which threads have no tcache, and each call goes to an arena: a price that no counter shows. */
const CACHE_COUNT = "glibc.malloc.tcache_count";

/** True if threads have a tcache in the recorded run only. */
export function disablesCache(
  { settings }: Pick<Scenario, "settings">,
  recorded: Pick<Scenario, "settings">,
): boolean {
  return settings[CACHE_COUNT] === "0" && recorded.settings[CACHE_COUNT] !== "0";
}

function moreFaults({ pageFaults: to }: Scenario, { pageFaults: from }: Scenario): string[] {
  const isNotable = to - from >= NOTABLE_FAULTS && to >= NOTABLE_FAULTS_FACTOR * from;
  return isNotable ? [`${count(to - from)} more page faults`] : [];
}

function moreCalls({ systemCalls: calls }: Scenario, { systemCalls: before }: Scenario): string[] {
  const kinds: readonly (keyof SystemCalls)[] = [
    "mmap",
    "munmap",
    "mremap",
    "brk",
    "madvise",
    "mprotect",
  ];
  const notable = kinds
    .map((kind) => ({
      kind,
      more: calls[kind] - before[kind],
      from: before[kind],
      to: calls[kind],
    }))
    .filter(({ more, from, to }) => more >= NOTABLE_CALLS && to >= NOTABLE_FACTOR * from)
    .sort((a, b) => b.more - a.more);
  const [first, second] = notable;
  if (first === undefined) {
    return [];
  }
  const rest = second === undefined ? [] : [`${count(second.more)} of ${second.kind}`];
  return [`${count(first.more)} more calls of ${first.kind}`, ...rest];
}
