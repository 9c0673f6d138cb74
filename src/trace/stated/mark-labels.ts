/** Labels of marks that are remembered as text. A log may have a mark for each request: of later ones only numbers remain. */
const MAX_LABELS = 4096;
const MAX_LABEL_BYTES = 256;

const FNV_PRIME = 0x01000193;
const FNV_BASIS = 0x811c9dc5;
/** any other start, for the upper half */
const OTHER_BASIS = 0x2f0b4c47;

/**
 * The number that stands for a label in its event: a hash of its bytes, below 2^53. Thus a mark is found by its label while
 * the log is read, whichever thread reads it.
 */
export function numberOfLabel(bytes: Uint8Array): number {
  let low = FNV_BASIS;
  let high = OTHER_BASIS;
  for (const byte of bytes) {
    low = Math.imul(low ^ byte, FNV_PRIME);
    high = Math.imul(high ^ byte, FNV_PRIME);
  }
  return ((high >>> 0) % 2 ** 21) * 2 ** 32 + (low >>> 0);
}

/** The number of a label that a user typed. */
export function numberOfTypedLabel(label: string): number {
  return numberOfLabel(Buffer.from(label.trim(), "utf8"));
}

/** Labels by their numbers, in order of appearance. A plain map: the reader's diagnostics keep it. */
export type MarkLabels = Map<number, string>;

/** Remembers the label in `bytes`. Returns its number. */
export function noteLabel(labels: MarkLabels, bytes: Buffer): number {
  const number = numberOfLabel(bytes);
  if (labels.size < MAX_LABELS && !labels.has(number)) {
    labels.set(number, bytes.toString("utf8", 0, MAX_LABEL_BYTES));
  }
  return number;
}
