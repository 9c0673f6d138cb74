import type { Environment, Output } from "../io.ts";

/**
 * Colour or none, for one stream: the option first, then NO_COLOR, FORCE_COLOR, TERM=dumb, then whether a terminal
 * listens. chalk itself knows nothing of NO_COLOR.
 */
export function coloured(stream: Output, env: Environment, option: boolean | undefined): boolean {
  if (option !== undefined) {
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

/** What --color and --no-color say, read off the arguments: errors in these have their colour, too. */
export function colorOption(argv: readonly string[]): boolean | undefined {
  const end = argv.indexOf("--");
  const options = end < 0 ? argv : argv.slice(0, end);
  const last = options.filter((word) => word === "--color" || word === "--no-color").at(-1);
  return last === undefined ? undefined : last === "--color";
}

/**
 * Whether block characters may be sent: a terminal shows them in a UTF-8 locale, which LC_ALL tells, else LC_CTYPE, else
 * LANG; where none is set it is C's, which has ASCII only. Whatever is not a terminal takes bytes: UTF-8.
 */
export function showsUnicode(stream: Output, env: Environment): boolean {
  if (stream.isTTY !== true) {
    return true;
  }
  if (env.TERM === "dumb" || env.TERM === "linux") {
    return false;
  }
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "C";
  return /utf-?8/i.test(locale);
}

const DEFAULT_WIDTH = 80;
/** Narrower is not readable, and what asks for it is a terminal that does not know its size. */
const LEAST_WIDTH = 40;

/** Columns of the terminal, else COLUMNS, else 80. */
export function widthOf(stream: Output, env: Environment): number {
  const columns = stream.columns ?? Number(env.COLUMNS ?? "");
  return columns > 0 ? Math.max(LEAST_WIDTH, Math.floor(columns)) : DEFAULT_WIDTH;
}
