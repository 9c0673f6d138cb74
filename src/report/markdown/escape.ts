import { printable } from "../printable.ts";
import { cut, cutMiddle } from "../shorten.ts";

/** Longer ones are cut: whatever a log holds, a name is a few characters of a report. */
const LONGEST_NAME = 80;
const LONGEST_SENTENCE = 600;

/**
 * A name of the log or the command line, shown as code, where GitHub links no @mention and no #issue. In a table a
 * code span may still end at a bar or a backtick: names with these are spelt in entities instead, which stand for
 * nothing but their character.
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

/** A sentence that means itself, wherever in Markdown it stands: it makes no markup, no link and no list. */
export function prose(sentence: string): string {
  return cut(printable(sentence).trim(), LONGEST_SENTENCE)
    .replace(MARKUP, (mark) => (/[@#]/.test(mark) ? `${mark}${NO_LINK}` : entity(mark)))
    .replace(/^([-+=:#]*|\d+)([-+=:#.)])(?=\s|$)/, (_, start: string, mark: string) => {
      return `${start}${entity(mark)}`;
    });
}

/**
 * What has a meaning within a line: an underscore only where it is not inside a word, as in MALLOC_ARENA_MAX; a colon, a
 * dot, @ and # only where they make what GitHub links.
 */
const MARKUP =
  /[\\`*[\]<>&|~$!^{}]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\.|[@#](?=\w)/giu;

/** A zero-width space: GitHub links @name and #1 even where they are written as entities. */
const NO_LINK = "&#8203;";

function entity(character: string): string {
  return `&#${character.codePointAt(0)};`;
}
