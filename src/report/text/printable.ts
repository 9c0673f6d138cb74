/** A log may hold anything; what would steer the terminal is shown, not sent. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16);
    return hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
  });
}

/** An input as people call it. */
export function sourceName(source: string): string {
  return source === "-" ? "standard input" : printable(source);
}
