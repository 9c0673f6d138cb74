/** A word for a POSIX shell, quoted where it must be. */
export function quoted(word: string): string {
  return /^[\w.:=,/+@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** "NAME=VALUE", its value quoted where it must be: the shell would not take a quoted name for an assignment. */
export function assignment([name, value]: readonly [name: string, value: string]): string {
  return `${name}=${value === "" ? "" : quoted(value)}`;
}

/** mallog's hook reads so many bytes of a command line at most: a longer one is cut. */
const LONGEST_STATED = 2047;
const INTERPRETER = /(?:^|\/)(?:(?:ba|da|k|z)?sh|python[\d.]*|perl|ruby|node|php)$/;
/** -c, -e or -r, perhaps behind other letters: the next word is a script, which has spaces more often than not. */
const SCRIPT_FOLLOWS = /^-\w{0,3}[cer]$/;

/**
 * A command line as a log states it: the words with a space between each, without their quotes. Each word is quoted anew, so that
 * none is one of the shell's operators. A word with spaces has become several, except for the script of an interpreter. Null if
 * nothing is stated, or perhaps not all of it.
 */
export function commandOf(stated: string | null): string | null {
  if (stated === null || stated.length >= LONGEST_STATED) {
    return null;
  }
  const words = stated.split(" ").filter((word) => word !== "");
  const [program = ""] = words;
  const flag = INTERPRETER.test(program)
    ? words.findIndex((word) => SCRIPT_FOLLOWS.test(word))
    : -1;
  const script = flag < 0 ? [] : words.splice(flag + 1);
  const last = script.length === 0 ? [] : [script.join(" ")];
  return [...words, ...last].map(quoted).join(" ");
}
