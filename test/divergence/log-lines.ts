/** Lines shown above and below the mismatch. */
const AROUND = 6;
/** Lines shown that name the pointer. */
const NAMING = 4;

/** Returns the log's lines around line `line` (1-based), with their numbers and a mark at that line. */
export function linesAround(log: Buffer, line: number): string {
  const lines = textUpTo(log, line + AROUND).slice(-(2 * AROUND + 1));
  const last = textUpTo(log, line + AROUND).length;
  return lines.map((text, i) => numbered(last - lines.length + 1 + i, text, line)).join("\n");
}

/** Returns the latest lines before line `line` that name `pointer`. */
export function linesNaming(log: Buffer, line: number, pointer: number): string {
  const name = new RegExp(`0x0*${pointer.toString(16)}\\b`, "i");
  const found = textUpTo(log, line - 1)
    .map((text, i) => ({ text, number: i + 1 }))
    .filter(({ text }) => name.test(text))
    .slice(-NAMING);
  return found.map(({ text, number }) => numbered(number, text, line)).join("\n");
}

/** Returns the log up to the end of line `line`. */
export function headOf(log: Buffer, line: number): Buffer {
  let end = 0;
  for (let n = 0; n < line && end < log.length; n++) {
    const newline = log.indexOf("\n", end);
    end = newline < 0 ? log.length : newline + 1;
  }
  return log.subarray(0, end);
}

function textUpTo(log: Buffer, line: number): string[] {
  return headOf(log, line).toString("utf8").trimEnd().split("\n");
}

function numbered(number: number, text: string, marked: number): string {
  return `${number === marked ? ">" : " "} ${String(number).padStart(8)}  ${text}`;
}
