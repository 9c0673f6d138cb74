/**
 * The result of a call, or any number with 0x, where a line ends in it. Comments have none; malloc_trim and mallopt return no
 * pointer.
 */
const LAST_RESULT =
  /^(?![ \t]*#|.*\b(?:malloc_trim|mallopt)\b).*(?:\)[ \t]*(?:=|->)[ \t]*|\W(?=0[xX]))((?:0[xX])?[0-9a-fA-F]{1,16})$/;

/** The arguments and results of calls that may be pointers, and all other numbers with 0x. */
const POINTERS =
  /(?:[(=]|->)[ \t]*((?:0[xX])?[0-9a-fA-F]{1,16})(?=[ \t]*[,)\r\n])|(?<!\w)(0[xX][0-9a-fA-F]{1,16})(?!\w)/g;

/** No process has blocks below this (vm.mmap_min_addr). */
const LEAST_ADDRESS = 65_536;

/** Characters with which the pointers into one region begin alike: "0x" and two digits. */
const SAME_REGION = 4;

/** Bytes before the last line in which other pointers are looked for: some hundred lines. */
export const BEFORE_BYTES = 16_384;

/**
 * True if the last line of a log, which has no newline, ends inside the pointer that a call returned. A log may end in a
 * whole pointer without a newline, so the pointers logged before decide: those into the same region are longer, and none
 * is as short. `before` is the log's text up to this line, at least its last `BEFORE_BYTES`.
 */
export function endsInsidePointer(line: string, before: string): boolean {
  const last = LAST_RESULT.exec(line)?.[1];
  if (last === undefined) {
    return false;
  }
  const others = [...before.slice(-BEFORE_BYTES).matchAll(POINTERS)]
    .map(([, given, marked]) => given ?? marked ?? "")
    .filter((text) => text !== "");
  const addresses = others.filter((text) => /^0x/i.test(text) && !isNull(text));
  const isTooLow = /^0x/i.test(last) && !isNull(last) && Number(last) < LEAST_ADDRESS;
  if (isTooLow && addresses.length > 0 && addresses.every(({ length }) => length > last.length)) {
    return true;
  }
  const begin = last.slice(0, SAME_REGION).toLowerCase();
  return (
    others.some((one) => one.length > last.length && one.toLowerCase().startsWith(begin)) &&
    !others.some((one) => one.length === last.length && isNull(one) === isNull(last))
  );
}

function isNull(pointer: string): boolean {
  return /^0[xX]?0*$/.test(pointer);
}
