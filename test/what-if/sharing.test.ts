import { describe, expect, it } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";
import { casesOf, OWN_CORPUS, optionsFor, scenario } from "../support/corpus.ts";
import { LoggedProgram, type LoggedThread } from "../support/model-log.ts";
import { SmallerBatches } from "../support/smaller-batches.ts";

const SPECS: readonly ScenarioSpec[] = [
  scenario("1", { MALLOC_ARENA_MAX: "1" }, false),
  scenario("2", { MALLOC_ARENA_MAX: "2" }, false),
  scenario("1, trimmed", { MALLOC_ARENA_MAX: "1" }, true),
  scenario("top pad and 1", { MALLOC_TOP_PAD_: "0", MALLOC_ARENA_MAX: "1" }, false),
  scenario("top pad", { MALLOC_TOP_PAD_: "0" }, false),
  scenario("test 1", { MALLOC_ARENA_TEST: "1" }, false),
  scenario("no tcache", { "glibc.malloc.tcache_count": "0" }, false),
];
const [CASE] = casesOf(OWN_CORPUS);
const EVENTS_PER_BATCH = 64;
const CALLS = 40 * EVENTS_PER_BATCH;

/** Replays a log in small batches. */
function replayed(log: string, specs: readonly ScenarioSpec[], explains = true) {
  const runner = new InlineRunner();
  const analysis = new Analysis(optionsFor(CASE!, "default", specs, "facts"), runner);
  const sink = new SmallerBatches(analysis, EVENTS_PER_BATCH);
  new NativeScanner(sink, new Diagnostics()).scan(Buffer.from(log), log.length);
  sink.end();
  const replays = runner.whatIfs?.all.length;
  const figures = runner.figures(analysis.touchReading().reading, {
    specs,
    recorded: null,
    explains,
  });
  return { replays, figures };
}

/**
 * The calls of one thread, from call `from` on of four, and from call `falls` on more frees than allocations, so that RSS
 * has its peak there.
 */
function logOfThreads(from: number, falls: number): string {
  const program = new LoggedProgram("2.36");
  const others: LoggedThread[] = [];
  const live: string[] = [];
  for (let n = 0; n < CALLS; n++) {
    if (n >= from && others.length < 3) {
      others.push(program.thread());
    }
    const thread = others[n % 4] ?? program.main;
    const frees = n < falls ? n % 4 === 3 : n % 4 !== 0;
    const [freed] = frees ? live.splice((n * 7) % live.length, 1) : [];
    if (freed === undefined) {
      thread.malloc(100 + ((n * 37) % 9000), `${n}`);
      live.push(`${n}`);
    } else {
      thread.free(freed);
    }
  }
  return program.text;
}

describe("scenarios that differ in limits on arenas", () => {
  it("share one replay while the log has one thread", () => {
    const { replays, figures } = replayed(logOfThreads(CALLS, CALLS / 2), SPECS);
    expect(replays).toBe(3);
    expect(figures[1]).toEqual(figures[0]);
  });

  it.each([
    ["from the first line on", 1, CALLS / 2],
    ["in the middle, after the peak", CALLS / 2 + 9, CALLS / 4],
    ["in the middle, before the peak", CALLS / 4 + 9, CALLS / 2],
    ["at the end", CALLS - 9, CALLS / 2],
  ])("have the figures of replays of their own once it has several: %s", (_, from, falls) => {
    const log = logOfThreads(from, falls);
    const { replays, figures } = replayed(log, SPECS);
    // With the baseline, if there is one.
    expect(replays).toBeGreaterThanOrEqual(6);
    expect(figures).toEqual(SPECS.map((spec) => replayed(log, [spec]).figures[0]));
    expect(figures.map((one) => one?.causes?.peak ?? null)).not.toContain(null);
  });

  it("have the limits that the program sets itself", () => {
    const log = `1 mallopt(-8, 1) = 1\n${logOfThreads(CALLS / 2, CALLS / 2)}`;
    const [one, two] = replayed(log, SPECS).figures;
    expect(two).toEqual(one);
    const [first, second] = replayed(log.replace("(-8, 1)", "(-3, 131072)"), SPECS).figures;
    expect(second).not.toEqual(first);
  });
});

describe("figures without explanations", () => {
  it("have the same totals", () => {
    const log = logOfThreads(CALLS / 2, CALLS / 4);
    const totals = replayed(log, SPECS, false).figures;
    const whole = replayed(log, SPECS).figures.map(
      (one) =>
        one && {
          ...one,
          causes: null,
          arenas: one.arenas.map((arena) => ({ ...arena, heapMaps: [] })),
        },
    );
    expect(totals).toEqual(whole);
  });
});
