import { describe, expect, it } from "vitest";
import { replayUntilMismatch } from "../../../src/recorded/explain/first-mismatch.ts";
import type { Insertion } from "../../../src/replay/insertions.ts";
import { LoggedProgram } from "../../support/model-log.ts";
import { guidedReplay, originOf, prepare } from "../../support/prepared-log.ts";

const EVENTS = 600;
/** where the model puts none of these blocks */
const ELSEWHERE = 0x5555_5560_0010;

/** A log of 600 allocations, as 2.36 serves them but for events `wrong`. */
function lines(...wrong: number[]): string[] {
  const p = new LoggedProgram("2.36");
  for (let i = 0; i < EVENTS; i++) {
    p.malloc(100);
  }
  return p.lines.map((line, i) =>
    wrong.includes(i) ? `1 malloc(100) = 0x${(ELSEWHERE + i * 4096).toString(16)}` : line,
  );
}

function replayed(log: readonly string[], end: number, most: number, eventsPerBatch?: number) {
  const replay = guidedReplay(originOf("2.36"));
  const found = replayUntilMismatch(replay, prepare(log, eventsPerBatch).batches, end, most);
  return { ...found, mismatches: replay.judge.mismatches };
}

describe("a replay until the first mismatch", () => {
  it("replays everything if there is none", () => {
    expect(replayed(lines(), EVENTS, 1)).toEqual({ events: 600, cost: 600, mismatches: 0 });
  });

  it("ends with the slice of 256 events that has as many mismatches as asked for", () => {
    const log = lines(100, 400);
    expect(replayed(log, EVENTS, 1)).toEqual({ events: 100, cost: 256, mismatches: 1 });
    expect(replayed(log, EVENTS, 2)).toEqual({ events: 100, cost: 512, mismatches: 2 });
    expect(replayed(log, EVENTS, 3)).toEqual({ events: 100, cost: 600, mismatches: 2 });
  });

  it("replays nothing from event `end` on", () => {
    expect(replayed(lines(300), 150, 1)).toEqual({ events: 150, cost: 150, mismatches: 0 });
    expect(replayed(lines(150), 150, 1)).toEqual({ events: 150, cost: 150, mismatches: 0 });
    expect(replayed(lines(149), 150, 1)).toEqual({ events: 149, cost: 150, mismatches: 1 });
  });

  it("counts events through all batches", () => {
    expect(replayed(lines(450), EVENTS, 1, 400)).toEqual({ events: 450, cost: 600, mismatches: 1 });
    expect(replayed(lines(450), 430, 1, 400)).toEqual({ events: 430, cost: 430, mismatches: 0 });
  });

  it("leaves a block where the model puts it, so that one wrong line is one mismatch", () => {
    // Anchored there, the block would be the last one below the top.
    expect(replayed(lines(3), EVENTS, 10).mismatches).toBe(1);
  });

  it("applies what the log states between the calls", () => {
    const p = new LoggedProgram("2.36");
    p.malloc(100);
    const ending = p.thread();
    ending.malloc(100);
    ending.exit(false);
    // A new thread is given the arena of the one that ended.
    p.thread().malloc(200);
    const part = prepare(p.lines).batches[0]!;
    const matchedWith = (...logged: Insertion[]) =>
      replayUntilMismatch(guidedReplay(originOf("2.36")), [{ ...part, logged }], 3, 1).events;
    expect(matchedWith()).toBe(2);
    expect(matchedWith({ kind: "exit", before: 2, thread: 1 })).toBe(3);
  });
});
