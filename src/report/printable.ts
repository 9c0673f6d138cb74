/**
 * A log may hold anything; what would steer the terminal (escape sequences, bidirectional overrides) is shown as \xHH
 * or \u{H…}, not sent. The one place where text is escaped for people.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => SHORT[character] ?? escaped(character));
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\t": "\\t", "\r": "\\r", "\n": "\\n" };

function escaped(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
}

/** An input as people call it. */
export function sourceName(source: string): string {
  return source === "-" ? "standard input" : printable(source);
}
