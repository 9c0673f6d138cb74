import type { ChalkInstance } from "chalk";
import { count } from "../wording/format.ts";
import { foldAtCommas } from "../wording/shorten.ts";
import type { Column, Fold } from "./column.ts";

/** What tables of settings have in common: their names, and how a figure changes under them. */

/** Replaces the change of RSS if calls fail: memory saved by failed calls is no gain. */
export const FAILS = "fails";

/** The column of names. */
export function settingsColumn<Row extends { readonly name: string }>(
  fold: Omit<Fold, "to">,
): Column<Row> {
  return {
    head: ["settings"],
    align: "left",
    isName: true,
    rank: 0,
    cell: ({ name }) => name,
    rest: (hidden) => `… ${count(hidden.length)} more`,
    fold: { ...fold, to: foldAtCommas },
  };
}

/** Characters of the longest setting in lists of settings. */
export function longestSetting(lists: readonly { readonly name: string }[]): number {
  const settings = lists.flatMap(({ name }) => name.split(/(?<=,)/));
  return Math.max(...settings.map(({ length }) => length));
}

/** Colours a change: green for less, red for more or for failing calls. */
export function paintChange(chalk: ChalkInstance): (row: unknown, text: string) => string {
  return (_, text) => {
    if (text.startsWith("-")) {
      return chalk.green(text);
    }
    return text.startsWith("+") || text === FAILS ? chalk.red(text) : text;
  };
}
