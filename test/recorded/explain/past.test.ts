import { describe, expect, it } from "vitest";
import { profileOf } from "../../../src/ptmalloc/profile.ts";
import type { Bounds, Order } from "../../../src/recorded/explain/explanation.ts";
import { outcomeOf, RecentPast, WINDOW_BATCHES } from "../../../src/recorded/explain/past.ts";
import type { GuidedReplay } from "../../../src/recorded/guided-replay.ts";
import { type Exit, replayWith } from "../../../src/replay/insertions.ts";
import { KeptWork } from "../../../src/replay/peak/kept-works.ts";
import type { Work } from "../../../src/replay/work.ts";
import { EVENTS_PER_BATCH } from "../../../src/trace/columns.ts";
import { LoggedProgram } from "../../support/model-log.ts";
import { guidedReplay, originOf, prepare } from "../../support/prepared-log.ts";

/** Replays a log as the recorded run does, batch by batch, keeping its past. */
function follow(lines: readonly string[], eventsPerBatch?: number, settings = {}) {
  const past = new RecentPast();
  const guided = guidedReplay(originOf("2.36", settings));
  const { batches } = prepare(lines, eventsPerBatch);
  for (const { work, first, logged, next } of batches) {
    past.keep(guided, new KeptWork(work), first, logged, next);
    replayWith(guided.replay, work, first, 0, work.batch.length, logged);
  }
  return { past, guided, batches };
}

/** `count` lines of a program that allocates and frees; no pointer of it mismatches. */
function program(count: number): string[] {
  const p = new LoggedProgram("2.36", {}, { unchecked: true });
  for (let i = 0; p.lines.length < count; i++) {
    p.malloc(50 + ((i * 37) % 3000), `block ${i}`);
    if (i % 3 === 2) {
      p.free(`block ${i - 2}`);
    }
  }
  return p.lines.slice(0, count);
}

/** What distinguishes states of one replay from one another. */
function stateOf({ replay, judge, model }: GuidedReplay) {
  return {
    event: replay.state.event,
    compared: judge.compared,
    matched: judge.matched,
    inUse: model.inUseBytes,
    resident: [...model.resident.pages],
    threads: model.threads
      .all()
      .map((one) => Array.from({ length: one.bins }, (_, i) => model.threads.bins.count(one, i))),
  };
}

function stateAt(lines: readonly string[], end: number) {
  const guided = guidedReplay(originOf("2.36"));
  for (const { work, first } of prepare(lines).batches) {
    guided.replay.run(work, 0, Math.max(0, Math.min(work.batch.length, end - first)));
  }
  return stateOf(guided);
}

const pointersOf = ({ batch }: Work) => [...batch.pointerOut.subarray(0, batch.length)];

describe("the past that is kept", () => {
  it("is that of the last four batches at most, from the state before the first of them", () => {
    const { past, batches } = follow(program(90), 10);
    expect(WINDOW_BATCHES).toBe(4);
    // Batches 1 to 4, 5 to 8, and 9.
    expect([past.isKept, past.start, past.end]).toEqual([true, 80, 90]);
    expect(past.batches.map(({ work }) => work)).toEqual([batches[8]?.work]);
    const whole = follow(program(80), 10).past;
    expect([whole.start, whole.end, whole.batches.length]).toEqual([40, 80, 4]);
    expect([40, 49, 50, 79].map((event) => whole.indexOf(event))).toEqual([0, 0, 1, 3]);
  });

  it("holds what the log states between the calls", () => {
    const lines = program(8);
    lines.splice(5, 0, "# rss 4096");
    const { past } = follow(lines, 4);
    expect(past.insertions).toEqual([{ kind: "probe", before: 5 }]);
  });

  it("is empty once it is forgotten", () => {
    const { past } = follow(program(20));
    past.forget();
    expect([past.isKept, past.start, past.end, past.batches.length]).toEqual([false, 0, 0, 0]);
    expect(past.insertions).toEqual([]);
    expect(() => past.replayTo(3)).toThrow("no state is kept");
  });

  it("is replayed up to any event", () => {
    const lines = program(200);
    const { past } = follow(lines, 50);
    for (const end of [0, 1, 57, 150, 200]) {
      expect(stateOf(past.replayTo(end))).toEqual(stateAt(lines, end));
    }
  });

  it("is replayed from a later state where that is near", () => {
    const lines = program(6000);
    const { past } = follow(lines, 2000);
    past.replayTo(5000);
    const before = past.cost;
    // 5000 − 2048 events are skipped; a state is copied, and each event costs 100.
    expect(stateOf(past.replayTo(4990))).toEqual(stateAt(lines, 4990));
    const cost = past.cost - before;
    expect(cost).toBeGreaterThan((4990 - 2952) * 100);
    expect(cost).toBeLessThan(2 * (4990 - 2952) * 100);
    // Events before that state are still replayed from the beginning.
    expect(stateOf(past.replayTo(100))).toEqual(stateAt(lines, 100));
  });
});

describe("moves of the break", () => {
  it("join the past in order, while one is kept", () => {
    const lines = program(8);
    lines.splice(5, 0, "# rss 4096");
    const { past } = follow(lines);
    past.addSbrk({ kind: "sbrk", before: 2, bytes: 4096, trims: 0 });
    expect(past.insertions.map(({ kind, before }) => [kind, before])).toEqual([
      ["sbrk", 2],
      ["probe", 5],
    ]);
    past.forget();
    past.addSbrk({ kind: "sbrk", before: 2, bytes: 4096, trims: 0 });
    expect(past.insertions).toEqual([]);
  });
});

/**
 * Thread 2 ends before event 2, and thread 3 is given its arena. Without the exit it gets a new one, from which none of its
 * blocks is.
 */
function exitLog(callsAfter: number) {
  const p = new LoggedProgram("2.36");
  p.malloc(100);
  const ending = p.thread();
  ending.malloc(100);
  ending.exit(false);
  const next = p.thread();
  for (let i = 0; i < 1 + callsAfter; i++) {
    next.malloc(200);
  }
  return p.lines;
}

const EXIT: Exit = { kind: "exit", thread: 1, before: 2 };

/** What the trial of an explanation of event 2 must achieve. */
const BOUNDS: Bounds = {
  mismatch: 2,
  allowed: 0,
  mustHold: 200,
  best: { next: Number.POSITIVE_INFINITY, mismatches: 1 },
};

describe("the trial of an explanation", () => {
  it("is the replay under it, if that explains the mismatch", () => {
    const { past, guided } = follow(exitLog(10));
    expect(guided.judge.mismatches).toBe(11);
    const found = past.try(EXIT, BOUNDS);
    expect(found?.judge).toMatchObject({ mismatches: 0, compared: 13 });
    expect(outcomeOf(found!.judge)).toEqual({ next: Number.POSITIVE_INFINITY, mismatches: 0 });
  });

  it("fails if the mismatch stays", () => {
    const { past } = follow(exitLog(10));
    expect(past.try({ ...EXIT, before: 1 }, BOUNDS)).toBeNull();
    expect(past.try({ ...EXIT, thread: 2 }, BOUNDS)).toBeNull();
  });

  it("fails if the event still mismatches, however well it goes on", () => {
    const lines = program(20);
    const wrong = lines.findIndex((line, i) => i >= 10 && line.includes("malloc"));
    lines[wrong] = lines[wrong]!.replace(/0x\w+/, "0x555555700008");
    const { past } = follow(lines);
    // Nothing depends on thread 5.
    const exit: Exit = { kind: "exit", thread: 5, before: 3 };
    const bounds = { mismatch: wrong, mustHold: 0, best: { next: 0, mismatches: 99 } };
    expect(past.try(exit, { ...bounds, allowed: 0 })).toBeNull();
    expect(past.try(exit, { ...bounds, allowed: 1 })?.judge.mismatches).toBe(1);
  });

  it("fails unless as many of the next pointers match as must", () => {
    const lines = exitLog(10);
    // The tenth call of thread 3 returns something impossible.
    lines[11] = "3 malloc(200) = 0x7ffff0000008";
    const { past } = follow(lines);
    const best = { next: 12, mismatches: 2 };
    expect(past.try(EXIT, { ...BOUNDS, best, mustHold: 8 })?.judge.mismatches).toBe(1);
    expect(past.try(EXIT, { ...BOUNDS, best, mustHold: 9 })).toBeNull();
  });

  it("fails unless it is better than the best so far", () => {
    const { past } = follow(exitLog(10));
    const best = (next: number, mismatches: number) =>
      past.try(EXIT, { ...BOUNDS, best: { next, mismatches } });
    expect(best(Number.POSITIVE_INFINITY, 0)).toBeNull();
    expect(best(5, 0)).not.toBeNull();
  });

  it("leaves the past as it was", () => {
    const { past, guided, batches } = follow(takingTurns(), EVENTS_PER_BATCH, ONE_ARENA);
    const [{ work }] = batches as [(typeof batches)[0]];
    const pointers = pointersOf(work);
    const order: Order = { kind: "order", batch: past.batches[0]!, from: 3, lines: [1, 0] };
    const found = past.try(order, { ...BOUNDS, mismatch: 4 });
    expect(guided.judge.mismatches).toBe(2);
    expect(found?.judge.mismatches).toBe(0);
    expect(pointersOf(work)).toEqual(pointers);
    expect(past.insertions).toEqual([]);
  });
});

const ONE_ARENA = { MALLOC_ARENA_MAX: "1" };

/** Two threads take from the top of the main arena in turn; a hook without a lock swapped lines 3 and 4. */
function takingTurns(): string[] {
  const p = new LoggedProgram("2.36", ONE_ARENA);
  p.malloc(100);
  const other = p.thread();
  for (const thread of [other, p.main, other, p.main, other]) {
    thread.malloc(200 + 16 * p.lines.length);
  }
  p.moveLine(4, 3);
  return p.lines;
}

describe("an accepted explanation", () => {
  it("reorders the lines of this past alone", () => {
    const { past, batches } = follow(takingTurns(), EVENTS_PER_BATCH, ONE_ARENA);
    const [{ work }] = batches as [(typeof batches)[0]];
    const [a, b, c, d, e, f] = pointersOf(work);
    const [batch] = past.batches;
    past.accept({ kind: "order", batch: batch!, from: 3, lines: [1, 0] });
    expect(batch?.isOwn).toBe(true);
    expect(pointersOf(batch!.work)).toEqual([a, b, c, e, d, f]);
    expect(pointersOf(work)).toEqual([a, b, c, d, e, f]);
    const own = batch!.work;
    past.accept({ kind: "order", batch: batch!, from: 0, lines: [1, 0] });
    expect(batch!.work).toBe(own);
    expect(pointersOf(own)).toEqual([b, a, c, e, d, f]);
  });

  it("inserts an exit in its place", () => {
    const { past } = follow(exitLog(10));
    past.accept({ ...EXIT, before: 7 });
    past.accept(EXIT);
    expect(past.insertions.map(({ before }) => before)).toEqual([2, 7]);
    expect(past.replayTo(5).judge.mismatches).toBe(0);
  });

  it("holds for later replays, also if it changes what precedes a kept state", () => {
    const lines = exitLog(5000);
    const { past } = follow(lines);
    expect(past.replayTo(4900).judge.mismatches).toBe(4898);
    past.accept(EXIT);
    expect(past.replayTo(4900).judge.mismatches).toBe(0);
  });
});

describe("a copy for a sibling version", () => {
  it("does not affect the original", () => {
    const { past } = follow(takingTurns(), EVENTS_PER_BATCH, ONE_ARENA);
    const accept = (one: RecentPast, lines: readonly number[]) =>
      one.accept({ kind: "order", batch: one.batches[0]!, from: 3, lines });
    accept(past, [1, 0]);
    const copy = past.cloneAs(profileOf("2.39")!);
    const pointers = pointersOf(past.batches[0]!.work);
    accept(copy, [1, 0]);
    copy.addSbrk({ kind: "sbrk", before: 2, bytes: 4096, trims: 0 });
    expect(pointersOf(past.batches[0]!.work)).toEqual(pointers);
    expect(past.insertions).toEqual([]);
    copy.forget();
    expect([past.isKept, past.batches.length]).toEqual([true, 1]);
  });

  it("follows its rules", () => {
    const { past } = follow(program(20));
    const copy = past.cloneAs(profileOf("2.39")!);
    const names = [past, copy].map((one) => one.replayTo(10).model.profile.name);
    expect(names).toEqual(["2.36", "2.39"]);
    expect(stateOf(copy.replayTo(10))).toEqual(stateOf(past.replayTo(10)));
    expect([copy.start, copy.end]).toEqual([0, 20]);
    expect(copy.cost).toBe(past.cost);
  });
});

describe("replays that are no longer used", () => {
  it("give their memory to later copies", () => {
    const { past, guided } = follow(program(20));
    const unused = guided.clone();
    const { words } = unused.model.chunks;
    past.recycle(unused);
    expect(past.copyOf(guided).model.chunks.words).toBe(words);
    expect(past.copyOf(guided).model.chunks.words).not.toBe(words);
  });
});
