import { size } from "../../report/format.ts";
import type { Sentence } from "../../report/presented.ts";
import type { Report, Scenario } from "../../report/report.ts";
import { plain } from "../sentences.ts";
import { MOMENTS, ranked } from "./ranking.ts";
import { isWorthwhile } from "./worthwhile.ts";

/** Trims on the way are worth a replay in a log of at least so many periods. */
const TRIM_PERIODS = 2;
const TRIM_SECONDS = 60;

/**
 * Settings that the causes of the memory speak for, but that were not tried, since each takes a replay of its own from the
 * log's beginning. Null if there are none.
 */
export function untried(report: Report): Sentence | null {
  const [recorded, ...tried] = report.scenarios;
  if (recorded === undefined || tried.length === 0) {
    return null;
  }
  const worthwhile = [
    withoutCaches(report, recorded, tried),
    withMoreArenas(report, recorded, tried),
    withLowerThreshold(recorded, tried),
    withTrims(report, recorded, tried),
  ].filter((one) => one !== null);
  const options = worthwhile.map(({ setting, reason }) => `--what-if ${setting} (${reason})`);
  return options.length === 0 ? null : plain(`Worth a replay, too: ${options.join("; ")}.`);
}

interface Untried {
  readonly setting: string;
  readonly reason: string;
}

function withoutCaches(
  { causes, pins }: Report,
  recorded: Scenario,
  tried: readonly Scenario[],
): Untried | null {
  const { rss } = recorded;
  const of = causes?.[recorded.name];
  const pinned = (pins ?? [])
    .filter(({ blocks, cachedChunks }) => blocks === 0 && cachedChunks > 0)
    .reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  const end = (of?.end.tcache ?? 0) + pinned;
  const peak = of?.peak?.tcache ?? 0;
  const isTried = tried.some(({ name }) => name.includes("tcache_count"));
  if (isTried || !(isWorthwhile(end, rss.endBytes) || isWorthwhile(peak, rss.peakBytes))) {
    return null;
  }
  const reason = `the threads' caches keep ${size(Math.max(end, peak))}`;
  return { setting: "glibc.malloc.tcache_count=0", reason };
}

/** A limit between the highest that was tried, if that helps, and the arenas that there are. */
function withMoreArenas(
  { threads }: Report,
  recorded: Scenario,
  tried: readonly Scenario[],
): Untried | null {
  const limit = 4;
  const setting = `MALLOC_ARENA_MAX=${limit}`;
  const lower = tried.filter((one) => limitOf(one) < limit).sort((a, b) => limitOf(a) - limitOf(b));
  const highest = lower.slice(-1);
  const helps = MOMENTS.some((moment) => ranked(recorded, highest, moment).length > 0);
  const isTried = tried.some(({ name }) => name.split(",").includes(setting));
  return helps && !isTried && recorded.arenaCount > limit && threads.length > limit
    ? { setting, reason: "fewer threads share an arena" }
    : null;
}

/** The limit on arenas, of a scenario that sets nothing else; else NaN. */
function limitOf({ name }: Scenario): number {
  return Number(/^MALLOC_ARENA_MAX=(\d+)$/.exec(name)?.[1]);
}

/** Thresholds that stay as they are help most: of the large blocks in heaps a lower one may leave fewer. */
function withLowerThreshold(recorded: Scenario, tried: readonly Scenario[]): Untried | null {
  const helps = MOMENTS.some((moment) =>
    ranked(recorded, tried, moment)[0]?.name.startsWith("MALLOC_TRIM_THRESHOLD_="),
  );
  const isTried = tried.some(({ name }) => /mmap_threshold/i.test(name));
  return helps && !isTried
    ? { setting: "MALLOC_MMAP_THRESHOLD_=65536", reason: "free() unmaps blocks of 64 KiB or more" }
    : null;
}

function withTrims(
  { causes, trace: { firstTime, lastTime } }: Report,
  recorded: Scenario,
  tried: readonly Scenario[],
): Untried | null {
  const free = causes?.[recorded.name]?.peak?.returnable ?? 0;
  const seconds = firstTime === null || lastTime === null ? 0 : lastTime - firstTime;
  const helps = ranked(recorded, tried, "end").some(({ trim }) => trim === "end");
  const isTried = tried.some(({ trim }) => trim.endsWith("s"));
  return helps &&
    !isTried &&
    seconds >= TRIM_PERIODS * TRIM_SECONDS &&
    isWorthwhile(free, recorded.rss.peakBytes)
    ? {
        setting: `malloc_trim=${TRIM_SECONDS}s`,
        reason: `${size(free)} at the peak are whole free pages`,
      }
    : null;
}
