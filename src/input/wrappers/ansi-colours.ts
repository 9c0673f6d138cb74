import type { Wrapper } from "./wrapper.ts";

const ESCAPE = 0x1b;
const OPEN_BRACKET = 0x5b;

/** Escape sequences that colour text on a terminal: `ESC [ 32 m`. Other bytes stay. */
export const ANSI_COLOURS: Wrapper = {
  name: "colours",
  wraps: (line) => line.includes("\x1b["),
  unwrap: (bytes, start, end, out, at) => {
    let to = at;
    for (let from = start; from < end; from++) {
      if (bytes[from] === ESCAPE && bytes[from + 1] === OPEN_BRACKET) {
        from = sequenceEnd(bytes, from + 2, end);
      } else {
        out[to++] = bytes[from]!;
      }
    }
    return to;
  },
};

/** Index of the sequence's last byte, a letter or sign from @ to ~. */
function sequenceEnd(bytes: Buffer, at: number, end: number): number {
  let last = at;
  while (last < end && (bytes[last]! < 0x40 || bytes[last]! > 0x7e)) {
    last++;
  }
  return last;
}
