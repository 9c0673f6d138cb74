/**
 * A log may hold any text. Characters that control a terminal (escape sequences, bidirectional overrides) become \xHH or
 * \u{H…}. The only escaping of text that people read.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => SHORT[character] ?? escaped(character));
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\t": "\\t", "\r": "\\r", "\n": "\\n" };

/** A character by its number. */
export function escaped(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
}

/** The name of an input in messages. */
export function sourceName(source: string): string {
  return source === "-" ? "standard input" : printable(source);
}
