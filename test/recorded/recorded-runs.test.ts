import { afterEach, describe, expect, it, vi } from "vitest";
import { PLANE_POLICY } from "../../src/ptmalloc/resident.ts";
import { type InferenceSink, MAX_WAITING } from "../../src/recorded/inference-feed.ts";
import type { RecordedOptions } from "../../src/recorded/processes.ts";
import { RecordedRun } from "../../src/recorded/recorded-run.ts";
import { RecordedRuns } from "../../src/recorded/recorded-runs.ts";
import type { Inferences } from "../../src/replay/inferences.ts";
import { NO_EXITS } from "../../src/replay/last-exits.ts";
import type { Work } from "../../src/replay/work.ts";
import { completed } from "../../src/trace/in-steps.ts";
import { LogFacts } from "../../src/trace/stated/log-facts.ts";
import { analyse, scenario } from "../support/corpus.ts";
import { BREAK, LoggedProgram } from "../support/model-log.ts";
import { prepare } from "../support/prepared-log.ts";

const OPTIONS: RecordedOptions = { recordedWith: {}, glibc: "2.36", cpus: 2, thp: null };
/** settings unknown, so that they may be inferred */
const UNKNOWN = { ...OPTIONS, recordedWith: null, cpus: null };

/** What the what-ifs receive. */
class Received implements InferenceSink {
  readonly starts: { glibc: string; settings: Readonly<Record<string, string>>; at: number }[] = [];
  readonly inferences: Inferences[] = [];
  readonly pointers: number[][] = [];

  accepts(): boolean {
    return true;
  }

  start({ glibc, settings }: { glibc: string; settings: Readonly<Record<string, string>> }): void {
    this.starts.push({ glibc, settings, at: this.inferences.length });
  }

  take({ batch }: Work, inferences: Inferences): void {
    this.inferences.push(inferences);
    this.pointers.push([...batch.pointerOut.subarray(0, batch.length)]);
  }
}

interface Log {
  readonly lines: readonly string[];
  readonly eventsPerBatch?: number;
  readonly threads?: number;
}

function replayed(options: RecordedOptions, { lines, eventsPerBatch, threads = 1 }: Log) {
  const received = new Received();
  const runs = new RecordedRuns(options, new LogFacts(), received);
  const { batches, lastCalls } = prepare(lines, eventsPerBatch);
  const logsExits = lastCalls === null;
  for (const batch of batches) {
    completed(
      runs.replay(batch, {
        threads,
        swappedLines: 0,
        seesWholePointers: true,
        logsExits,
        isMeasured: false,
        moments: [],
      }),
    );
  }
  return { runs, lastCalls, ...received };
}

function allocations(count: number): LoggedProgram {
  const p = new LoggedProgram("2.36");
  for (let i = 0; i < count; i++) {
    p.malloc(100 + 16 * (i % 9));
  }
  return p;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the what-ifs", () => {
  it("start with the recorded process, and receive each batch once", () => {
    const { lines } = allocations(25);
    const { starts, inferences } = replayed(OPTIONS, { lines, eventsPerBatch: 10 });
    expect(starts).toEqual([{ glibc: "2.36", settings: {}, at: 0 }]);
    expect(inferences.map(({ first }) => first)).toEqual([0, 10, 20]);
    expect(inferences[0]).toEqual({
      first: 0,
      insertions: [],
      unloggedBytes: 0,
      isMeasured: false,
      cpus: 2,
      settings: [],
      retractsThreshold: false,
      breakStart: (BREAK % 2 ** 32) / 16,
      glibc: null,
    });
  });

  it("receive the writes that the log states, and not its RSS samples", () => {
    const p = new LoggedProgram("2.36");
    p.comment("holes min=4096");
    p.malloc(10_000, "block");
    p.comment("rss 4096");
    p.malloc(100);
    p.free("block");
    const { inferences } = replayed(OPTIONS, { lines: p.lines });
    const kinds = inferences[0]?.insertions.map(({ kind }) => kind);
    expect(kinds).toEqual(["writes"]);
  });

  it("receive a setting once it is shown, and when its likeliest value changes", () => {
    const p = new LoggedProgram("2.36", { MALLOC_MMAP_THRESHOLD_: "1048576" });
    p.malloc(100);
    // On top, though the default threshold maps it.
    p.malloc(200_000);
    for (let i = 0; i < 20; i++) {
      p.malloc(100);
    }
    // The threshold is higher still.
    p.malloc(400_000);
    const { inferences } = replayed(UNKNOWN, { lines: p.lines, eventsPerBatch: 8 });
    const name = "MALLOC_MMAP_THRESHOLD_";
    expect(inferences.map(({ settings }) => settings)).toEqual([
      [{ name, value: 262_144 }],
      [],
      [{ name, value: 524_288 }],
    ]);
  });

  const AUTO = { ...OPTIONS, glibc: "auto" };

  /** A log of 2.31 whose versions up to 2.41 tie until a second thread allocates, after so many events. */
  function openFor(events: number): readonly string[] {
    const p = new LoggedProgram("2.31");
    for (let i = 0; i < events; i++) {
      p.malloc(100);
    }
    // An arena's first block lies 16 bytes higher since 2.35.
    const other = p.thread();
    for (let i = 0; i < 20; i++) {
      other.malloc(100);
    }
    return p.lines;
  }

  it("wait for the version, and receive each batch once", () => {
    const { starts, inferences } = replayed(AUTO, { lines: openFor(30), eventsPerBatch: 10 });
    expect(starts).toEqual([{ glibc: "2.31", settings: {}, at: 0 }]);
    expect(inferences.map(({ first, glibc }) => [first, glibc])).toEqual([
      [0, null],
      [10, null],
      [20, null],
      [30, null],
      [40, null],
    ]);
  });

  it("start with the newest of the versions that match once too many batches wait, and follow another one later", () => {
    const lines = openFor(10 * MAX_WAITING + 10);
    const { starts, inferences } = replayed(AUTO, { lines, eventsPerBatch: 10 });
    expect(starts).toEqual([{ glibc: "2.41", settings: {}, at: 0 }]);
    const followed = inferences.map(({ glibc }) => glibc);
    expect(followed.slice(0, MAX_WAITING + 1).every((glibc) => glibc === null)).toBe(true);
    expect(followed.slice(MAX_WAITING + 1)).toEqual(["2.31", null]);
  });

  it("start at the end of a log that does not tell the versions apart", () => {
    const { lines } = allocations(25);
    const { runs, starts, inferences } = replayed(AUTO, { lines, eventsPerBatch: 10 });
    expect(starts).toEqual([]);
    runs.finish([], null);
    expect(starts).toEqual([{ glibc: "2.41", settings: {}, at: 0 }]);
    expect(inferences.map(({ first }) => first)).toEqual([0, 10, 20]);
  });

  it("receive what the version's own run found, once the search for explanations makes it the best", () => {
    // All versions from 2.30 to 2.41 match the log. The search leaves those from 2.35 on behind.
    vi.spyOn(RecordedRun.prototype, "infer").mockImplementation(function* infer(this: RecordedRun) {
      yield;
      if (this.guided.model.profile.heapInfoBytes === 48 && this.state.event === 20) {
        this.state.inferredExits = 5;
      }
    });
    const { lines } = allocations(30);
    lines[12] = "1 malloc(100) = 0x555555600008";
    const { starts, inferences } = replayed(AUTO, { lines, eventsPerBatch: 10 });
    expect(starts).toEqual([{ glibc: "2.31", settings: {}, at: 0 }]);
    expect(inferences.map(({ first }) => first)).toEqual([0, 10, 20]);
  });
});

describe("inferred exits and orders", () => {
  /** Thread 2 ends without a line, and a batch later thread 3 is given its arena. */
  function exitLog(): string[] {
    const p = new LoggedProgram("2.36");
    p.malloc(100);
    const ending = p.thread();
    for (let i = 0; i < 3; i++) {
      ending.malloc(100);
      p.malloc(100);
    }
    ending.exit(false);
    p.malloc(100);
    const next = p.thread();
    for (let i = 0; i < 20; i++) {
      next.malloc(200);
    }
    return p.lines;
  }

  it("go to the what-ifs at the beginning of the batch that showed them, if they lie before it", () => {
    const log = { lines: exitLog(), eventsPerBatch: 8, threads: 3 };
    const { inferences } = replayed(OPTIONS, log);
    const insertions = inferences.flatMap(({ first, insertions }) =>
      insertions.map((one) => [first, one]),
    );
    // Thread 2 called last at event 5.
    expect(insertions).toEqual([[8, { kind: "exit", thread: 1, before: 8 }]]);
  });

  it("are not searched for in a log of one thread", () => {
    const log = { lines: exitLog(), eventsPerBatch: 8, threads: 1 };
    const { runs, inferences } = replayed(OPTIONS, log);
    expect(inferences.flatMap(({ insertions }) => insertions)).toEqual([]);
    expect(runs.detection?.best.recorded.judge.mismatches).toBeGreaterThan(0);
  });

  it("give the what-ifs the lines in the inferred order", () => {
    const p = new LoggedProgram("2.36", { MALLOC_ARENA_MAX: "1" });
    const other = p.thread();
    for (let i = 0; i < 12; i++) {
      (i % 2 === 0 ? p.main : other).malloc(200 + 16 * i);
    }
    const inOrder = prepare(p.lines).batches[0]!.work.batch.pointerOut.slice(0, 12);
    p.moveLine(4, 3);
    const options = { ...OPTIONS, recordedWith: { MALLOC_ARENA_MAX: "1" } };
    const { pointers } = replayed(options, { lines: p.lines, threads: 2 });
    expect(pointers).toEqual([[...inOrder]]);
  });
});

describe("settings that matter from the log's beginning on", () => {
  it("start the what-ifs anew, with all batches so far", () => {
    const name = "glibc.malloc.tcache_count";
    const p = new LoggedProgram("2.36", { [name]: "3" });
    for (let round = 0; p.lines.length < 320; round++) {
      const names = Array.from({ length: 6 }, (_, i) => `${round}/${i}`);
      for (const block of names) {
        p.malloc(24 + 16 * (round % 4), block);
      }
      p.free(...names.filter((_, i) => i % 2 === 0), ...names.filter((_, i) => i % 2 === 1));
    }
    const { starts, inferences, runs } = replayed(UNKNOWN, { lines: p.lines, eventsPerBatch: 80 });
    const [first, second] = starts;
    expect([first?.settings, second?.settings, starts.length]).toEqual([{}, { [name]: "3" }, 2]);
    const sent = inferences.map((one) => one.first);
    expect(sent.slice(second!.at)).toEqual(
      [0, 80, 160, 240, 320].slice(0, sent.length - second!.at),
    );
    // The batch that showed the setting was not sent before.
    expect(sent.slice(0, second!.at)).toEqual(sent.slice(second!.at).slice(0, second!.at));
    expect(runs.detection?.best.origin.shown.map((one) => one.name)).toEqual([name]);
    expect(runs.current?.judge.mismatches).toBe(0);
  });
});

describe("the end of the log", () => {
  const LAST_FREES = ["2 free(0x0)", "2 free(0x0)"];

  function endOf(lines: readonly string[]) {
    const { runs, lastCalls } = replayed(OPTIONS, { lines, threads: 2 });
    return runs.finish([], lastCalls);
  }

  function twoThreads(): string[] {
    const p = new LoggedProgram("2.36");
    p.malloc(100);
    p.thread().malloc(100);
    return p.lines;
  }

  it("ends the threads whose last calls are those of an exit", () => {
    const { ended, open } = endOf([...twoThreads(), ...LAST_FREES]);
    expect([ended.map(({ thread }) => thread), open]).toEqual([[1], []]);
  });

  it("ends none if the log has thread_exit lines", () => {
    expect(endOf([...twoThreads(), ...LAST_FREES, "2 thread_exit()"])).toBe(NO_EXITS);
  });

  it("ends none without an event", () => {
    const runs = new RecordedRuns(OPTIONS, new LogFacts(), new Received());
    expect(runs.finish([], null)).toBe(NO_EXITS);
    expect([runs.detection, runs.current]).toEqual([null, null]);
  });
});

it("the state at the peak takes the memory of a run of another version", () => {
  const { runs } = replayed({ ...OPTIONS, glibc: "auto" }, allocations(300));
  const { best, runs: all } = runs.detection!;
  const others = all.filter((one) => one.recorded !== best.recorded);
  const memory = others.map(({ recorded }) => recorded.guided.model.core.instance);
  runs.finish([], null);
  const { guided, peak } = best.recorded;
  const found = peak.atPeak(guided, PLANE_POLICY)!;
  expect(found.model.resident.pages).toEqual(guided.model.resident.pages);
  expect(memory).toContain(found.model.core.instance);
});

describe("2.44 and 2.43 (§10.5)", () => {
  const detected = (lines: readonly string[], ...whatIfs: Record<string, string>[]) =>
    analyse(Buffer.from(`${lines.join("\n")}\n`), {
      model: true,
      whatIfs: whatIfs.map((settings, i) => scenario(`${i}`, settings, false)),
      recordedWith: null,
      glibc: "auto",
      cpus: null,
      hostCpus: 64,
      touch: "all",
      thp: null,
    });

  it("are both named while nothing tells them apart", () => {
    const p = new LoggedProgram("2.44");
    // The struct that the first small free allocates rules out the versions before.
    p.malloc(24, "a");
    p.free("a");
    p.malloc(2000);
    const { model } = detected(p.lines);
    expect(model?.glibcRange).toEqual(["2.43", "2.44"]);
    expect(model?.fidelity.ratio).toBe(1);
  });

  it.each(["2.43", "2.44"])("are told apart by an exact fit: %s", (glibc) => {
    const p = new LoggedProgram(glibc);
    p.malloc(2000, "a");
    p.malloc(24);
    p.free("a");
    p.malloc(2000);
    // The struct that a small free allocates rules out the versions before.
    p.malloc(24, "b");
    p.free("b");
    p.malloc(2000);
    expect(detected(p.lines).model?.glibcRange).toEqual([glibc]);
  });

  it("are told apart by the limit of 8 arenas, which is no setting and holds in what-ifs, too", () => {
    const p = new LoggedProgram("2.44");
    p.malloc(24);
    for (let n = 0; n < 20; n++) {
      p.thread().malloc(100);
    }
    const { model, scenarios } = detected(p.lines, { MALLOC_TOP_PAD_: "0" });
    expect([model?.glibcRange, model?.settings]).toEqual([["2.44"], {}]);
    expect(model?.fidelity.ratio).toBe(1);
    expect(model?.cpusSource).toBe("default");
    expect(scenarios.map(({ arenaCount }) => arenaCount)).toEqual([8, 8]);
  });
});

describe("a setting that later pointers refute", () => {
  it("is taken back, in the what-ifs, too", () => {
    const base = 0x55d0_0000_0000;
    const lines = ["# glibc 2.36", `# heap 0x${base.toString(16)}`];
    let top = base + 0x2a0;
    const malloc = (bytes: number, pointer: number) =>
      lines.push(`7 0.1 malloc(${bytes}) = 0x${pointer.toString(16)}`);
    const manySmall = () => {
      for (let i = 0; i < 40_000; i++, top += 0x20) {
        malloc(24, top);
      }
    };
    // So many that no MALLOC_TOP_PAD_ is searched for, which would explain the next one, too.
    manySmall();
    // On top, which shows a threshold; a batch later mapped, though smaller; then one that only the threshold put on top.
    malloc(200_000, top);
    top += 200_016;
    manySmall();
    malloc(150_000, 0x7f12_0000_0010);
    manySmall();
    malloc(140_000, 0x7f11_fff0_0010);
    const whatIfs = [scenario("as it is", { "glibc.malloc.tcache_count": "7" }, false)];
    const { model, scenarios } = analyse(Buffer.from(`${lines.join("\n")}\n`), {
      model: true,
      whatIfs,
      recordedWith: null,
      glibc: "2.36",
      cpus: null,
      hostCpus: 64,
      touch: "all",
      thp: null,
    });
    expect(model?.settings).toEqual({});
    expect(scenarios[0]?.mmapped.blocks).toBe(2);
    expect(scenarios[1]?.mmapped.blocks).toBe(2);
  });
});
