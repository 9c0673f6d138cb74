import type { ChalkInstance } from "chalk";

export interface TextStyle {
  /** columns of the terminal or file */
  readonly width: number;
  /** level 0 where no colour is wanted */
  readonly chalk: ChalkInstance;
}

/** Breaks a paragraph at spaces; a word longer than the line stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Breaks a list of settings behind its commas; what is still too long is cut. */
export function foldAtCommas(text: string, width: number): string {
  const lines: string[] = [];
  for (const part of text.split(/(?<=,)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length <= width) lines[lines.length - 1] += part;
    else lines.push(part);
  }
  return lines.map((line) => cut(line, width)).join("\n");
}

/** Cuts to `width` characters, the last one an ellipsis. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}
