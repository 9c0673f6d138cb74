import { setFlagsFromString } from "node:v8";
import { expect, it } from "vitest";
import { KeptWorks } from "../../src/replay/peak/kept-works.ts";
import {
  copyWork,
  newWork,
  permuteWork,
  REPLAYED_COLUMNS,
  type Work,
  workOf,
} from "../../src/replay/work.ts";
import { TOUCH_COLUMNS } from "../../src/replay/writes/touch.ts";
import { ACTION_COLUMNS } from "../../src/trace/actions.ts";
import { type Columns, columnNames } from "../../src/trace/columns.ts";
import { distinct, rowsOf } from "../support/columns.ts";

const ROWS = 4;
const ALL = { ...REPLAYED_COLUMNS, ...ACTION_COLUMNS, ...TOUCH_COLUMNS } as const;

/** Work in which every column that a replay reads has a different value in every row. */
function work(): Work {
  const all = newWork();
  all.batch.length = ROWS;
  distinct(ALL, columnsOf(all), ROWS);
  all.touch.whole.fill(0, 0, ROWS);
  return all;
}

function columnsOf({ batch, actions, touch }: Work): Columns<typeof ALL> {
  return { ...batch, ...actions, ...touch };
}

it("a copy holds every column that a replay reads", () => {
  const original = work();
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

it("all work has one hidden class, whoever made its columns", () => {
  const fromAnotherThread = structuredClone(newWork(SharedArrayBuffer));
  const kept = new KeptWorks(true).keep(work()).work;
  for (const part of ["batch", "actions", "touch"] as const) {
    const objects = [newWork(), workOf(fromAnotherThread), kept].map((one) => one[part]);
    expect(objects.every((one) => haveSameMap(one, objects[0]))).toBe(true);
  }
});

function haveSameMap(a: object, b: object | undefined): boolean {
  setFlagsFromString("--allow-natives-syntax");
  return new Function("a", "b", "return %HaveSameMap(a, b)")(a, b) === true;
}
