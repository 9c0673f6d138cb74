import { printable } from "../wording/printable.ts";
import { cut, cutMiddle } from "../wording/shorten.ts";

/** Longer names and sentences are cut. */
const LONGEST_NAME = 80;
const LONGEST_SENTENCE = 600;

/**
 * A name from the log or the command line, as code, where GitHub links no @mention and no #issue. In a table, a bar or a
 * backtick could still end the code span: names with these are written as entities in <code>.
 */
export function code(name: string): string {
  const text = cutMiddle(printable(name), LONGEST_NAME);
  if (text.trim() === "") {
    return "";
  }
  return /[`|\\]/.test(text)
    ? `<code>${text.replace(/[!-/:-@[-`{-~]/g, entity)}</code>`
    : `\`${text}\``;
}

/** Escapes a sentence for any place in Markdown: it becomes no markup, no link and no list. */
export function prose(sentence: string): string {
  return cut(printable(sentence).trim(), LONGEST_SENTENCE)
    .replace(MARKUP, (mark) => (/[@#]/.test(mark) ? `${mark}${NO_LINK}` : entity(mark)))
    .replace(/^([-+=:#]*|\d+)([-+=:#.)])(?=\s|$)/, (_, start: string, mark: string) => {
      return `${start}${entity(mark)}`;
    });
}

/**
 * Inline markup: an underscore only outside words (so not in MALLOC_ARENA_MAX); a colon, a dot, @ and # only where GitHub
 * would make a link of them.
 */
const MARKUP =
  /[\\`*[\]<>&|~$!^{}]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\.|[@#](?=\w)/giu;

/** A zero-width space: GitHub links @name and #1 even where they are written as entities. */
const NO_LINK = "&#8203;";

function entity(character: string): string {
  return `&#${character.codePointAt(0)};`;
}
