import { describe, expect, it } from "vitest";
import { RecycledIds } from "../../../src/trace/order/recycled-ids.ts";
import { TrailingFrees } from "../../../src/trace/order/trailing-frees.ts";

const SITES = [0x7f00_0000_2000, 0x7f00_0000_1000];
const PROGRAM = 0x401000;

/** The frees of NULL of an exiting thread, before event `next`, and after them one by the program. */
function frees(next: number, thenNull = false): TrailingFrees {
  const trailing = new TrailingFrees();
  trailing.addNull(next - 2, SITES[1]!);
  trailing.addNull(next - 1, SITES[0]!);
  if (thenNull) {
    trailing.addNull(next, PROGRAM);
  }
  return trailing;
}

const ID = { thread: 3, isFirst: false };

describe("an id that speaks again after a clean-up", () => {
  it("is a new thread's if a thread with the same call sites fell silent, in this batch or before", () => {
    const ids = new RecycledIds();
    ids.resume(ID, frees(10), true);
    ids.learn(SITES);
    expect(ids.take()).toMatchObject([{ thread: 3, cleanUp: { last: 9, nulls: 2 } }]);
    ids.resume(ID, frees(20), true);
    expect(ids.take()).toMatchObject([{ cleanUp: { last: 19 } }]);
    expect(ids.take()).toEqual([]);
  });

  it("is so, too, if the new thread begins with a free(NULL)", () => {
    const ids = new RecycledIds();
    ids.learn(SITES);
    ids.resume(ID, frees(10, true), false);
    expect(ids.take()).toMatchObject([{ cleanUp: { last: 9, nulls: 2 } }]);
  });

  it("is not while the call sites are unknown, or the program's", () => {
    const ids = new RecycledIds();
    ids.learn([PROGRAM, SITES[0]!]);
    ids.resume(ID, frees(10), true);
    ids.resume(ID, frees(20), false);
    expect(ids.take()).toEqual([]);
  });
});

it("pointers that show an exit near an open clean-up show its call sites", () => {
  const ids = new RecycledIds();
  ids.resume(ID, frees(10), true);
  ids.take();
  expect(ids.shownBefore(10, null)?.sites).toEqual(SITES);
  expect(ids.shownBefore(8, null)?.sites).toEqual(SITES);
  expect(ids.shownBefore(13, null)).toBeNull();
  ids.take();
  expect(ids.shownBefore(10, null)).toBeNull();
  const latest = frees(20).cleanUp();
  expect([ids.shownBefore(20, latest), ids.shownBefore(10, latest)]).toEqual([latest, null]);
});

it("known call sites are those learned, 16 groups at most", () => {
  const ids = new RecycledIds();
  for (let n = 1; n <= 20; n++) {
    ids.learn([n, n + 100]);
  }
  const known = Array.from({ length: 20 }, (_, n) => ids.hasSite(n + 1));
  expect(known.filter(Boolean)).toHaveLength(16);
  expect([ids.hasSite(101), ids.hasSite(99)]).toEqual([true, false]);
});
