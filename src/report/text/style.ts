import type { ChalkInstance } from "chalk";

export interface TextStyle {
  /** columns of the terminal or file */
  readonly width: number;
  /** level 0 where no colour is wanted */
  readonly chalk: ChalkInstance;
  /** the terminal shows no block characters: nothing is drawn with them */
  readonly ascii?: boolean;
}

/** The first line of a section, and the one place where sections get their emphasis. */
export function heading(title: string, rest: string, { chalk, width }: TextStyle): string {
  const text = wrap(`${title}${rest}`, width).join("\n");
  return text.startsWith(title) ? `${chalk.bold(title)}${text.slice(title.length)}` : text;
}

/** Breaks a paragraph at spaces, but not between a number and its unit; a word longer than the line stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ (?!%|[KMGTP]?i?B\b)/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** An item of a section: indented, its further lines more so. */
export function item(text: string, { width }: TextStyle): string {
  return `  ${wrap(text, width - 4).join("\n    ")}`;
}

/** Breaks a list of settings behind its commas, and where that is not enough, anywhere: all of it is to be read. */
export function foldAtCommas(text: string, width: number): string {
  const lines: string[] = [];
  for (const setting of text.split(/(?<=,)/)) {
    for (let start = 0; start < setting.length; start += width) {
      const part = setting.slice(start, start + width);
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

/** Cuts the end of a list to an ellipsis. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

/** Cuts the middle out of a name: threads of a pool differ at the end, pools at the start. */
export function cutMiddle(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) {
    return text;
  }
  const head = Math.floor((width - 1) / 2);
  const tail = characters.slice(characters.length - (width - 1 - head));
  return `${characters.slice(0, head).join("")}…${tail.join("")}`;
}
