/** cli-table3 needs cubic time in the length of a cell of several lines. No list that glibc accepts is so long. */
const LONGEST_FOLDED = 500;

/**
 * Breaks a list of settings after its commas; a setting that is too long between words, and anywhere if that is not enough.
 * Nothing of a list of real length is cut.
 */
export function foldAtCommas(text: string, width: number): string {
  const lines: string[] = [];
  for (const setting of cutMiddle(text, LONGEST_FOLDED).split(/(?<=,)/)) {
    const parts = setting.length > width ? setting.split(/(?<=[=.:]|_(?!=))/) : [setting];
    for (const part of parts.flatMap((one) => piecesOf(one, width))) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + part.length <= width) {
        lines[lines.length - 1] += part;
      } else {
        lines.push(part);
      }
    }
  }
  return lines.join("\n");
}

function piecesOf(text: string, width: number): string[] {
  const count = Math.ceil(text.length / width);
  return Array.from({ length: count }, (_, n) => text.slice(n * width, (n + 1) * width));
}

/** Replaces the end of a list by an ellipsis. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

/** Cuts the middle of a name: threads of a pool differ at the end, pools at the start. */
export function cutMiddle(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) {
    return text;
  }
  const head = Math.floor((width - 1) / 2);
  const tail = characters.slice(characters.length - (width - 1 - head));
  return `${characters.slice(0, head).join("")}…${tail.join("")}`;
}

/** A frame of a stack, at most `width` characters: without its package or its line first, as its method says most. */
export function cutFrame(frame: string, width: number): string {
  const at = frame.indexOf("(");
  const method = at < 0 ? frame : frame.slice(0, at);
  const short = method.split(".").slice(-2).join(".");
  const shorter = [frame, short + frame.slice(method.length), short];
  return shorter.find((text) => [...text].length <= width) ?? cutMiddle(short, width);
}
