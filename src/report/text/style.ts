import type { ChalkInstance } from "chalk";

export interface TextStyle {
  /** columns of the terminal or file */
  readonly width: number;
  /** level 0: no colour */
  readonly chalk: ChalkInstance;
  /** the terminal shows no block characters: draw nothing with them */
  readonly ascii?: boolean;
  /** the locale has no other characters: names are escaped */
  readonly isAsciiOnly?: boolean;
}

/** The first line of a section; only `title` is emphasised. */
export function heading(title: string, rest: string, { chalk, width }: TextStyle): string {
  const text = wrap(`${title}${rest}`, width).join("\n");
  return text.startsWith(title) ? `${chalk.bold(title)}${text.slice(title.length)}` : text;
}

/** Breaks a paragraph at spaces, but not between a number and its unit; longer words stay whole. */
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

/** An indented item of a section; its further lines are indented more. */
export function item(text: string, { width }: TextStyle): string {
  return `  ${wrap(text, width - 4).join("\n    ")}`;
}
