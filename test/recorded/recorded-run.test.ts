import { describe, expect, it } from "vitest";
import { PLANE_POLICY } from "../../src/ptmalloc/resident.ts";
import { candidatesFor } from "../../src/recorded/candidates.ts";
import { Detection } from "../../src/recorded/detection.ts";
import { RecordedRun } from "../../src/recorded/recorded-run.ts";
import type { Insertion } from "../../src/replay/insertions.ts";
import { type LastExits, NO_EXITS } from "../../src/replay/last-exits.ts";
import { KeptWork } from "../../src/replay/peak/kept-works.ts";
import { copyWork, type Work } from "../../src/replay/work.ts";
import { completed } from "../../src/trace/in-steps.ts";
import { compareCopy } from "../support/compare-copy.ts";
import { BREAK, LoggedProgram } from "../support/model-log.ts";
import { guidedReplay, originOf, prepare, WHOLE_POINTERS } from "../support/prepared-log.ts";
import { REPLAY_COPIES } from "../support/replay-copies.ts";

const ONE_ARENA = { MALLOC_ARENA_MAX: "1" };

function newRun(glibc = "2.36", settings: Record<string, string> = {}): RecordedRun {
  return new RecordedRun(guidedReplay(originOf(glibc, settings)));
}

/** Replays a log batch by batch; explains its mismatches unless `infers` is false. */
function replay(
  run: RecordedRun,
  lines: readonly string[],
  { eventsPerBatch = 8192, infers = true, logsExits = false } = {},
): void {
  for (const { work, next, logged } of prepare(lines, eventsPerBatch).batches) {
    run.replay(work, next, logged, new KeptWork(copyWork(work)), infers);
    if (infers) {
      completed(run.infer(logsExits));
    }
  }
}

/** Thread 2 ends, without a line in the log, and thread 3 is given its arena. */
function exitLog(): string[] {
  const p = new LoggedProgram("2.36");
  p.malloc(100);
  const ending = p.thread();
  ending.malloc(100);
  ending.exit(false);
  const next = p.thread();
  for (let i = 0; i < 20; i++) {
    next.malloc(200);
  }
  return p.lines;
}

/** Two threads take from the top of the main arena in turn; lines 3 and 4 are in the wrong order. */
function swapLog(): string[] {
  const p = new LoggedProgram("2.36", ONE_ARENA);
  const other = p.thread();
  for (let i = 0; i < 12; i++) {
    (i % 2 === 0 ? p.main : other).malloc(200 + 16 * i);
  }
  p.moveLine(4, 3);
  return p.lines;
}

/** The program calls sbrk before its third block. */
function sbrkLog(): string[] {
  const p = new LoggedProgram("2.36");
  p.malloc(50_000);
  p.malloc(50_000);
  p.process.sbrk(65_536);
  for (let i = 0; i < 10; i++) {
    p.malloc(50_000);
  }
  return p.lines;
}

describe("an inferred exit", () => {
  it("makes the pointers match, and counts as one mismatch", () => {
    const run = newRun();
    replay(run, exitLog());
    expect(run.state).toMatchObject({ inferredExits: 1, inferredSwaps: 0, failures: 0 });
    expect(run.judge.mismatches).toBe(0);
    expect(run.matched).toBe(run.judge.compared - 1);
  });

  it("keeps the first mismatch that it explains", () => {
    const run = newRun();
    replay(run, exitLog());
    expect(run.state.firstDivergence?.line).toBe(3);
    expect(run.judge.state.firstDivergence).toBeNull();
  });

  it("goes to the what-ifs with its batch", () => {
    const run = newRun();
    replay(run, exitLog());
    expect(run.inferred).toEqual([{ kind: "exit", thread: 1, before: 2 }]);
    const [next] = prepare(["1 free(0x0)"]).batches;
    run.replay(next!.work, null, [], new KeptWork(next!.work), false);
    expect(run.inferred).toEqual([]);
  });

  it("is not searched for in a log with thread_exit lines", () => {
    const run = newRun();
    replay(run, exitLog(), { logsExits: true });
    expect(run.state.inferredExits).toBe(0);
    expect(run.judge.mismatches).toBeGreaterThan(0);
  });
});

describe("a postponed exit", () => {
  /** Thread 2 writes its exit four lines before it empties its cache, from which the main thread is then served. */
  function log(): string[] {
    const p = new LoggedProgram("2.36", ONE_ARENA);
    p.malloc(100);
    const ending = p.thread();
    for (const name of ["a", "b", "c"]) {
      ending.malloc(100, name);
    }
    p.malloc(100);
    for (const name of ["a", "b", "c"]) {
      ending.free(name);
    }
    const from = p.lines.length;
    for (let i = 0; i < 4; i++) {
      p.malloc(100);
    }
    ending.exit();
    for (let i = 0; i < 8; i++) {
      p.malloc(100);
    }
    p.moveLine(from + 4, from);
    return p.lines;
  }

  it("makes the pointers match, counts as one mismatch, and goes to the what-ifs", () => {
    const run = newRun("2.36", ONE_ARENA);
    replay(run, log(), { logsExits: true });
    expect(run.state).toMatchObject({ inferredSwaps: 1, inferredExits: 0, failures: 0 });
    expect([run.judge.mismatches, run.matched]).toEqual([0, run.judge.compared - 1]);
    expect(run.inferred).toEqual([{ kind: "exit", thread: 1, before: 13 }]);
  });
});

describe("an inferred order", () => {
  it("makes the pointers match, and counts as one mismatch", () => {
    const run = newRun("2.36", ONE_ARENA);
    replay(run, swapLog());
    expect(run.state).toMatchObject({ inferredSwaps: 1, inferredExits: 0 });
    expect(run.judge.mismatches).toBe(0);
    expect(run.matched).toBe(run.judge.compared - 1);
  });

  it("is that of the work for the what-ifs; the log's own work stays as it is", () => {
    const run = newRun("2.36", ONE_ARENA);
    const { work, next, logged } = prepare(swapLog()).batches[0]!;
    run.replay(work, next, logged, new KeptWork(copyWork(work)), true);
    completed(run.infer(false));
    const pointersOf = ({ batch }: Work) => [...batch.pointerOut.subarray(2, 6)];
    const [a, b, c, d] = pointersOf(work);
    expect(pointersOf(run.inOrder(work))).toEqual([a, c, b, d]);
  });

  it("leaves the work itself where nothing was put in order", () => {
    const run = newRun();
    const { work, next, logged } = prepare(exitLog()).batches[0]!;
    run.replay(work, next, logged, new KeptWork(copyWork(work)), true);
    completed(run.infer(false));
    expect(run.inOrder(work)).toBe(work);
  });
});

describe("an inferred move of the break", () => {
  it("makes the pointers match, counts as one mismatch, and goes to the what-ifs", () => {
    const run = newRun();
    // Needs no past: the replay before the call shows it.
    replay(run, sbrkLog(), { infers: false });
    expect(run.foreignSbrk.state).toMatchObject({ moves: 1, bytes: 65_536 });
    expect([run.judge.mismatches, run.matched]).toEqual([0, 11]);
    expect(run.inferred).toEqual([{ kind: "sbrk", before: 2, bytes: 65_536, trims: 0 }]);
    expect(run.state.firstDivergence?.line).toBe(3);
  });
});

describe("the inferences of a batch", () => {
  it("leave out arenas that an earlier batch showed, which an accepted trial replays again", () => {
    const run = newRun();
    run.state.first = 100;
    const late = (before: number) => ({ kind: "lateExits", before, thread: 3, late: [2] }) as const;
    run.guided.witness.found.push(late(99), late(100));
    expect(run.inferred).toEqual([late(100)]);
  });
});

describe("the search for explanations", () => {
  /** A log of two threads with a pointer that nothing explains in every tenth line. */
  function corrupt(calls: number): string[] {
    const p = new LoggedProgram("2.36", ONE_ARENA);
    const other = p.thread();
    for (let i = 0; i < calls; i++) {
      (i % 2 === 0 ? p.main : other).malloc(200);
    }
    return p.lines.map((line, i) =>
      i % 10 === 9 ? line.replace(/0x.*/, `0x${(BREAK + 0x800008 + i * 4096).toString(16)}`) : line,
    );
  }

  it("pauses after eight failures, and one more per 4096 events", () => {
    const run = newRun("2.36", ONE_ARENA);
    replay(run, corrupt(70));
    expect(run.state.failures).toBe(7);
    replay(run, corrupt(20));
    expect(run.state.failures).toBe(8);
    run.state.event = 2 * 4096;
    replay(run, corrupt(70));
    expect(run.state.failures).toBe(10);
  });

  it("regains a failure with each explanation", () => {
    const run = newRun();
    run.state.failures = 3;
    replay(run, exitLog());
    expect(run.state).toMatchObject({ inferredExits: 1, failures: 2 });
  });

  it("finds nothing without a copy of the batch", () => {
    const run = newRun();
    replay(run, exitLog(), { infers: false });
    completed(run.infer(false));
    expect(run.state).toMatchObject({ inferredExits: 0, failures: 0 });
    expect(run.judge.mismatches).toBe(20);
  });
});

describe("the figures of a run", () => {
  it("count the pointers that match only because of an inference as mismatches", () => {
    const run = new RecordedRun(guidedReplay(originOf("2.36")), 2);
    Object.assign(run.judge.state, { compared: 120, matched: 100 });
    Object.assign(run.state, { inferredExits: 3, inferredSwaps: 5 });
    run.foreignSbrk.state.moves = 7;
    Object.assign(run.guided.witness.state, { explained: 11, arenasMatched: 13 });
    expect(run.explainedBySettings).toBe(13);
    expect(run.arenaChoices).toBe(13);
    expect(run.matched).toBe(100 - 3 - 5 - 7 - 13 - 13);
  });

  it("never have fewer than zero matched pointers", () => {
    const run = newRun();
    run.state.inferredExits = 3;
    expect(run.matched).toBe(0);
  });

  it("have the CPUs that are given, or that the arena limit shows", () => {
    const cpusOf = (cpus: number | null, arenaLimit: number, arenaMax = 0) => {
      const run = new RecordedRun(guidedReplay(originOf("2.36", {}, cpus)));
      run.guided.model.arenaLimit = arenaLimit;
      run.guided.model.par.arenaMax = arenaMax;
      return run.cpus;
    };
    expect(cpusOf(2, 0)).toBe(2);
    expect(cpusOf(null, 0)).toBeNull();
    // 8 arenas per CPU; 9 where the first test of the limit comes too late (trap T20).
    expect([cpusOf(null, 32), cpusOf(null, 9)]).toEqual([4, 1]);
    expect(cpusOf(null, 32, 32)).toBeNull();
  });

  it("are the number of arenas in 2.44; of 8 arenas or fewer they are unknown, but no more than that", () => {
    const cpusOf = (cpus: number | null, arenaLimit: number) => {
      const run = new RecordedRun(guidedReplay(originOf("2.44", {}, cpus)));
      run.guided.model.arenaLimit = arenaLimit;
      return [run.cpus, run.mostCpus];
    };
    expect(cpusOf(2, 8)).toEqual([2, 2]);
    expect(cpusOf(null, 0)).toEqual([null, null]);
    expect(cpusOf(null, 8)).toEqual([null, 8]);
    expect(cpusOf(null, 12)).toEqual([12, 12]);
  });

  it("have the bytes allocated outside the log", () => {
    const run = newRun();
    const facts = { ...WHOLE_POINTERS, heapStart: BREAK };
    run.guided = guidedReplay(originOf("2.36"), facts);
    replay(run, [`1 malloc(100) = 0x${(BREAK + 0x10010).toString(16)}`], { infers: false });
    expect(run.unloggedBytes).toBe(0x10000);
  });
});

describe("the end of the log", () => {
  const exits = (sure: boolean): LastExits => ({
    ended: [{ thread: 1, last: 1, frees: 2, sure }],
    open: [],
  });
  const lines = exitLog().slice(0, 2);

  it("ends the threads whose last calls are those of an exit", () => {
    const run = newRun();
    replay(run, lines);
    run.finish([], exits(true));
    expect(run.state.lastExits).toBe(1);
    expect(run.guided.model.threads.all().map(({ index }) => index)).toEqual([0]);
    expect(run.otherwise).toBeNull();
  });

  it("has a second run under the opposite assumption if that is uncertain", () => {
    const run = newRun();
    replay(run, lines);
    run.finish([], exits(false));
    expect(run.guided.model.threads.all()).toHaveLength(1);
    expect(run.otherwise?.model.threads.all()).toHaveLength(2);
  });

  it("applies the log's last insertions first", () => {
    const run = newRun();
    replay(run, lines);
    const probe: Insertion = { kind: "probe", before: 2 };
    run.finish([probe], exits(false));
    const [taken] = run.guided.replay.rss.probes;
    const { pages } = run.otherwise!.model.resident;
    expect([...taken!]).toEqual([...pages]);
  });
});

describe("a run that is split off", () => {
  /** A foreign sbrk, an exit, and then calls that siblings may treat differently, but do not. */
  function lines(): string[] {
    const p = new LoggedProgram("2.39");
    p.malloc(200_000, "mapped");
    p.malloc(50_000);
    p.malloc(50_000);
    p.process.sbrk(65_536);
    p.malloc(50_000);
    // The 64 calls after the one that shows the sbrk must match.
    for (let i = 0; i < 64; i++) {
      p.malloc(100 + 16 * i);
    }
    const ending = p.thread();
    for (let i = 0; i < 3; i++) {
      ending.malloc(100);
      p.malloc(100);
    }
    ending.exit(false);
    const other = p.thread();
    for (let i = 0; i < 10; i++) {
      other.malloc(200 + 16 * i);
    }
    p.main.realloc("mapped", 199_990);
    p.main.memalign(16, 3000);
    for (let i = 0; i < 10; i++) {
      p.malloc(300 + 16 * i);
      other.malloc(200);
    }
    return p.lines;
  }

  /** The run of each version after the log; `versions` share one at its beginning. */
  function runsOf(versions: readonly string[], eventsPerBatch: number): Map<string, RecordedRun> {
    const origins = versions.map((glibc) => originOf(glibc));
    const detection = new Detection(candidatesFor(origins, WHOLE_POINTERS));
    for (const { work, next, logged } of prepare(lines(), eventsPerBatch).batches) {
      for (const { recorded } of detection.runs) {
        recorded.replay(work, next, logged, new KeptWork(copyWork(work)), true);
      }
      detection.adoptSplits();
      for (const { recorded } of detection.runs) {
        completed(recorded.infer(false));
      }
      detection.adoptSplits();
    }
    return new Map(detection.alive.map(({ origin, recorded }) => [origin.glibc, recorded]));
  }

  it.each([8192, 20, 5])(
    "equals one that was replayed alone, in batches of %d events",
    (events) => {
      const shared = runsOf(["2.36", "2.37-tag", "2.38-tag", "2.39"], events);
      expect(new Set(shared.values()).size).toBe(4);
      for (const [glibc, run] of shared) {
        const alone = runsOf([glibc], events).get(glibc)!;
        // Both have inferred something before the split.
        expect([alone.state.inferredExits, alone.foreignSbrk.state.moves]).toEqual([1, 1]);
        expect(compareCopy(alone, run, RULES)).toEqual([]);
        run.finish([], NO_EXITS);
        const { peak } = run.guided.replay.rss.pages[0]!;
        const then = run.peak.atPeak(run.guided, PLANE_POLICY)!;
        expect([then.model.profile.name, then.model.resident.pages[0]]).toEqual([glibc, peak]);
      }
    },
  );
});

const RULES = {
  shared: REPLAY_COPIES.shared,
  skipped: new Set([
    ...REPLAY_COPIES.skipped,
    // How far the search went, and the memory that it recycles: not the state of the run.
    "RecordedRun.#past",
    // Shares what came before the split: recorded-peak.test.ts.
    "RecordedRun.peak",
  ]),
};
