import { printable } from "../wording/printable.ts";

/** HTML that is safe to put into a page. Make it with `html`, or from trusted text. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = Markup | string | number | null | readonly Markup[];

/**
 * HTML from a trusted template with untrusted values, which are escaped for people (printable.ts) and for HTML, in text
 * and in quoted attributes; null is empty. Values must not be placed in a script, a style or an unquoted attribute.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const text = parts.map((part, i) => part + (i < values.length ? written(values[i] ?? null) : ""));
  return new Markup(text.join(""));
}

function written(value: Value): string {
  if (value === null) {
    return "";
  }
  if (value instanceof Markup) {
    return value.text;
  }
  if (typeof value === "object") {
    return value.map(({ text }) => text).join("\n");
  }
  return printable(String(value)).replace(
    /[&<>"']/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}

/** Prevents line breaks between a number and its unit. */
export function unbroken(sentence: string): string {
  return sentence.replace(/ (?=%|[KMGTP]?i?B\b)/g, "\u00a0");
}

/** JSON for a script element: nothing in it ends the element or opens a comment. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
