import type { Report } from "../../report/contract/report.ts";
import { size } from "../../report/wording/format.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { plain } from "../sentences.ts";
import { MOMENTS, ranked, rssAt } from "./ranking.ts";
import { isWorthwhile } from "./worthwhile.ts";

/** DEFAULT_TOP_PAD: what a trim leaves of the top of each heap, and what its growth adds. */
const PAD_BYTES = 128 * 1024;

/**
 * A setting that may help more than all that were tried, but costs a replay from the log's beginning, and seldom is the best:
 * where thresholds that stay low help most, no pad saves up to one for each arena, too. Null if that is little.
 */
export function untried({ scenarios: [recorded, ...tried] }: Report): Sentence | null {
  if (recorded === undefined || tried.some(({ name }) => /top_pad/i.test(name))) {
    return null;
  }
  const pads = recorded.arenaCount * PAD_BYTES;
  const helps = MOMENTS.some((moment) => {
    const [best] = ranked(recorded, tried, moment);
    const isThreshold = best !== undefined && /^MALLOC_(TRIM|MMAP)_THRESHOLD_=/.test(best.name);
    return isThreshold && isWorthwhile(pads, rssAt(recorded, moment));
  });
  return helps
    ? plain(
        `Worth a replay, too: --what-if MALLOC_TOP_PAD_=0 (the tops of ${recorded.arenaCount} arenas keep up to ${size(pads)}).`,
      )
    : null;
}
