import type { BlockUse } from "./shared-cache.ts";

/** Highest thread id of Linux: PID_MAX_LIMIT. */
export const MAX_ID = 2 ** 22;

/** The point of `1.5` may be that of a time: ids of processes are rarely so small. */
export const LEAST_ID = 100;

/** Threads of a process that were started soon after it have ids this close to its own. */
export const NEAR = 1000;

/** More lines in a row, each with a higher number, are no thread ids. */
const COUNTER_LINES = 16;

/**
 * True if `firsts` and `seconds`, two columns in the order of lines, are process and thread ids rather than thread id and
 * time: each thread belongs to one process, and one of these shows ids:
 * - they are few, and a number comes back after a higher one, which a time in order does not do;
 * - none is below the process's id, and one is the process's id, as that of its first thread is, or all are a little
 *   above it;
 * - they are handles: above any id, and few.
 */
export function areProcessAndThread(
  firsts: readonly number[],
  seconds: readonly number[],
): boolean {
  const lines = seconds.length;
  const owners = new Map<number, number>();
  for (const [i, second] of seconds.entries()) {
    const first = firsts[i] ?? Number.NaN;
    const owner = owners.get(second) ?? first;
    if (owner !== first || !Number.isInteger(first) || !Number.isInteger(second)) {
      return false;
    }
    owners.set(second, owner);
  }
  if (lines === 0 || firsts.some((first) => first < 1 || first > MAX_ID)) {
    return false;
  }
  const areFew = owners.size * 2 <= lines;
  if (seconds.every((second) => second > MAX_ID)) {
    return areFew && seconds.every((second) => second >= 2 ** 32);
  }
  const distances = seconds.map((second, i) => second - (firsts[i] ?? 0));
  const comesBack = seconds.some((second, i) => second < (seconds[i - 1] ?? 0));
  if (areFew && comesBack) {
    return true;
  }
  const mayBeIds = distances.every((distance) => distance >= 0) && !countsLines(seconds);
  return mayBeIds && (distances.includes(0) || distances.every((distance) => distance <= NEAR));
}

/** True if the numbers are larger than ids and in order, as times are, and no addresses of threads. */
export function areLargeTimes(numbers: readonly number[]): boolean {
  return (
    new Set(numbers).size * 2 > Math.max(3, numbers.length) &&
    numbers.every((number, i) => number > MAX_ID && number >= (numbers[i - 1] ?? 0)) &&
    numbers.some((number) => number % 64 !== 0)
  );
}

/** True if each of many lines has a higher number than the one before. */
export function countsLines(numbers: readonly number[]): boolean {
  return risesInEachLine(numbers, COUNTER_LINES);
}

/** Lines of a short log, each with a higher number than the one before. */
const SHORT_LINES = 4;

function risesInEachLine(numbers: readonly number[], least: number): boolean {
  return (
    numbers.length >= least &&
    numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0))
  );
}

/** True if each of some lines has a higher number, also that which frees the block of another one: no thread makes one call. */
export function countsShortly(numbers: readonly number[], uses: readonly BlockUse[]): boolean {
  const returned = new Set<number>();
  const freesKnown = uses.some((use) => {
    const isKnown = returned.has(use.freed);
    returned.add(use.returned);
    return use.freed !== 0 && isKnown;
  });
  return freesKnown && risesInEachLine(numbers, SHORT_LINES);
}

/**
 * True if `firsts` rise in each line, and `seconds` are threads rather than times: they come back after higher ones, or come
 * again while `firsts` count from 0 or 1.
 */
export function standsBeforeThread(firsts: readonly number[], seconds: readonly number[]): boolean {
  const rises = risesInEachLine(firsts, SHORT_LINES);
  const areIds = seconds.every((second) => second >= LEAST_ID && second <= MAX_ID);
  const fewer = new Set(seconds).size < seconds.length;
  const comesBack = seconds.some((second, i) => second < (seconds[i - 1] ?? 0));
  const counts = (firsts[0] ?? 2) <= 1 && countsByOne(firsts);
  return rises && areIds && fewer && (comesBack || counts);
}

/** True if numbers that rise in each line are those of lines: each is one above the one before. */
export function countsByOne(numbers: readonly number[]): boolean {
  return (numbers.at(-1) ?? 0) - (numbers[0] ?? 0) === numbers.length - 1;
}
