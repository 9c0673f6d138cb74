import { byteUnit, count, duration } from "../../wording/format.ts";

/** Steps between marks of an axis of bytes: powers of two, like the units. */
export const BYTE_STEPS: readonly number[] = Array.from({ length: 50 }, (_, i) => 2 ** i);

/** Steps of time in seconds: 1, 2, 5 of each power of ten up to 10 s, then multiples that clocks use. */
export const TIME_STEPS: readonly number[] = [
  ...Array.from({ length: 8 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** (i - 7))).flat(),
  ...[15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200],
  ...Array.from({ length: 12 }, (_, i) => 86_400 * 2 ** i),
].filter((step) => step !== 20 && step !== 50);

/** Steps of events: whole numbers. */
export const EVENT_STEPS: readonly number[] = Array.from({ length: 14 }, (_, i) =>
  [1, 2, 5].map((n) => n * 10 ** i),
).flat();

/** Labels of an axis of bytes, all in the unit of the largest. */
export function byteMarks(marks: readonly number[]): string[] {
  const unit = byteUnit(marks);
  const decimals = (step: number): number => (step >= 1 ? 0 : step >= 0.1 ? 1 : 2);
  const step = ((marks[1] ?? 0) - (marks[0] ?? 0)) / unit.bytes;
  return marks.map((bytes) =>
    bytes === 0 ? "0" : `${(bytes / unit.bytes).toFixed(decimals(step))} ${unit.name}`,
  );
}

/** Labels of an axis of seconds: one unit up to two minutes, durations beyond. */
export function timeMarks(marks: readonly number[]): string[] {
  const last = marks.at(-1) ?? 0;
  const step = marks.length < 2 ? 0 : (marks[1] ?? 0) - (marks[0] ?? 0);
  if (last > 120 || step === 0) {
    return marks.map(duration);
  }
  const [unit, name] =
    last >= 1
      ? ([1, "s"] as const)
      : last >= 0.001
        ? ([1e-3, "ms"] as const)
        : ([1e-6, "µs"] as const);
  const decimals = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
  return marks.map((seconds) => `${(seconds / unit).toFixed(decimals)} ${name}`);
}

export function eventMarks(marks: readonly number[]): string[] {
  return marks.map(count);
}
