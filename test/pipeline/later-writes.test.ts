import { describe, expect, it } from "vitest";
import { LaterWrites, type StatedBatch } from "../../src/pipeline/later-writes.ts";
import type { Insertion } from "../../src/replay/insertions.ts";
import { Replay } from "../../src/replay/replay.ts";
import { Action, ActionBatch, LOST_FREE } from "../../src/trace/actions.ts";
import type { MomentEvent } from "../../src/trace/moment.ts";

const at = (event: number): MomentEvent => ({ event, line: event + 1, time: 0, isOfLine: false });

const states = (block: number, before: number, bytes: number): Insertion => ({
  kind: "writes",
  before,
  block,
  written: [0, bytes],
  unwritten: [],
});

type Row = readonly [action: number, block: number, lost?: number];

/** A batch with these actions, which begins with event `first`. */
function batch(first: number, rows: readonly Row[], logged: readonly Insertion[]): StatedBatch {
  const actions = new ActionBatch();
  for (const [i, [action, block, lost]] of rows.entries()) {
    actions.action[i] = action;
    actions.block[i] = block;
    actions.lost[i] = lost ?? 0;
  }
  return { first, length: rows.length, actions, logged };
}

/** What a run at the moment is told, as block and bytes. */
function toldBy(later: LaterWrites): (readonly [number, number])[] {
  const told: (readonly [number, number])[] = [];
  const run: Pick<Replay, "learn"> = {
    learn: (block, written) => {
      told.push([block, written[1] ?? 0]);
    },
  };
  later.apply(Object.assign(Object.create(Replay.prototype), run));
  return told.sort(([a], [b]) => a - b);
}

const NONE: Row = [Action.none, -1];

describe("what the log states after a moment", () => {
  it("is the first statement of each block", () => {
    const later = new LaterWrites();
    later.take(
      at(1),
      batch(0, [NONE, NONE, NONE, NONE], [states(5, 1, 100), states(5, 3, 200), states(5, 4, 300)]),
    );
    later.take(at(1), batch(4, [NONE], [states(5, 5, 400), states(6, 5, 500)]));
    later.finish([states(6, 5, 600), states(7, 5, 700)]);
    expect(toldBy(later)).toEqual([
      [5, 200],
      [6, 500],
      [7, 700],
    ]);
  });

  it("comes at a block's free at the latest, and not from the next block with its id", () => {
    const later = new LaterWrites();
    const rows: Row[] = [
      NONE,
      [Action.free, 1],
      [Action.malloc, 1],
      [Action.free, 2],
      [Action.malloc + LOST_FREE, 8, 3],
      [Action.realloc, 4],
    ];
    const logged = [states(2, 3, 100), ...[1, 2, 3, 4, 8].map((block) => states(block, 6, 900))];
    later.take(at(0), batch(0, rows, logged));
    expect(toldBy(later)).toEqual([[2, 100]]);
  });

  it("begins anew while the moment comes later", () => {
    const later = new LaterWrites();
    later.take(null, batch(0, [NONE], [states(4, 1, 50)]));
    later.take(at(1), batch(1, [[Action.free, 1]], [states(1, 2, 100)]));
    later.take(at(2), batch(2, [NONE, NONE], [states(1, 4, 200), states(2, 4, 300)]));
    expect(toldBy(later)).toEqual([
      [1, 200],
      [2, 300],
    ]);
  });

  it("is nothing if the log has no such moment", () => {
    const later = new LaterWrites();
    later.take(null, batch(0, [NONE], [states(1, 1, 100)]));
    later.finish([states(1, 1, 100)]);
    expect(toldBy(later)).toEqual([]);
  });
});
