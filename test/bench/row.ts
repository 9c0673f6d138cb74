import type { Cost, Sandbox } from "./sandbox.ts";

/** A line of the benchmark's table. */
export interface Row {
  /** selects the row on the command line */
  readonly name: string;
  /** the two sides, "a / b" */
  readonly ratioOf: string;
  /** limit of the median ratio, of wall time and of processor time; null: none, the row is for information */
  readonly target: number | null;
  /** a more ambitious limit */
  readonly stretch: number | null;
  /** measured only if it is named, or with --all */
  readonly onRequest: boolean;
  /** the commands that the row needs besides those of every row */
  readonly needs?: readonly string[];
  /** Measures `pairs` pairs. */
  readonly measure: (sandbox: Sandbox, pairs: number) => Measured;
}

/** One ratio for each pair, in the order measured. */
export interface Measured {
  readonly ratios: readonly number[];
  /** ratios of processor time (user and system), which other work on the machine disturbs less; absent if `ratios` has them */
  readonly processor?: readonly number[];
  readonly curve?: readonly CurvePoint[];
  readonly bytes?: BytesPerCall;
}

/** What the two sides of a row of recorders leave on disk. */
export interface BytesPerCall {
  /** of the program; counted in mallog's log */
  readonly calls: number;
  readonly log: number;
  readonly logGzipped: number;
  /** null: the other side writes nothing */
  readonly rival: number | null;
  readonly rivalGzipped: number | null;
}

/** The cost of a call at `size`, relative to the curve's first point; medians of the pairs. */
export interface CurvePoint {
  readonly size: number;
  readonly model: number;
  readonly native: number;
}

/**
 * Measures in rounds. The first of `measures` changes from round to round, so that other work on the machine disturbs all
 * alike. Returns the rounds, with the figures in the order of `measures`.
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

/** Ratios of two command lines: wall time and processor time. */
export function timeRatios(sandbox: Sandbox, pairs: number, one: string, other: string): Measured {
  return costRatios(
    pairs,
    () => sandbox.cost(one),
    () => sandbox.cost(other),
  );
}

/** Ratios of wall time and of processor time. */
export function costRatios(pairs: number, one: () => Cost, other: () => Cost): Measured {
  const rounds = inTurns(pairs, [one, other]);
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
