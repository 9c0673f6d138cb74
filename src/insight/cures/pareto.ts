/** True if `a` is at least as good as `b` in every figure, and better in one. Lower is better. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((figure, i) => figure <= b[i]!) && a.some((figure, i) => figure < b[i]!);
}

/** Those that no other one dominates; of equal ones all or none. */
export function paretoSet<T>(
  all: readonly T[],
  figuresOf: (one: T) => readonly number[],
): ReadonlySet<T> {
  const figures = all.map(figuresOf);
  return new Set(all.filter((_, i) => !figures.some((other) => dominates(other, figures[i]!))));
}
