import { startsWith } from "../native/calls.ts";
import { isBlank } from "../native/cursor.ts";
import type { Layout } from "../native/layout.ts";
import { WORD } from "./bytes.ts";

export type TimeDecimals = Layout["timeDecimals"];

/** Seconds since 1970 from 2001 to 2096, in which no unit meets another. */
const EPOCH = { from: 1e9, to: 4e9 } as const;

/** In order of size, with a unit's length in seconds. */
const UNITS: readonly (readonly [decimals: TimeDecimals, seconds: number])[] = [
  [0, 1],
  [3, 1e-3],
  [6, 1e-6],
  [9, 1e-9],
];

const DAY_SECONDS = 86_400;

/** Three years: machines are restarted more often. */
const UPTIME_SECONDS = 1e8;

/** So many calls are not made in as many different seconds. */
const MANY = 16;

/** A program that mallog is used for makes a call in this time; in seconds, in the mean. */
const MEAN_GAP_SECONDS = 1e-3;

/** The unit in which all of `times` are times of day since 1970; null if they are none. */
export function epochUnit(times: readonly number[]): TimeDecimals | null {
  const unit = UNITS.find(([, length]) =>
    times.every((time) => time * length >= EPOCH.from && time * length < EPOCH.to),
  );
  return times.length === 0 ? null : (unit?.[0] ?? null);
}

/**
 * The unit of times that are printed as numbers, in the order of lines: that of times since 1970, else seconds. Whole
 * seconds that make the first lines last days, or the machine's start lie years back, or differ in each of many lines, are in
 * the largest smaller unit in which lines follow each other as fast as calls do.
 */
export function timeUnit(times: readonly number[]): TimeDecimals {
  const epoch = epochUnit(times);
  if (epoch !== null) {
    return epoch;
  }
  const first = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const last = times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY);
  const isApart = times.length >= MANY && times.every((time, i) => i === 0 || time > times[i - 1]!);
  const mayBeSeconds = !isApart && last - first < DAY_SECONDS && first < UPTIME_SECONDS;
  if (!times.every(Number.isInteger) || times.length < 2 || mayBeSeconds) {
    return 0;
  }
  const meanGap = (last - first) / (times.length - 1);
  const smaller = UNITS.filter(([, length]) => length < 1);
  return smaller.find(([, length]) => meanGap * length <= MEAN_GAP_SECONDS)?.[0] ?? 9;
}

/** Units as they stand behind a time: `12ms`. */
const NAMES: readonly (readonly [name: Buffer, decimals: TimeDecimals])[] = (
  [
    ["ns", 9],
    ["nsec", 9],
    ["us", 6],
    ["µs", 6],
    ["μs", 6],
    ["usec", 6],
    ["ms", 3],
    ["msec", 3],
    ["s", 0],
    ["sec", 0],
  ] as const
).map(([name, decimals]) => [Buffer.from(name), decimals]);

/** The unit that stands at `at`, perhaps behind a blank, and the index behind it; null: there is none. */
export function unitAt(
  bytes: Buffer,
  at: number,
): { readonly decimals: TimeDecimals; readonly end: number } | null {
  const start = isBlank(bytes[at] ?? 0) ? at + 1 : at;
  for (const [name, decimals] of NAMES) {
    const end = start + name.length;
    if (startsWith(bytes, start, name) && WORD[bytes[end] ?? 0] !== 1) {
      return { decimals, end };
    }
  }
  return null;
}
