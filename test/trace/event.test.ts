import { expect, it } from "vitest";
import { EventBatch, Op } from "../../src/trace/event.ts";

it("a batch is split into the events before one and those from it on, each half with its comments", () => {
  const batch = new EventBatch();
  batch.length = 5;
  for (let i = 0; i < 5; i++) {
    batch.op[i] = Op.calloc;
    for (const column of [batch.tid, batch.time, batch.caller, batch.size, batch.align]) {
      column[i] = 10 + i;
    }
    for (const column of [batch.pointerIn, batch.pointerOut, batch.line]) {
      column[i] = 10 + i;
    }
  }
  batch.notes.push(
    { at: 0, line: 1, text: "head" },
    { at: 3, line: 2, text: "right before" },
    { at: 4, line: 3, text: "behind" },
    { at: 5, line: 4, text: "end" },
  );
  const halves = batch.splitAt(3);
  const columns = (of: EventBatch) =>
    [of.tid, of.time, of.caller, of.size, of.align, of.pointerIn, of.pointerOut, of.line].map(
      (column) => [...column.subarray(0, of.length)],
    );
  expect(columns(halves[0])).toEqual(new Array(8).fill([10, 11, 12]));
  expect(columns(halves[1])).toEqual(new Array(8).fill([13, 14]));
  expect(halves.map(({ op, length }) => [...op.subarray(0, length)])).toEqual([
    [Op.calloc, Op.calloc, Op.calloc],
    [Op.calloc, Op.calloc],
  ]);
  expect(halves.map(({ notes }) => notes.map(({ at, text }) => [at, text]))).toEqual([
    [
      [0, "head"],
      [3, "right before"],
    ],
    [
      [1, "behind"],
      [2, "end"],
    ],
  ]);
});
