import { describe, expect, it } from "vitest";
import { ThresholdRaises } from "../../src/recorded/threshold-raises.ts";
import { newWork } from "../../src/replay/work.ts";

const KiB = 1024;

/** A replay that makes the call in a row of a batch. */
function making(row: number, line: number, size: number, thread: number) {
  const work = newWork();
  work.batch.line[row] = line;
  work.actions.oldSize[row] = size;
  work.actions.thread[row] = thread;
  return { current: { work, row } };
}

describe("raises of the dynamic thresholds", () => {
  it("keep the thresholds before the first one, and the free of the last one", () => {
    const raises = new ThresholdRaises();
    raises.note(making(3, 40, 200 * KiB, 1), 128 * KiB, 128 * KiB);
    raises.note(making(5, 60, 300 * KiB, 2), 204 * KiB, 408 * KiB);
    expect(raises.state).toEqual({
      count: 2,
      mmapThreshold: 128 * KiB,
      trimThreshold: 128 * KiB,
      line: 60,
      size: 300 * KiB,
      thread: 2,
    });
  });

  it("do not count what is no call of the log", () => {
    const raises = new ThresholdRaises();
    raises.note({ current: null }, 128 * KiB, 128 * KiB);
    expect(raises.state.count).toBe(0);
  });

  it("are copied with the run", () => {
    const [raises, copy] = [new ThresholdRaises(), new ThresholdRaises()];
    raises.note(making(0, 1, 200 * KiB, 0), 128 * KiB, 128 * KiB);
    copy.copy(raises);
    raises.note(making(1, 2, 300 * KiB, 0), 204 * KiB, 408 * KiB);
    expect(copy.state).toMatchObject({ count: 1, line: 1 });
  });
});
