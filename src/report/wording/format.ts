/**
 * Numbers for people. Sizes have IEC units, because glibc counts in powers of two. Values that a reader compares, in a
 * column or a sentence, share one unit.
 */

export interface ByteUnit {
  readonly name: string;
  readonly bytes: number;
  readonly decimals: number;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** The next larger unit is used if the value in it is 2 or more. */
const LARGEST_SHOWN = 2 * 1024;

/** The unit for a group of values, chosen by the largest, with decimals for about three digits. */
export function byteUnit(values: Iterable<number>): ByteUnit {
  let largest = 0;
  for (const value of values) {
    largest = Math.max(largest, Math.abs(value));
  }
  let power = 0;
  while (largest >= LARGEST_SHOWN && power < UNITS.length - 1) {
    largest /= 1024;
    power++;
  }
  const decimals = power === 0 || largest >= 1000 ? 0 : largest >= 100 ? 1 : 2;
  return { name: UNITS[power] ?? "B", bytes: 1024 ** power, decimals };
}

/** The bare number, for a column whose head names the unit. Only zero is "0"; what rounds to zero is "0.00". */
export function inUnit(unit: ByteUnit, bytes: number): string {
  return bytes === 0 ? "0" : grouped(bytes / unit.bytes, unit.decimals);
}

/** A size below this part of a unit is unreadable in it. */
const MIN_SHOWN = 0.1;

/**
 * Number and unit, for sentences; pass `unit` if the sentence compares several sizes. Sizes too small for that unit, and
 * those below 1 KiB, get a smaller one.
 */
export function size(bytes: number, unit: ByteUnit = byteUnit([bytes])): string {
  const tooSmall = Math.abs(bytes) < Math.max(MIN_SHOWN * unit.bytes, 1024);
  const used = bytes !== 0 && tooSmall ? byteUnit([bytes]) : unit;
  return `${inUnit(used, bytes).replace(/\.0+$/, "")} ${used.name}`;
}

/** Numbers and units, for sentences: all in one unit. */
export function sizes(values: readonly number[]): string[] {
  const unit = byteUnit(values);
  return values.map((bytes) => size(bytes, unit));
}

/** "19 MiB to 28 MiB", with all digits if rounding would make the two look equal. */
export function sizeRange(least: number, most: number, unit: ByteUnit): string {
  const [from, to] = [size(least, unit), size(most, unit)];
  return from === to && least !== most
    ? `${exact(least)} B to ${exact(most)} B`
    : `${from} to ${to}`;
}

/** All digits: for numbers where a difference of 1 matters. */
export function exact(value: number): string {
  return grouped(value, 0);
}

/** All digits up to 9,999,999; larger numbers in M or G with three digits. */
export function count(value: number): string {
  if (Math.abs(value) < 1e7) {
    return grouped(value, 0);
  }
  const [divisor, suffix] = Math.abs(value) < 1e9 ? ([1e6, "M"] as const) : ([1e9, "G"] as const);
  const scaled = value / divisor;
  return `${grouped(scaled, Math.abs(scaled) < 100 ? 1 : 0)} ${suffix}`;
}

/** "1 block", "1,234 blocks" */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Where a figure is from the noise of other runs. */
export function placeInNoise(
  { least, most }: { readonly least: number; readonly most: number },
  value: number,
): "within" | "above" | "below" {
  return value > most ? "above" : value < least ? "below" : "within";
}

/** A ratio as a percentage with one decimal, so that columns align. */
export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

/** A share of a whole, rounded down: only a complete share is "100 %". */
export function share(part: number, whole: number): string {
  if (part === whole) {
    return "100 %";
  }
  const value = Math.min((part / whole) * 100, 99.9999);
  const decimals = value < 99 ? 1 : value < 99.9 ? 2 : 4;
  return `${(Math.floor(value * 10 ** decimals) / 10 ** decimals).toFixed(decimals)} %`;
}

/** An error as a percentage, signed unless it rounds to zero. */
export function signed(ratio: number): string {
  const text = percent(ratio);
  if (Number.parseFloat(text) === 0) {
    return percent(0);
  }
  return ratio > 0 ? `+${text}` : text;
}

/** From here on a growth is a factor: +2000126300.0 % is unreadable. */
const FACTOR = 10;

/** The relative change, signed unless it rounds to zero, "× 25" for a large growth; null for a change from zero. */
export function change(from: number, to: number): string | null {
  if (from === 0) {
    return to === 0 ? percent(0) : null;
  }
  if (to / from >= FACTOR) {
    return `× ${count(Math.round(to / from))}`;
  }
  const text = percent((to - from) / from);
  if (to === from || text === "-0.0 %") {
    return percent(0);
  }
  return to > from ? `+${text}` : text;
}

/** 850 µs, 12.3 ms, 4.56 s, 2 min 05 s, 3 h 07 min, 2 d 04 h; negative before the log's first event. */
export function duration(seconds: number): string {
  if (seconds < 0) {
    return `-${duration(-seconds)}`;
  }
  if (seconds === 0) {
    return "0 s";
  }
  if (seconds < 0.0009995) {
    return `${threeDigits(seconds * 1e6)} µs`;
  }
  if (seconds < 0.9995) {
    return `${threeDigits(seconds * 1e3)} ms`;
  }
  if (seconds < 59.95) {
    return `${threeDigits(seconds)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 3600) {
    return pair(whole, 60, "min", "s");
  }
  if (whole < 86_400) {
    return pair(Math.round(whole / 60), 60, "h", "min");
  }
  return pair(Math.round(whole / 3600), 24, "d", "h");
}

function pair(value: number, base: number, large: string, small: string): string {
  return `${Math.floor(value / base)} ${large} ${String(value % base).padStart(2, "0")} ${small}`;
}

function threeDigits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

function grouped(value: number, decimals: number): string {
  const [whole = "0", fraction] = value.toFixed(decimals).split(".");
  const commas = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? commas : `${commas}.${fraction}`;
}

/** A sentence from its words: the first letter is a capital one. */
export function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
