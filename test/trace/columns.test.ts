import { describe, expect, it } from "vitest";
import { ACTION_COLUMNS, ActionBatch } from "../../src/trace/actions.ts";
import {
  type Columns,
  columnar,
  columnNames,
  copyColumns,
  copyRows,
  type Declaration,
  EVENTS_PER_BATCH,
  permuteRows,
} from "../../src/trace/columns.ts";
import { EVENT_COLUMNS, EventBatch } from "../../src/trace/event.ts";
import { distinct, rowsOf } from "../support/columns.ts";

const SMALL = { mark: Uint8Array, id: Int32Array, bytes: Float64Array } as const;

class Small extends columnar(SMALL) {}

function small(): Columns<typeof SMALL> {
  return distinct(SMALL, new Small(), 4);
}

describe("the columns of a batch", () => {
  it("have the type declared and a row for each event", () => {
    const columns = new Small();
    for (const name of columnNames(SMALL)) {
      expect(columns[name]).toBeInstanceOf(SMALL[name]);
      expect(columns[name]).toHaveLength(EVENTS_PER_BATCH);
    }
  });

  it("lie in the given kind of memory", () => {
    expect(new Small().id.buffer).toBeInstanceOf(ArrayBuffer);
    expect(new Small(SharedArrayBuffer).id.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it("are copied from the given start, no more rows than the length", () => {
    const copy = new Small();
    copyColumns(SMALL, copy, small(), 2, 1);
    expect(rowsOf(SMALL, copy, 3)).toEqual([...rowsOf(SMALL, small(), 3).slice(1), [0, 0, 0]]);
  });

  it("are copied to the same rows", () => {
    const copy = new Small();
    copyRows(SMALL, copy, small(), Int32Array.of(0, 2, 3), 2);
    const [first, , third] = rowsOf(SMALL, small(), 3);
    expect(rowsOf(SMALL, copy, 4)).toEqual([first, [0, 0, 0], third, [0, 0, 0]]);
  });

  it("are reordered from a row on, all in the same way", () => {
    const columns = small();
    const [a, b, c, d] = rowsOf(SMALL, columns, 4);
    permuteRows(SMALL, columns, 1, [2, 0, 1]);
    expect(rowsOf(SMALL, columns, 4)).toEqual([a, d, b, c]);
  });
});

describe.each<[string, Declaration, object]>([
  ["EventBatch", EVENT_COLUMNS, new EventBatch()],
  ["ActionBatch", ACTION_COLUMNS, new ActionBatch()],
])("%s", (_, declaration, batch) => {
  it("has the declared columns as own fields, so that postMessage sends them", () => {
    expect(Object.keys(batch)).toEqual(expect.arrayContaining(Object.keys(declaration)));
  });
});

it("a batch's copy holds every column", () => {
  const batch = distinct(EVENT_COLUMNS, new EventBatch(), 4);
  const copy = new EventBatch();
  copy.copy(batch, 4);
  expect(rowsOf(EVENT_COLUMNS, copy, 4)).toEqual(rowsOf(EVENT_COLUMNS, batch, 4));
});
