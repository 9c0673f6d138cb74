import { describe, expect, it } from "vitest";
import { divergenceAt, ForeignSbrk } from "../../../src/recorded/explain/foreign-sbrk.ts";
import type { GuidedReplay } from "../../../src/recorded/guided-replay.ts";
import { insert } from "../../../src/replay/insertions.ts";
import type { Work } from "../../../src/replay/work.ts";
import { BREAK, LoggedProgram } from "../../support/model-log.ts";
import { guidedReplay, originOf, prepare } from "../../support/prepared-log.ts";

/** The number of the batch's first event. */
const FIRST = 1000;

/** The recorded run's replay of a log, up to event `i`. */
function replayedTo(i: number, lines: readonly string[]): [GuidedReplay, Work] {
  const { work } = prepare(lines).batches[0]!;
  const guided = guidedReplay(originOf("2.36"));
  guided.replay.run(work, 0, i);
  return [guided, work];
}

/**
 * A program whose top, of 132 KiB, holds two blocks of 50000 bytes. Then the program calls sbrk, and the third block lies
 * above the memory that sbrk returned.
 */
function program(sbrkBytes: number, followers = 10): string[] {
  const p = new LoggedProgram("2.36");
  p.malloc(50_000);
  p.malloc(50_000);
  p.process.sbrk(sbrkBytes);
  p.malloc(50_000);
  for (let i = 0; i < followers; i++) {
    p.malloc(1000 + i);
  }
  return p.lines;
}

const MOVED = 2;

describe("a foreign sbrk", () => {
  it("is shown by the first block above the memory that it took", () => {
    const found = new ForeignSbrk();
    const [guided, work] = replayedTo(MOVED, program(65_536));
    expect(found.shownBy(guided, work, MOVED, FIRST)).toEqual({
      kind: "sbrk",
      before: FIRST + MOVED,
      bytes: 65_536,
      trims: 0,
    });
    expect(found.state).toEqual({ moves: 1, bytes: 65_536, failures: 0 });
  });

  it("makes the block and those after it match", () => {
    const [guided, work] = replayedTo(MOVED, program(65_536));
    insert(guided.replay, new ForeignSbrk().shownBy(guided, work, MOVED, 0)!);
    guided.replay.run(work, MOVED, work.batch.length);
    expect(guided.judge.mismatches).toBe(0);
  });

  it("is not searched for in the replay itself", () => {
    const [guided, work] = replayedTo(MOVED, program(65_536));
    const before = [guided.model.brk, guided.judge.compared];
    new ForeignSbrk().shownBy(guided, work, MOVED, FIRST);
    expect([guided.model.brk, guided.judge.compared]).toEqual(before);
  });

  it("is rejected if one of the next pointers mismatches", () => {
    const lines = program(65_536);
    lines[MOVED + 5] = `1 malloc(100) = 0x${(BREAK + 0x1000).toString(16)}`;
    const found = new ForeignSbrk();
    const [guided, work] = replayedTo(MOVED, lines);
    expect(found.shownBy(guided, work, MOVED, FIRST)).toBeNull();
    expect(found.state).toEqual({ moves: 0, bytes: 0, failures: 1 });
  });

  it("needs eight matching pointers if it is not a multiple of a page", () => {
    const shown = (followers: number) => {
      const [guided, work] = replayedTo(MOVED, program(1000, followers));
      return new ForeignSbrk().shownBy(guided, work, MOVED, FIRST)?.bytes;
    };
    // malloc's top begins at the next multiple of 16.
    expect(shown(8)).toBe(1008);
    expect(shown(7)).toBeUndefined();
  });

  it("is not searched for any more after eight failures", () => {
    const found = new ForeignSbrk();
    found.state.failures = 7;
    const [guided, work] = replayedTo(MOVED, program(65_536));
    expect(found.shownBy(guided, work, MOVED, FIRST)).not.toBeNull();
    found.state.failures = 8;
    expect(found.shownBy(guided, work, MOVED, FIRST)).toBeNull();
  });

  it("is no explanation for a block that the old top can hold", () => {
    // 32 KiB are left of the top.
    const at = BREAK + 0x40000 + 0x10;
    const lines = [...program(65_536).slice(0, MOVED), `1 malloc(30000) = 0x${at.toString(16)}`];
    const found = new ForeignSbrk();
    const [guided, work] = replayedTo(MOVED, lines);
    expect(found.shownBy(guided, work, MOVED, FIRST)).toBeNull();
    expect(found.state.failures).toBe(0);
  });

  it("is no explanation for a block that would be mapped", () => {
    const at = BREAK + 0x40000 + 0x10;
    const lines = [...program(65_536).slice(0, MOVED), `1 malloc(200000) = 0x${at.toString(16)}`];
    const [guided, work] = replayedTo(MOVED, lines);
    expect(new ForeignSbrk().shownBy(guided, work, MOVED, FIRST)).toBeNull();
  });

  it("precedes the trims that it prevented", () => {
    const p = new LoggedProgram("2.36");
    p.malloc(130_000, "low");
    p.malloc(70_000, "high");
    p.process.sbrk(65_536);
    // Leaves a top of 205200 bytes. Without the sbrk it is trimmed to 131472 bytes.
    p.free("high");
    p.malloc(100_000);
    // Fits into neither top. What is left of the old one has 105184 bytes, or 31456.
    p.malloc(110_000);
    p.malloc(60_000);
    const moved = 4;
    const [guided, work] = replayedTo(moved, p.lines);
    expect(guided.model.trims).toHaveLength(1);
    const move = new ForeignSbrk().shownBy(guided, work, moved, 0);
    expect(move).toMatchObject({ bytes: 65_536, trims: 1 });
    insert(guided.replay, move!);
    guided.replay.run(work, moved, work.batch.length);
    expect(guided.judge.mismatches).toBe(0);
  });

  it("follows the trims that happened before it", () => {
    const p = new LoggedProgram("2.36");
    p.malloc(130_000, "low");
    p.malloc(70_000, "high");
    p.free("high");
    p.process.sbrk(65_536);
    p.malloc(100_000);
    p.malloc(110_000);
    p.malloc(60_000);
    const [guided, work] = replayedTo(4, p.lines);
    const move = new ForeignSbrk().shownBy(guided, work, 4, 0);
    expect(move).toMatchObject({ bytes: 65_536, trims: 0 });
  });
});

describe("the mismatch that a foreign sbrk stands for", () => {
  it("has the logged place and the model's, and leaves the replay as it is", () => {
    const [guided, work] = replayedTo(MOVED, program(65_536));
    const divergence = divergenceAt(guided, work, MOVED);
    const pointer = work.batch.pointerOut[MOVED]!;
    expect(divergence).toMatchObject({
      event: MOVED + 1,
      line: MOVED + 1,
      expected: `main heap + 0x${(pointer - BREAK).toString(16)}`,
      // Above two chunks of 50016 bytes and the tcache struct of 0x290.
      modelled: `main heap + 0x${(0x290 + 2 * 50_016 + 16).toString(16)}`,
    });
    expect(guided.judge.state.firstDivergence).toBeNull();
  });

  it("is an earlier one if there is one", () => {
    const lines = program(65_536);
    lines[1] = `1 malloc(50000) = 0x${(BREAK + 0x10010).toString(16)}`;
    const [guided, work] = replayedTo(MOVED, lines);
    expect(divergenceAt(guided, work, MOVED)?.line).toBe(2);
  });
});

describe("a copy", () => {
  it("has the counts of the original, and its own from there on", () => {
    const found = new ForeignSbrk();
    Object.assign(found.state, { moves: 3, bytes: 5000, failures: 2 });
    const copy = new ForeignSbrk();
    copy.copy(found);
    expect(copy.state).toEqual({ moves: 3, bytes: 5000, failures: 2 });
    copy.state.moves = 9;
    expect(found.state.moves).toBe(3);
  });
});
