import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";
import { scenario, UNKNOWN_PROCESS } from "../support/corpus.ts";
import { LoggedProgram, type LoggedThread } from "../support/model-log.ts";
import { SmallerBatches } from "../support/smaller-batches.ts";
import { UnsharedRunner } from "../support/unshared-runner.ts";

const LIMIT = 3;
const NEWER: ScenarioSpec = { ...scenario("newer", {}, false), glibc: "2.39" };
const TRIMMING: ScenarioSpec = { ...scenario("trimming", {}, false), trim: { everySeconds: 60 } };
const LIMITED = scenario("limited", { MALLOC_ARENA_MAX: `${LIMIT}` }, false);
const SPECS: readonly ScenarioSpec[] = [
  LIMITED,
  scenario("trimmed at the end", { MALLOC_ARENA_MAX: `${LIMIT}` }, true),
  scenario("one", { MALLOC_ARENA_MAX: "1" }, false),
  TRIMMING,
  { ...TRIMMING, name: "more often", trim: { everySeconds: 7.5 } },
  { ...LIMITED, name: "limited and trimming", trim: { everySeconds: 60 } },
  scenario("limited and mapping", { ...LIMITED.settings, MALLOC_MMAP_THRESHOLD_: "65536" }, false),
  scenario("limited and staying", { ...LIMITED.settings, MALLOC_TRIM_THRESHOLD_: "131072" }, false),
  { ...LIMITED, name: "limited and newer", glibc: "2.39" },
  { ...TRIMMING, name: "trimming and newer", glibc: "2.39" },
  scenario("mapping", { MALLOC_MMAP_THRESHOLD_: "65536" }, false),
  scenario("staying", { MALLOC_TRIM_THRESHOLD_: "131072" }, false),
  NEWER,
];

const SMALL_BATCH = 8;

/** Replays a log in small batches. */
function replayed(log: string, specs: readonly ScenarioSpec[]) {
  const runner = new InlineRunner();
  const figures = figuresOf(log, specs, runner);
  return { replays: runner.whatIfs?.all.length, figures };
}

function figuresOf(
  log: string,
  specs: readonly ScenarioSpec[],
  runner: InlineRunner | UnsharedRunner,
) {
  const options = { ...UNKNOWN_PROCESS, glibc: "2.36", cpus: 2, whatIfs: specs };
  const analysis = new Analysis(options, runner);
  const sink = new SmallerBatches(analysis, SMALL_BATCH);
  new NativeScanner(sink, new Diagnostics()).scan(Buffer.from(log), log.length);
  sink.end();
  const { reading } = analysis.touchReading();
  const figures = runner.figures(reading, { specs, recorded: null, explains: true });
  // A version that has had no effect is not the model's yet; the report states that of the scenario.
  return figures.map((one, n) => one && { ...one, glibc: specs[n]!.glibc ?? one.glibc });
}

/** Gives each line the time of so many seconds after the one before. */
function timed(log: string, seconds: number): string {
  const lines = log.trimEnd().split("\n");
  return `${lines.map((line, n) => line.replace(" ", ` ${(100 + n * seconds).toFixed(6)} `)).join("\n")}\n`;
}

/** A program of as many threads, each of which allocates and frees. */
function ofThreads(count: number, calls = 100): LoggedProgram {
  const program = new LoggedProgram("2.36");
  const threads = [program.main];
  for (let n = 0; n < calls; n++) {
    if (n % 10 === 9 && threads.length < count) {
      threads.push(program.thread());
    }
    threads[n % threads.length]!.malloc(2000, `${n}`);
    if (n % 3 === 2) {
      program.main.free(`${n - 1}`);
    }
  }
  return program;
}

describe("a limit of arenas", () => {
  it.each([
    ["as many threads as arenas", LIMIT, 1],
    ["one more", LIMIT + 1, 2],
  ])("shares a replay until a thread needs one more arena: %s", (_, threads, replays) => {
    // What has no effect in the log shares the replay, too.
    const specs = [LIMITED, TRIMMING];
    expect(replayed(ofThreads(threads).text, specs).replays).toBe(replays);
  });

  it("matters at once where the program has set one", () => {
    const log = `1 mallopt(-8, 2) = 1\n${ofThreads(2).text}`;
    expect(replayed(log, [LIMITED, TRIMMING]).replays).toBe(2);
  });

  it("matters from the second thread on if it is higher than what glibc may allow without it", () => {
    const higher = scenario("higher", { MALLOC_ARENA_MAX: "9" }, false);
    expect(replayed(ofThreads(2).text, [higher, TRIMMING]).replays).toBe(2);
  });
});

describe("trims at intervals", () => {
  it.each([
    ["shorter than a period", 0.4, 1],
    ["longer", 1, 2],
  ])("share a replay until the first: a log that is %s", (_, seconds, replays) => {
    const log = timed(ofThreads(1).text, seconds);
    expect(replayed(log, [TRIMMING, LIMITED]).replays).toBe(replays);
  });

  it("never come in a log without times", () => {
    expect(replayed(ofThreads(1).text, [TRIMMING, LIMITED]).replays).toBe(1);
  });
});

describe("a sibling version", () => {
  const withCall = (call: (program: LoggedProgram) => void): string => {
    const program = ofThreads(2);
    call(program);
    return program.text;
  };

  it.each<[string, (program: LoggedProgram) => void, number]>([
    ["no call that it treats differently", () => {}, 1],
    ["a realloc within a heap", (program) => program.main.realloc("0", 100), 1],
    ["a memalign", (program) => program.main.memalign(64, 100, "a"), 2],
    [
      "a realloc of a mapped block",
      (program) => {
        program.malloc(200_000, "large");
        program.main.realloc("large", 199_000);
      },
      2,
    ],
    [
      "a realloc by a new thread, which may shrink the block",
      (program) => program.thread().realloc("0", 100),
      2,
    ],
    [
      "a realloc by a new thread whose free(NULL) allocates nothing",
      (program) => {
        const thread = program.thread();
        thread.freeNull();
        thread.realloc("0", 2000);
      },
      2,
    ],
    [
      "a realloc by a new thread that has called malloc",
      (program) => {
        const thread = program.thread();
        thread.malloc(100, "own");
        thread.realloc("0", 100);
      },
      1,
    ],
  ])("shares a replay until a memalign, or a realloc that may differ: %s", (_, call, replays) => {
    expect(replayed(withCall(call), [NEWER, TRIMMING]).replays).toBe(replays);
  });

  it("does not wait for more than a realloc that shrinks a block, if it leaves such blocks as they are", () => {
    const tag = { ...NEWER, glibc: "2.37-tag" };
    const shrinks = withCall((program) => program.main.realloc("0", 100));
    expect(replayed(shrinks, [tag, TRIMMING]).replays).toBe(2);
    const grows = ofThreads(2).text;
    expect(replayed(grows, [tag, TRIMMING]).replays).toBe(1);
  });

  it("has a replay of its own if it is no sibling", () => {
    const other = { ...NEWER, glibc: "2.41" };
    expect(replayed(ofThreads(1).text, [other, TRIMMING]).replays).toBe(2);
  });
});

type Call = "malloc" | "memalign" | "realloc" | "free" | "free null" | "start" | "exit";

/** From 64 bytes to more than 64 KiB; many are no power of two, which glibc rounds up. */
function alignmentOf(n: number): number {
  return n % 2 === 0 ? 64 : 64 * n + 1;
}

/** Makes the calls, each on the thread and the block that its numbers choose. */
function programOf(calls: readonly [Call, number, number][]): LoggedProgram {
  const program = new LoggedProgram("2.36");
  const threads: LoggedThread[] = [program.main];
  program.malloc(100, "first");
  for (const [n, [call, at, bytes]] of calls.entries()) {
    const thread = threads[at % threads.length]!;
    const names = [...program.pointers.keys()];
    const name = names[(at * 7) % names.length];
    if (call === "start") {
      threads.push(program.thread());
    } else if (call === "exit" && thread !== program.main) {
      thread.exit();
      threads.splice(threads.indexOf(thread), 1);
    } else if (call === "memalign") {
      thread.memalign(alignmentOf(at), bytes, `${n}`);
    } else if (call === "free null") {
      thread.freeNull();
    } else if (call === "realloc" && name !== undefined) {
      thread.realloc(name, bytes);
    } else if (call === "free" && name !== undefined) {
      thread.free(name);
    } else {
      thread.malloc(bytes, `${n}`);
    }
  }
  return program;
}

describe("late settings of all kinds", () => {
  const call = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<Call>("malloc", "malloc", "free", "realloc") },
    { weight: 1, arbitrary: fc.constantFrom<Call>("start", "start", "exit") },
    { weight: 1, arbitrary: fc.constantFrom<Call>("memalign", "free null") },
  );
  const bytes = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 9000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 100_000, max: 300_000 }) },
  );
  const calls = fc.array(fc.tuple(call, fc.nat(1000), bytes), { maxLength: 150 });

  it("have the figures of replays that had them from the start", () => {
    fc.assert(
      fc.property(calls, fc.double({ min: 0, max: 3, noNaN: true }), (made, seconds) => {
        const log = timed(programOf(made).text, seconds);
        expect(replayed(log, SPECS).figures).toEqual(figuresOf(log, SPECS, new UnsharedRunner()));
      }),
      { numRuns: 40 },
    );
  });
});
