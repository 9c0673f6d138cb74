/** Indices of the `count` largest values, ascending; of equal values, the first ones. Faster than sorting all. */
export function largestOf(values: Float64Array, count: number): number[] {
  const sorted = values.slice().sort();
  const least = sorted[sorted.length - count] ?? Number.NEGATIVE_INFINITY;
  let ofLeast = count;
  for (let at = sorted.length - 1; at >= 0 && sorted[at]! > least; at--) {
    ofLeast--;
  }
  const indices: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > least || (values[i] === least && ofLeast-- > 0)) {
      indices.push(i);
    }
  }
  return indices;
}
