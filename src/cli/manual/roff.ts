/** Text for man pages, in the macros of man(7). */

const SPECIAL: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "-": "\\-",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
};

/** Text as it is, on lines that are no requests. */
export function roffText(text: string): string {
  return text
    .replace(/[\\\-'`^~]|[^\n -~]/gu, (character) => SPECIAL[character] ?? unicode(character))
    .replace(/^(?=\.)/gm, "\\&");
}

function unicode(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `\\[u${hex.padStart(4, "0")}]`;
}

/** An argument of a macro. */
export function roffArgument(text: string): string {
  return `"${roffText(text).replaceAll('"', "\\(dq")}"`;
}

/** Lines as they stand, with their indentation. */
export function roffLines(text: string): string {
  return `.nf\n${roffText(text)}\n.fi\n`;
}
