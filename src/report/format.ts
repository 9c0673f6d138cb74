/**
 * Numbers for people. Sizes are IEC throughout, because glibc thinks in powers of two; the unit is chosen once for
 * every group of values that a reader compares: a column, a sentence.
 */

export interface ByteUnit {
  readonly name: string;
  readonly bytes: number;
  readonly decimals: number;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A unit is left for the next larger one as soon as that shows 2 or more. */
const LARGEST_SHOWN = 2 * 1024;

/** The unit in which the largest of the values reads well, and the decimals that give it three digits or so. */
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

/** The bare number of a column whose head names the unit. Nothing is 0; what merely rounds to nothing is 0.00. */
export function inUnit(unit: ByteUnit, bytes: number): string {
  return bytes === 0 ? "0" : grouped(bytes / unit.bytes, unit.decimals);
}

/** Below this part of a unit a size is not comparable in it, and hardly readable. */
const LEAST_SHOWN = 0.1;

/**
 * Number and unit, for sentences: pass the unit where several sizes of one sentence are to be compared. What is too
 * small for it gets its own, and so do single bytes, of which nobody thinks in fractions of a KiB.
 */
export function size(bytes: number, unit: ByteUnit = byteUnit([bytes])): string {
  const tooSmall = Math.abs(bytes) < Math.max(LEAST_SHOWN * unit.bytes, 1024);
  const used = bytes !== 0 && tooSmall ? byteUnit([bytes]) : unit;
  return `${inUnit(used, bytes).replace(/\.0+$/, "")} ${used.name}`;
}

/** In full, whatever its length: for numbers of which a single one matters. */
export function exact(value: number): string {
  return grouped(value, 0);
}

/** Up to 9,999,999 in full, then in millions or more with three digits. */
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

/** A ratio as a percentage with one decimal, so that columns of them align. */
export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

/** A share of a whole that must not read as "all" as long as something is missing: 0.99999 is not 100 %. */
export function share(part: number, whole: number): string {
  if (part === whole) {
    return "100 %";
  }
  const value = Math.min((part / whole) * 100, 99.9999);
  const decimals = value < 99 ? 1 : value < 99.9 ? 2 : 4;
  return `${(Math.floor(value * 10 ** decimals) / 10 ** decimals).toFixed(decimals)} %`;
}

/** An error as a percentage, with its sign unless it rounds to nothing. */
export function signed(ratio: number): string {
  const text = percent(ratio);
  if (Number.parseFloat(text) === 0) {
    return percent(0);
  }
  return ratio > 0 ? `+${text}` : text;
}

/** A change against a base, always with its sign; null where there is no base to compare with. */
export function change(from: number, to: number): string | null {
  if (from === 0) {
    return to === 0 ? percent(0) : null;
  }
  const text = percent((to - from) / from);
  if (to === from || text === "-0.0 %") {
    return percent(0);
  }
  return to > from ? `+${text}` : text;
}

/** 850 µs, 12.3 ms, 4.56 s, 2 min 05 s, 3 h 07 min, 2 d 04 h; a moment before the log's first line has a minus */
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
