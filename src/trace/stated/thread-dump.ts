/** A thread in a dump of its process, or in a listing of its threads. */
export interface DumpedThread {
  readonly tid: number;
  /** null: the dump has none */
  readonly name: string | null;
  /** as the dump names it: "RUNNABLE", "TIMED_WAITING"; null: it has none */
  readonly state: string | null;
  /** the innermost frames of its stack, that of the running method first; at most MAX_FRAMES */
  readonly frames: readonly string[];
  /** seconds since the thread began; null: the dump does not say */
  readonly age: number | null;
}

/** Frames of a thread that are kept. */
export const MAX_FRAMES = 8;

/** One dump of all threads, or one listing of their names. */
export interface ThreadDump {
  /** the file as given */
  readonly source: string;
  readonly kind: "dump" | "listing";
  /** when it was taken; null: unknown */
  readonly date: DumpDate | null;
  /** version of the JVM that wrote it, e.g. "17.0.15+6"; null: unknown */
  readonly jvm: string | null;
  readonly threads: readonly DumpedThread[];
}

/** A date and time of day. */
export interface DumpDate {
  /** seconds since 1970-01-01 00:00:00 of the clock that showed it */
  readonly seconds: number;
  /** the clock showed UTC; else a time zone that the dump does not name */
  readonly isUtc: boolean;
}

/** Null if that is no date and time. Months and days count from 1. */
export function dumpDate(parts: readonly number[], isUtc: boolean): DumpDate | null {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // A month 13 would be January of the next year.
  const isReal =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  return isReal ? { seconds: date.getTime() / 1000, isUtc } : null;
}
