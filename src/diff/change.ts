/** A figure of two reports. null: absent from that report; `change` counts it as 0. */
export interface Change {
  readonly base: number | null;
  readonly head: number | null;
  readonly change: number;
  /** absent without --runs, and for figures that runs do not share */
  readonly noise?: Noise;
}

/** How far the figure differs between runs of the same program. */
export interface Noise {
  /** smallest and largest value of the base runs */
  readonly least: number;
  readonly most: number;
  /** the later value is between them */
  readonly within: boolean;
}

/** `runs`: the figure in further runs of the base; null: absent from that run, and counted as 0. */
export function changeOf(
  base: number | null,
  head: number | null,
  runs: readonly (number | null)[] = [],
): Change {
  const change = { base, head, change: (head ?? 0) - (base ?? 0) };
  return runs.length === 0 ? change : { ...change, noise: noiseOf([base, ...runs], head ?? 0) };
}

/** The spread of `values`, and whether `head` is in it. */
export function noiseOf(values: readonly (number | null)[], head: number): Noise {
  const known = values.map((value) => value ?? 0);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  return { least, most, within: least <= head && head <= most };
}

/** True if the runs of the base differ as much. */
export function isNoise({ noise }: Change): boolean {
  return noise?.within === true;
}

/** Sorts the larger change first. */
export function larger(a: Change, b: Change): number {
  return Math.abs(b.change) - Math.abs(a.change);
}

/** By code units: the same order whatever the locale. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
