/** What a line does to blocks, by their addresses; 0: nothing. */
export interface BlockUse {
  readonly freed: number;
  readonly returned: number;
}

/** Depths of calls are lower; numbers of threads mostly are not. */
const MOST_DEPTH = 100;

/** Fewer blocks that are used again show nothing. */
const LEAST_REUSES = 8;

/** Part of all frees, or of all allocations, from which on a number does both. */
const PART = 0.1;

/** Bytes. Blocks of threads with arenas of their own are further apart. */
const ONE_HEAP = 2 ** 20;

/** So many times in a row a block is close to the one before, which has another number. */
const LEAST_NEIGHBOURS = 2;

/**
 * True if the small numbers of a column, one a line, are no threads but, say, the depth of a call. A thread gets back the blocks
 * that it has freed itself, from its cache or its arena: here others get them as often as chance has it. Without such
 * blocks, a 0 among the numbers shows it, if blocks of different numbers lie in one heap.
 */
export function areNoThreads(numbers: readonly number[], uses: readonly BlockUse[]): boolean {
  const areSmall = numbers.every((number) => number < MOST_DEPTH) && new Set(numbers).size > 1;
  if (!areSmall || uses.length !== numbers.length) {
    return false;
  }
  const { reuses, crossings, expected } = reusesOf(numbers, uses);
  if (reuses >= LEAST_REUSES) {
    return crossings * 2 > expected;
  }
  return numbers.includes(0) && shareHeap(numbers, uses);
}

interface Reuses {
  readonly reuses: number;
  /** blocks that another number gets back */
  readonly crossings: number;
  /** of so many, if chance decided */
  readonly expected: number;
}

/** Of the numbers that both free and allocate: those of a producer and a consumer are threads, too. */
function reusesOf(numbers: readonly number[], uses: readonly BlockUse[]): Reuses {
  const frees = countsOf(numbers.filter((_, i) => uses[i]?.freed !== 0));
  const gets = countsOf(numbers.filter((_, i) => uses[i]?.returned !== 0));
  const isBoth = (number: number): boolean =>
    frees.part(number) >= PART && gets.part(number) >= PART;
  const both = [...new Set(numbers)].filter(isBoth);
  const sum = (of: (number: number) => number): number =>
    both.reduce((total, number) => total + of(number), 0);
  const chance =
    1 -
    sum((number) => frees.part(number) * gets.part(number)) /
      (sum(frees.part) * sum(gets.part) || 1);
  const freedBy = new Map<number, number>();
  let [reuses, crossings] = [0, 0];
  for (const [i, number] of numbers.entries()) {
    const { freed = 0, returned = 0 } = uses[i] ?? {};
    const before = freedBy.get(returned);
    if (before !== undefined && isBoth(before) && isBoth(number)) {
      reuses++;
      crossings += before === number ? 0 : 1;
    }
    freedBy.delete(returned);
    if (freed !== 0 && freed !== returned) {
      freedBy.set(freed, number);
    }
  }
  return { reuses, crossings, expected: reuses * chance };
}

function countsOf(numbers: readonly number[]): { readonly part: (number: number) => number } {
  const counts = new Map<number, number>();
  for (const number of numbers) {
    counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  return { part: (number) => (counts.get(number) ?? 0) / Math.max(1, numbers.length) };
}

/** True if blocks that follow each other and have different numbers are all close to each other. */
function shareHeap(numbers: readonly number[], uses: readonly BlockUse[]): boolean {
  let near = 0;
  let last: { readonly number: number; readonly block: number } | null = null;
  for (const [i, number] of numbers.entries()) {
    const block = uses[i]?.returned ?? 0;
    if (block === 0) {
      continue;
    }
    if (last !== null && last.number !== number) {
      if (Math.abs(block - last.block) > ONE_HEAP) {
        return false;
      }
      near++;
    }
    last = { number, block };
  }
  return near >= LEAST_NEIGHBOURS;
}
