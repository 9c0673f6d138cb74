/** The caller of an event is a return address, or a number below −1 for a text that stands in its place: −1 is neither. */
const FIRST = -2;

/** The number of the text with index `index` in the list of all such texts. */
export function numberOfName(index: number): number {
  return FIRST - index;
}

/** The text that stands in the caller's place; null if it is an address, or none. */
export function nameOfCaller(caller: number, names: readonly string[]): string | null {
  // An address is no index of a list: looking it up would take as long as making a text of it.
  return caller > FIRST ? null : (names[FIRST - caller] ?? null);
}
