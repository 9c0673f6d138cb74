import { escaped } from "./printable.ts";

/** What stands for the characters that mallog prints itself; one for one where they are in tables and plots. */
const SUBSTITUTES: Readonly<Record<string, string>> = {
  "×": "x",
  µ: "u",
  "–": "-",
  "−": "-",
  "≥": ">=",
  "≤": "<=",
  "→": "->",
  "…": "...",
  "’": "'",
  "«": '"',
  "»": '"',
  "·": "-",
  "›": ">",
  "─": "-",
  "│": "|",
  "┤": "+",
  "└": "+",
};

/** An ellipsis where the end of a cell was cut: it has one column. */
const CUT = /(?<=\S)…(?= {2}|$)/gm;

/**
 * The same text in ASCII, for a terminal whose locale has no other characters. Others than mallog's own, such as those in
 * names of threads, are escaped.
 */
export function asciiText(text: string): string {
  return text
    .replace(CUT, "~")
    .replace(/[^\0-\x7f]/gu, (character) => SUBSTITUTES[character] ?? escaped(character));
}
