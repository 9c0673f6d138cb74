import { count } from "../../report/format.ts";
import type { Scenario, SystemCalls } from "../../report/report.ts";

/** Fewer calls more than in the recorded run take no notable time. */
const NOTABLE_CALLS = 1000;
const NOTABLE_FACTOR = 10;

/** What a setting costs in calls to the kernel, as the end of a sentence; empty where that does not matter. */
export function priceClause(
  { systemCalls: calls }: Scenario,
  { systemCalls: before }: Scenario,
): string {
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
    return "";
  }
  const rest = second === undefined ? "" : ` and ${count(second.more)} of ${second.kind}`;
  return `, and makes ${count(first.more)} more calls of ${first.kind}${rest}`;
}
