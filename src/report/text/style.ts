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
