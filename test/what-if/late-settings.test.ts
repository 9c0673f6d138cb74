import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";
import { scenario, UNKNOWN_PROCESS } from "../support/corpus.ts";
import { LoggedProgram } from "../support/model-log.ts";
import { SmallerBatches } from "../support/smaller-batches.ts";

const FREEZING = { MALLOC_TRIM_THRESHOLD_: "131072" };
const LOWER = { MALLOC_MMAP_THRESHOLD_: "65536" };
/** The default, which changes nothing beside one of the others; but a replay has it from its start. */
const EARLY = { MALLOC_TOP_PAD_: "131072" };

const LATE: readonly ScenarioSpec[] = [
  scenario("freezing", FREEZING, false),
  scenario("lower", LOWER, false),
  scenario("lower, trimmed", LOWER, true),
  scenario("limited", { MALLOC_ARENA_MAX: "1" }, false),
];
const FROM_THE_START: readonly ScenarioSpec[] = [
  scenario("freezing", { ...FREEZING, ...EARLY }, false),
  scenario("lower", { ...LOWER, ...EARLY }, false),
  scenario("lower, trimmed", { ...LOWER, ...EARLY }, true),
];
const EVENTS_PER_BATCH = 16;

/** Replays a log in small batches. */
function replayed(log: string, specs: readonly ScenarioSpec[], recordedWith = {}) {
  const runner = new InlineRunner();
  const options = { ...UNKNOWN_PROCESS, glibc: "2.36", recordedWith, whatIfs: specs };
  const analysis = new Analysis(options, runner);
  const sink = new SmallerBatches(analysis, EVENTS_PER_BATCH);
  new NativeScanner(sink, new Diagnostics()).scan(Buffer.from(log), log.length);
  sink.end();
  const replays = runner.whatIfs?.all.length;
  const { reading } = analysis.touchReading();
  return { replays, figures: runner.figures(reading, { specs, recorded: null, explains: true }) };
}

/** A program that allocates and frees blocks of these sizes, and then frees what is left. */
function logOf(sizes: readonly number[], aligned = false): string {
  const program = new LoggedProgram("2.36");
  sizes.forEach((size, n) => {
    if (aligned && size > 4096) {
      program.main.memalign(65536, size, `${n}`);
    } else {
      program.malloc(size, `${n}`);
    }
    if (n % 3 === 2) {
      program.free(`${n - 1}`);
    }
  });
  program.free(...program.pointers.keys());
  return program.text;
}

const SMALL = Array.from({ length: 200 }, (_, n) => 100 + ((n * 37) % 9000));

describe("settings of thresholds", () => {
  it("matter when an alignment, which glibc rounds up, makes the request large", () => {
    const program = new LoggedProgram("2.36");
    program.main.memalign(32_769, 24_000, "aligned");
    const log = program.text;
    expect(replayed(log, LATE).replays).toBe(2);
    expect(replayed(log, LATE).figures.slice(0, 3)).toEqual(replayed(log, FROM_THE_START).figures);
  });

  it.each([
    ["without a request that a lower threshold maps", SMALL, 1],
    ["with a request that a lower threshold maps", [...SMALL, 70_000, ...SMALL], 2],
    ["with a free that raises the thresholds", [...SMALL, 200_000, ...SMALL], 3],
  ])("share a replay until they matter: %s", (_, sizes, replays) => {
    expect(replayed(logOf(sizes), LATE).replays).toBe(replays);
  });

  it("have replays of their own in a process whose thresholds are not dynamic", () => {
    const settings = { MALLOC_TRIM_THRESHOLD_: "1000" };
    const { replays, figures } = replayed(logOf(SMALL), LATE, settings);
    expect(replays).toBe(3);
    expect(figures.slice(0, 3)).toEqual(replayed(logOf(SMALL), FROM_THE_START, settings).figures);
  });

  it("have the figures of replays that had them from the start", () => {
    const size = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 9000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 50_000, max: 300_000 }) },
    );
    fc.assert(
      fc.property(fc.array(size, { maxLength: 120 }), fc.boolean(), (sizes, aligned) => {
        const log = logOf([1, ...sizes], aligned);
        expect(replayed(log, LATE).figures.slice(0, 3)).toEqual(
          replayed(log, FROM_THE_START).figures,
        );
      }),
      { numRuns: 30 },
    );
  });

  it.each(["mallopt(-1, 4096) = 1", "mallopt(-3, 70000) = 1"])(
    "have those that the program sets itself: %s",
    (call) => {
      const log = logOf([...SMALL, ...SMALL.map((size) => size * 20)]);
      const at = log.indexOf("\n", log.length / 3) + 1;
      const withCall = `${log.slice(0, at)}1 ${call}\n${log.slice(at)}`;
      expect(replayed(withCall, LATE).figures.slice(0, 3)).toEqual(
        replayed(withCall, FROM_THE_START).figures,
      );
    },
  );
});
