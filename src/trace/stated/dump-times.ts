import type { ThreadDump } from "./thread-dump.ts";

/** What relates the dates of dumps to a log's clock. Times are µs on that clock; NaN: unknown. */
export interface DatedLog {
  /** the least and the greatest time of a line */
  readonly first: number;
  readonly last: number;
  /** when the clock began, in seconds since 1970 (UTC), to the second; null: not stated */
  readonly epochSeconds: number | null;
  /** least time of a thread's lines; NaN if it has none */
  readonly firstTimeOf: (tid: number) => number;
}

/** What showed the times of the dumps. */
export type DumpClock = "ages" | "dates";

/** When dumps were taken, on the log's clock, in µs; NaN: unknown. */
export interface DumpTimes {
  readonly times: readonly number[];
  /** null: no time is known */
  readonly clock: DumpClock | null;
}

const SECOND = 1e6;
/** Dates of dumps have no fractions, and neither has that of the log's begin. */
const DATE_TOLERANCE = 2 * SECOND;
/** A dump is hardly of use if it was taken so long after the log's last line, but it may be of the process. */
const AFTER_THE_END = 600 * SECOND;
/** Seconds between time zones, and how far the farthest are from UTC. */
const ZONE_STEP = 900;
const [WEST, EAST] = [-12 * 3600, 14 * 3600];

/**
 * Relates dumps to the log's clock.
 *
 * HotSpot states the age of each thread since JDK 11, and most threads allocate as soon as they begin: the dump was taken at
 * (first call of a thread + its age). Threads that were attached to the JVM later are older than that, others allocate late;
 * the time on which most threads agree is that of the dump. In a log that began later than the process it may be wrong; a
 * date that contradicts decides.
 *
 * Dates lack the time zone. It is the one in which all dumps fall into the log; of several, the one that agrees with the
 * ages. Where neither decides, no date is used.
 */
export function dumpTimes(dumps: readonly ThreadDump[], log: DatedLog): DumpTimes {
  const ages = dumps.map((dump) => timeByAges(dump, log));
  const dates = timesByDates(dumps, ages, log);
  let usesDates = false;
  const times = dumps.map((_, i) => {
    const [age, date] = [ages[i]!, dates[i]!];
    const isByDate = Number.isNaN(age) || Math.abs(age - date) > DATE_TOLERANCE;
    usesDates ||= isByDate && !Number.isNaN(date);
    return isByDate ? date : age;
  });
  const isKnown = times.some((time) => !Number.isNaN(time));
  return { times, clock: isKnown ? (usesDates ? "dates" : "ages") : null };
}

/** Threads agree on a time if theirs are so close. */
const AGREEMENT = 0.1 * SECOND;

/** The least of the times on which most threads agree. */
function timeByAges({ threads }: ThreadDump, { firstTimeOf }: DatedLog): number {
  const times = threads
    .flatMap(({ tid, age }) => (age === null ? [] : [firstTimeOf(tid) + age * SECOND]))
    .filter((time) => !Number.isNaN(time))
    .sort((a, b) => a - b);
  let [found, most] = [Number.NaN, 0];
  let end = 0;
  for (const [start, time] of times.entries()) {
    while (end < times.length && times[end]! <= time + AGREEMENT) {
      end++;
    }
    if (end - start > most) {
      [found, most] = [time, end - start];
    }
  }
  return found;
}

function timesByDates(
  dumps: readonly ThreadDump[],
  ages: readonly number[],
  { first, last, epochSeconds }: DatedLog,
): number[] {
  // A clock that shows seconds since 1970 states its begin itself.
  const epoch = first >= 1e9 * SECOND ? 0 : epochSeconds;
  const unknown = dumps.map(() => Number.NaN);
  if (epoch === null || Number.isNaN(first)) {
    return unknown;
  }
  const inZone = (zone: number): number[] =>
    dumps.map(({ date }) =>
      date === null ? Number.NaN : (date.seconds - (date.isUtc ? 0 : zone) - epoch) * SECOND,
    );
  const zones: number[] = [];
  for (let zone = WEST; zone <= EAST; zone += ZONE_STEP) {
    const times = inZone(zone).filter((time) => !Number.isNaN(time));
    const areWithin = times.every(
      (time) => time >= first - DATE_TOLERANCE && time <= last + AFTER_THE_END,
    );
    if (times.length > 0 && areWithin) {
      zones.push(zone);
    }
  }
  const isUtc = dumps.every(({ date }) => date === null || date.isUtc);
  const [only = null] = zones;
  const zone = zones.length === 1 || isUtc ? only : zoneByAges(zones, ages, inZone);
  return zone === null ? unknown : inZone(zone).map(within(first, last));
}

/** A date just outside the log may be that of its first or last second. */
function within(first: number, last: number): (time: number) => number {
  return (time) => {
    const nearest = Math.min(Math.max(time, first), last);
    return Math.abs(time - nearest) <= DATE_TOLERANCE ? nearest : time;
  };
}

/** Of several zones, the one in which a date agrees with an age; null if none does. */
function zoneByAges(
  zones: readonly number[],
  ages: readonly number[],
  inZone: (zone: number) => readonly number[],
): number | null {
  const found = zones.find((zone) =>
    inZone(zone).some((time, i) => Math.abs(time - ages[i]!) <= DATE_TOLERANCE),
  );
  return found ?? null;
}
