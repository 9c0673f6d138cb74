import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Insertion, insert, replayBatch, replayWith } from "../../src/replay/insertions.ts";
import { Replay } from "../../src/replay/replay.ts";
import { newWork } from "../../src/replay/work.ts";
import { process } from "../support/model-driver.ts";

/** the number of the batch's first event */
const FIRST = 100;

let replay: Replay;
let steps: string[];

beforeEach(() => {
  replay = new Replay(process("2.36").m);
  steps = [];
  vi.spyOn(replay, "run").mockImplementation((_, from, to) => {
    if (from < to) {
      steps.push(`${from}..${to - 1}`);
    }
  });
  vi.spyOn(replay, "exitThread").mockImplementation((thread) => {
    steps.push(`exit of ${thread}`);
  });
});

/** Names the exit of thread `thread` before event `i` of the batch. */
const exit = (thread: number, i: number): Insertion => ({
  kind: "exit",
  thread,
  before: FIRST + i,
});

function work(length: number) {
  const one = newWork();
  one.batch.length = length;
  return one;
}

describe("events with insertions among them", () => {
  it("are replayed up to each insertion", () => {
    replayWith(replay, work(10), FIRST, 0, 10, [exit(1, 3), exit(2, 7)]);
    expect(steps).toEqual(["0..2", "exit of 1", "3..6", "exit of 2", "7..9"]);
  });

  it("have insertions before the same event in their order", () => {
    replayWith(replay, work(10), FIRST, 0, 10, [exit(2, 3), exit(1, 3)]);
    expect(steps).toEqual(["0..2", "exit of 2", "exit of 1", "3..9"]);
  });

  it("have no insertions from outside their range", () => {
    const insertions = [exit(1, 2), exit(2, 3), exit(3, 5), exit(4, 6)];
    replayWith(replay, work(10), FIRST, 3, 6, insertions);
    expect(steps).toEqual(["exit of 2", "3..4", "exit of 3", "5..5"]);
  });
});

describe("a batch", () => {
  it("has the insertions right after its last event, too", () => {
    replayBatch(replay, work(4), FIRST, [exit(1, 0), exit(2, 4), exit(3, 5)]);
    expect(steps).toEqual(["exit of 1", "0..3", "exit of 2"]);
  });

  it("may begin with a later event", () => {
    replayBatch(replay, work(4), FIRST, [exit(1, 1), exit(2, 3), exit(3, 4)], 2);
    expect(steps).toEqual(["2..2", "exit of 2", "3..3", "exit of 3"]);
  });
});

describe("an insertion", () => {
  it("ends a thread", () => {
    insert(replay, exit(3, 0));
    expect(steps).toEqual(["exit of 3"]);
  });

  it("moves the break", () => {
    const moved = vi.spyOn(replay.model, "foreignSbrk");
    insert(replay, { kind: "sbrk", before: 0, bytes: 4096, trims: 2 });
    expect(moved.mock.calls).toEqual([[4096, 2]]);
  });

  it("lets a thread choose its arena before others have left theirs", () => {
    const chosen = vi.spyOn(replay.model, "attachesBefore");
    insert(replay, { kind: "lateExits", before: 0, thread: 5, late: [2, 4] });
    expect(chosen.mock.calls).toEqual([[5, [2, 4]]]);
  });

  it("takes the RSS", () => {
    insert(replay, { kind: "probe", before: 0 });
    expect(replay.rss.probes).toHaveLength(1);
  });

  it("shows where a block's mapping ends", () => {
    const ended = vi.spyOn(replay, "endMapping");
    insert(replay, { kind: "mappingEnd", before: 0, block: 7, pointer: 0x4000, bytes: 9000 });
    expect(ended.mock.calls).toEqual([[7, 0x4000, 9000]]);
  });

  it("states what of a block is written", () => {
    const learnt = vi.spyOn(replay, "learn");
    insert(replay, { kind: "writes", before: 0, block: 7, written: [0, 5], unwritten: [5, 9] });
    expect(learnt.mock.calls).toEqual([[7, [0, 5], [5, 9]]]);
  });
});
