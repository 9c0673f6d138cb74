import { describe, expect, it } from "vitest";
import { copyNeeded } from "../../../src/replay/peak/copy-needed.ts";
import type { Work } from "../../../src/replay/work.ts";
import { prepare } from "../../support/prepared-log.ts";

function workOf(...lines: string[]): Work {
  return prepare(lines).batches[0]!.work;
}

const PLAIN = ["1 malloc(100) = 0x5555555592a0", "1 free(0x5555555592a0)"];
const ALL = [
  ...PLAIN,
  "1 memalign(64, 100) = 0x555555559300",
  "1 malloc(100000) = 0x555555561010",
  "1 realloc(0x555555561010, 200000) = 0x555555561010",
  // The free of this block is missing.
  "1 malloc(100) = 0x555555559300",
];

/** The values of an event that a replay reads. */
function row({ batch, actions, touch }: Work, i: number) {
  return [
    [batch.time[i], batch.size[i], batch.align[i], batch.pointerOut[i]],
    [actions.action[i], actions.thread[i], actions.block[i], actions.oldSize[i], actions.lost[i]],
    touch.whole[i] === 1
      ? []
      : [touch.from[i], touch.to[i], touch.full[i], touch.large[i], touch.ratioFrom[i]],
  ];
}

describe("a copy of a batch", () => {
  it("has all that a replay reads, in new memory and in that of another copy", () => {
    const work = workOf(...ALL);
    for (const recycled of [null, copyNeeded(workOf(...PLAIN), true)]) {
      const copy = copyNeeded(work, true, recycled);
      expect(copy.batch.length).toBe(ALL.length);
      for (const i of [2, 3, 4, 5]) {
        expect(row(copy, i)).toEqual(row(work, i));
      }
    }
  });

  it("has no memory for alignments, lost frees and parts that no event has", () => {
    const { batch, actions, touch } = copyNeeded(workOf(...PLAIN), true);
    expect([batch.align.length, actions.lost.length]).toEqual([0, 0]);
    expect(new Set([touch.from, touch.to, touch.full, touch.large, touch.ratioFrom]).size).toBe(1);
    expect(batch.pointerOut[0]).toBe(0x5555555592a0);
  });

  it("has no pointers where no guide reads them", () => {
    const { batch } = copyNeeded(workOf(...PLAIN), false);
    expect([batch.pointerIn.length, batch.pointerOut.length, batch.op.length]).toEqual([0, 0, 0]);
    expect(batch.size[0]).toBe(100);
  });

  it("leaves other copies as they were", () => {
    const first = copyNeeded(workOf(...PLAIN), true);
    copyNeeded(workOf(...ALL), true);
    expect(first.touch.large[3]).toBe(0);
  });
});
