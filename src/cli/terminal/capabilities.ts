import type { Environment, Output } from "../io.ts";

/**
 * Whether a stream gets colours. In order of precedence: the option, NO_COLOR, FORCE_COLOR, TERM=dumb, whether the stream
 * is a terminal. chalk itself ignores NO_COLOR.
 */
export function coloured(stream: Output, env: Environment, option: boolean | null): boolean {
  if (option !== null) {
    return option;
  }
  if (env.NO_COLOR) {
    return false;
  }
  if (env.FORCE_COLOR !== undefined) {
    return !["0", "false"].includes(env.FORCE_COLOR);
  }
  return env.TERM !== "dumb" && stream.isTTY === true;
}

/** --color or --no-color, found without parsing: messages about a wrong command line obey it, too. */
export function colorOption(argv: readonly string[]): boolean | null {
  const end = argv.indexOf("--");
  const options = end < 0 ? argv : argv.slice(0, end);
  const last = options.filter((word) => word === "--color" || word === "--no-color").at(-1);
  return last === undefined ? null : last === "--color";
}

/**
 * Whether only ASCII may be printed: in a locale that is not one of UTF-8. It is named by LC_ALL, else LC_CTYPE, else LANG;
 * without them it is C on a terminal, and pipes get UTF-8. Files that mallog writes are always UTF-8.
 */
export function isAsciiOnly(stream: Output, env: Environment): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || (stream.isTTY === true ? "C" : "");
  return locale !== "" && !/utf-?8/i.test(locale);
}

/** Whether block characters may be printed: not all terminals have them. */
export function showsUnicode(stream: Output, env: Environment): boolean {
  const hasFew = env.TERM === "dumb" || env.TERM === "linux";
  return !isAsciiOnly(stream, env) && !(stream.isTTY === true && hasFew);
}

const DEFAULT_WIDTH = 80;
/** Narrower tables are unreadable. A terminal that reports less does not know its width. */
const MIN_WIDTH = 40;

/** Columns of the terminal, else $COLUMNS, else 80. */
export function widthOf(stream: Output, env: Environment): number {
  const columns = stream.columns ?? Number(env.COLUMNS ?? "");
  return columns > 0 ? Math.max(MIN_WIDTH, Math.floor(columns)) : DEFAULT_WIDTH;
}
