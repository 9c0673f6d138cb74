/** Copies the first `length` words of `from`: to `to` if it has room for them, else to a new array. Zeros follow. */
export function copyWords(from: Int32Array, length: number, to: Int32Array): Int32Array {
  const copy = to.length >= length ? to : new Int32Array(from.length);
  copy.set(from.subarray(0, length));
  if (copy === to) {
    copy.fill(0, length);
  }
  return copy;
}
