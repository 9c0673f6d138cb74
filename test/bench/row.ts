import type { Cost, Workshop } from "./workshop.ts";

/** A line of the benchmark's table. */
export interface Row {
  /** to run it alone */
  readonly name: string;
  /** what is held against what */
  readonly what: string;
  /** the median ratio is to be at most that; null: no limit, it is there to be seen */
  readonly target: number | null;
  /** the same, as far as one would like it to go */
  readonly stretch: number | null;
  /** Measures `pairs` pairs. */
  readonly measure: (workshop: Workshop, pairs: number) => Measured;
}

/** A ratio a pair, in the order measured. */
export interface Measured {
  readonly ratios: readonly number[];
  /** the same of processor time, user and system, which other work on the machine disturbs less; where it differs */
  readonly processor?: readonly number[];
  readonly curve?: readonly CurvePoint[];
}

/** How much more a call costs at `size` than at the curve's first point; medians of the pairs. */
export interface CurvePoint {
  readonly size: number;
  readonly model: number;
  readonly native: number;
}

/**
 * Measures in rounds. Who is first changes from round to round, so that what else the machine does meets all alike.
 * Returns the rounds, with the figures in the order of `measures`.
 */
export function inTurns<Figure>(
  rounds: number,
  measures: readonly (() => Figure)[],
): readonly (readonly Figure[])[] {
  return Array.from({ length: rounds }, (_, round) => {
    const figures = new Map<number, Figure>();
    for (let turn = 0; turn < measures.length; turn++) {
      const which = (round + turn) % measures.length;
      figures.set(which, measures[which]!());
    }
    return measures.map((_, which) => figures.get(which)!);
  });
}

/** Command line against command line: wall time, and processor time beside it. */
export function timeRatios(
  workshop: Workshop,
  pairs: number,
  one: string,
  other: string,
): Measured {
  const rounds = inTurns(pairs, [() => workshop.cost(one), () => workshop.cost(other)]);
  const ratios = (of: (cost: Cost) => number) => rounds.map(([a, b]) => of(a!) / of(b!));
  return {
    ratios: ratios(({ wallSeconds }) => wallSeconds),
    processor: ratios(({ processorSeconds }) => processorSeconds),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half) - 1]!) / 2;
}
