import { expect, it } from "vitest";
import { copyWork, newWork, permuteWork } from "../../src/replay/work.ts";
import { TOUCH_COLUMNS } from "../../src/replay/writes/touch.ts";
import { ACTION_COLUMNS } from "../../src/trace/actions.ts";
import { type Columns, columnNames } from "../../src/trace/columns.ts";
import { EVENT_COLUMNS } from "../../src/trace/event.ts";
import { distinct, rowsOf } from "../support/columns.ts";

const ROWS = 4;
const ALL = { ...EVENT_COLUMNS, ...ACTION_COLUMNS, ...TOUCH_COLUMNS } as const;

/** Work in which every column that a replay reads has a different value in every row. */
function work(): ReturnType<typeof newWork> {
  const all = newWork();
  all.batch.length = ROWS;
  distinct(ALL, columnsOf(all), ROWS);
  all.touch.whole.fill(0, 0, ROWS);
  all.batch.tid.fill(0, 0, ROWS);
  all.batch.caller.fill(0, 0, ROWS);
  return all;
}

/** A copy of work for replays leaves tid and caller at 0. */
function columnsOf({ batch, actions, touch }: ReturnType<typeof newWork>): Columns<typeof ALL> {
  return { ...batch, ...actions, ...touch };
}

it("a copy holds every column but tid and caller", () => {
  const original = work();
  original.batch.tid[0] = 7;
  original.batch.caller[0] = 7;
  const copy = newWork();
  copyWork(original, copy);
  expect(copy.batch.length).toBe(ROWS);
  expect(rowsOf(ALL, columnsOf(copy), ROWS)).toEqual(rowsOf(ALL, columnsOf(work()), ROWS));
});

it("lines that change places take along every column but the time", () => {
  const permuted = work();
  permuteWork(permuted, 1, [2, 0, 1]);
  const [a, b, c, d] = rowsOf(ALL, columnsOf(work()), ROWS);
  const [before, after] = [
    [a!, b!, c!, d!],
    [a!, d!, b!, c!],
  ];
  const time = columnNames(ALL).indexOf("time");
  const expected = after.map((row, n) => row.with(time, before[n]![time]!));
  expect(rowsOf(ALL, columnsOf(permuted), ROWS)).toEqual(expected);
});
