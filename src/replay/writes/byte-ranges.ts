/** Byte ranges as one flat list, from, to, from, to …: ascending, disjoint, none empty; `to` is exclusive. */
export type Ranges = readonly number[];

/** Returns the bytes of `a` that are not in `b`. */
export function without(a: Ranges, b: Ranges): number[] {
  const rest: number[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    let from = a[i]!;
    const to = a[i + 1]!;
    while (j < b.length && b[j + 1]! <= from) {
      j += 2;
    }
    for (let k = j; k < b.length && b[k]! < to; k += 2) {
      if (b[k]! > from) {
        rest.push(from, b[k]!);
      }
      from = Math.max(from, b[k + 1]!);
    }
    if (from < to) {
      rest.push(from, to);
    }
  }
  return rest;
}

/** Returns the bytes of `a` below `limit`. */
export function below(a: Ranges, limit: number): number[] {
  return without(a, [limit, Number.POSITIVE_INFINITY]);
}

/** Returns ranges in any order as one sorted list; null if one is empty or overlaps another. */
export function inOrder(ranges: readonly (readonly [from: number, to: number])[]): number[] | null {
  const list: number[] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const end = list.at(-1) ?? 0;
    if (to <= from || from < end) {
      return null;
    }
    if (from === end && list.length > 0) {
      list[list.length - 1] = to;
    } else {
      list.push(from, to);
    }
  }
  return list;
}
