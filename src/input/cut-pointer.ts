/** The result of a call, where a line ends in it. Comments have none; malloc_trim and mallopt return no pointer. */
const LAST_RESULT =
  /^(?![ \t]*#|.*\b(?:malloc_trim|mallopt)\b).*\)[ \t]*(?:=|->)[ \t]*((?:0[xX])?[0-9a-fA-F]{1,16})$/;

/** The arguments and results of calls that may be pointers. */
const POINTERS = /(?:[(=]|->)[ \t]*((?:0[xX])?[0-9a-fA-F]{1,16})(?=[ \t]*[,)\r\n])/g;

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
  const others = [...before.slice(-BEFORE_BYTES).matchAll(POINTERS)].map(([, text = ""]) => text);
  const begin = last.slice(0, SAME_REGION).toLowerCase();
  return (
    others.some((one) => one.length > last.length && one.toLowerCase().startsWith(begin)) &&
    !others.some((one) => one.length === last.length && isNull(one) === isNull(last))
  );
}

function isNull(pointer: string): boolean {
  return /^0[xX]?0*$/.test(pointer);
}
