import { describe, expect, it } from "vitest";
import { type EventBatch, Op } from "../../../src/trace/event.ts";
import { Lines } from "../../../src/trace/order/lines.ts";
import { inBatches } from "../../support/event-batches.ts";
import type { PlainEvent } from "../../support/naive-ledger.ts";

const call = (tid: number): PlainEvent => ({ op: Op.mark, tid });

/** The events in batches of `perBatch`: one or two. */
function linesOf(events: readonly PlainEvent[], perBatch?: number) {
  const batches: EventBatch[] = [...inBatches(events, perBatch)];
  return { batches, lines: new Lines(batches[0]!, batches[1] ?? null) };
}

const tids = (lines: Lines): number[] =>
  Array.from({ length: lines.length }, (_, k) => lines.get("tid", k));

/** All in one batch, or the last two lines or the last one in the next. */
describe.each([5, 3, 4])("lines of threads 1 2 1 3 2, %i in the first batch", (perBatch) => {
  const { lines } = linesOf([1, 2, 1, 3, 2].map(call), perBatch);

  it("are read as one sequence", () => {
    expect(lines.length).toBe(5);
    expect(tids(lines)).toEqual([1, 2, 1, 3, 2]);
  });

  it("have a previous line of each thread", () => {
    expect([5, 4, 2, 1].map((i) => lines.previousOf(2, i))).toEqual([4, 1, 1, -1]);
    expect([5, 3, 2, 0].map((i) => lines.previousOf(1, i))).toEqual([2, 2, 0, -1]);
    expect([4, 3].map((i) => lines.previousOf(3, i))).toEqual([3, -1]);
  });

  it("have a next line of each thread", () => {
    expect([0, 1, 3, 4].map((i) => lines.nextOf(2, i))).toEqual([1, 4, 4, -1]);
    expect([0, 1, 2].map((i) => lines.nextOf(1, i))).toEqual([2, 2, -1]);
    expect([2, 3].map((i) => lines.nextOf(3, i))).toEqual([3, -1]);
  });
});

it("rows beyond a batch's length are not lines", () => {
  const { batches, lines } = linesOf([1, 2, 1].map(call), 2);
  batches[0]!.tid[2] = 7;
  batches[1]!.tid[1] = 7;
  expect([0, 1, 2].map((i) => lines.nextOf(7, i))).toEqual([-1, -1, -1]);
  expect(lines.previousOf(7, 3)).toBe(-1);
});

it("a line moves up with all its columns, over the border of the batches, too", () => {
  const events = [1, 2, 3, 4].map((tid) => ({ op: tid, tid, time: 10 * tid, pointerIn: tid }));
  const { lines } = linesOf(events, 2);
  lines.lift(3, 1);
  expect(tids(lines)).toEqual([1, 4, 2, 3]);
  expect([0, 1, 2, 3].map((k) => lines.get("time", k))).toEqual([10, 40, 20, 30]);
  expect([0, 1, 2, 3].map((k) => lines.get("line", k))).toEqual([1, 4, 2, 3]);
  lines.set("tid", 3, 9);
  expect(tids(lines)).toEqual([1, 4, 2, 9]);
});

describe("comments", () => {
  const { batches, lines } = linesOf([1, 2, 3, 4].map(call), 2);
  const note = (at: number) => ({ at, line: 1, text: "" });

  it("are none at first", () => {
    expect(lines.afterLastComment).toBe(0);
    expect(lines.commentAfter(0)).toBe(Number.POSITIVE_INFINITY);
  });

  it("of the first batch, then of the next, are found by the line below them", () => {
    batches[0]!.notes.push(note(1));
    expect(lines.afterLastComment).toBe(1);
    expect(lines.commentAfter(0)).toBe(1);
    expect(lines.commentAfter(1)).toBe(Number.POSITIVE_INFINITY);
    batches[1]!.notes.push(note(1));
    expect(lines.afterLastComment).toBe(3);
    expect(lines.commentAfter(1)).toBe(3);
  });
});

describe("the pointers of a line", () => {
  const [from, to] = [0x100, 0x200];
  const pointers = (event: PlainEvent) => {
    const { lines } = linesOf([event]);
    return [lines.freedBy(0), lines.returnedBy(0)];
  };

  it("are those that the call frees and returns", () => {
    expect(pointers({ op: Op.malloc, size: 1, pointerOut: to })).toEqual([0, to]);
    expect(pointers({ op: Op.free, pointerIn: from })).toEqual([from, 0]);
    expect(pointers({ op: Op.realloc, size: 1, pointerIn: from, pointerOut: to })).toEqual([
      from,
      to,
    ]);
    expect(pointers({ op: Op.mark, pointerIn: from, pointerOut: to })).toEqual([0, 0]);
  });

  it("a realloc that fails frees nothing; one to 0 bytes frees", () => {
    expect(pointers({ op: Op.realloc, size: 1, pointerIn: from })).toEqual([0, 0]);
    expect(pointers({ op: Op.realloc, size: 0, pointerIn: from })).toEqual([from, 0]);
  });

  it("free(NULL) is told from other frees", () => {
    const isNull = (event: PlainEvent) => linesOf([event]).lines.isNull(0);
    expect(isNull({ op: Op.free })).toBe(true);
    expect(isNull({ op: Op.free, pointerIn: from })).toBe(false);
    expect(isNull({ op: Op.realloc })).toBe(false);
  });
});
