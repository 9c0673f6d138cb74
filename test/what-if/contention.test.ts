import { describe, expect, it } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { PLANE_ALL, PLANE_NONE, RATIOS, ratioPlane } from "../../src/ptmalloc/resident.ts";
import type { Replay } from "../../src/replay/replay.ts";
import { coin } from "../../src/what-if/contention.ts";
import { DRIFTS } from "../../src/what-if/other-orders.ts";
import type { WhatIf } from "../../src/what-if/what-if.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";
import {
  analyse,
  casesOf,
  logOf,
  OWN_CORPUS,
  optionsFor,
  scenario,
  truthOf,
  withRssSamples,
} from "../support/corpus.ts";
import { planesOf } from "../support/heap-pages.ts";

const [THREADS] = casesOf(OWN_CORPUS).filter(({ name }) => name === "mt-baton24-g236");

function whatIfsOf(...settings: Record<string, string>[]): readonly WhatIf[] {
  const truth = truthOf(THREADS!, "default")!;
  const log = withRssSamples(logOf(THREADS!, "default")!, truth.timeline);
  const whatIfs = settings.map((one) => scenario(JSON.stringify(one), one, false));
  const runner = new InlineRunner();
  const analysis = new Analysis(optionsFor(THREADS!, "default", whatIfs, "facts"), runner);
  new NativeScanner(analysis, new Diagnostics()).scan(log, log.length);
  analysis.end();
  return runner.whatIfs?.all ?? [];
}

function figures({ model, rss, state }: Replay) {
  const { pages, peakTimes, trimmedPages } = rss;
  return {
    resident: [...model.resident.pages],
    pages: pages.map((series) => [series.peak, series.peakEvent, ...series.points()]),
    peakTimes: [...peakTimes],
    trimmedPages: [...trimmedPages],
    failedCalls: state.failedCalls,
    systemPeakBytes: rss.systemPeakBytes,
    systemBytes: model.systemBytes,
    arenas: model.arenas.map(({ systemMem, attachedThreads }) => [systemMem, attachedThreads]),
  };
}

function liveBlocks(replay: Replay): number {
  let count = 0;
  replay.eachBlock(() => {
    count++;
  });
  return count;
}

describe("a what-if with threads that share arenas", () => {
  it("is replayed once more for each other order, with other figures and all invariants", () => {
    const [whatIf] = whatIfsOf({ MALLOC_ARENA_MAX: "3" });
    const all = whatIf!.running.map((replay) => JSON.stringify(figures(replay)));
    expect(new Set(all).size).toBe(1 + DRIFTS.length);
    for (const { model, state } of whatIf!.running) {
      checkInvariants(model);
      expect(state.failedCalls).toBe(0);
      expect(model.mappedBlocks).toBe(whatIf!.likeliest.model.mappedBlocks);
      for (const heap of model.arenas.flatMap(({ heaps }) => heaps)) {
        expect(planesOf(heap.pages).filter((planes) => !isNested(planes))).toEqual([]);
      }
    }
  });

  it("shares one arena if the limit is 1, and none if there are enough", () => {
    const whatIfs = whatIfsOf({ MALLOC_ARENA_MAX: "1" }, { MALLOC_ARENA_MAX: "640" });
    expect(whatIfs.map(({ contended }) => contended.length)).toEqual([DRIFTS.length, 0]);
  });

  it("makes the same calls in every order", () => {
    const [one] = whatIfsOf({ MALLOC_ARENA_MAX: "1" });
    const { likeliest, contended } = one!;
    for (const other of contended) {
      expect(other.state.event).toBe(likeliest.state.event);
      expect(liveBlocks(other)).toBe(liveBlocks(likeliest));
      expect(other.model.mappedBlocks).toBe(likeliest.model.mappedBlocks);
    }
  });

  it("has the range of all replays, and reports their number", () => {
    const report = () =>
      analyse(
        logOf(THREADS!, "default")!,
        optionsFor(THREADS!, "default", [
          scenario("two", { MALLOC_ARENA_MAX: "2" }, false),
          scenario("two, trimmed", { MALLOC_ARENA_MAX: "2" }, true),
        ]),
      );
    const [recorded, ...others] = report().scenarios;
    expect(recorded?.rss.contendedRuns).toBe(0);
    for (const { rss } of others) {
      expect(rss.contendedRuns).toBe(DRIFTS.length);
      expect(rss.lowBytes).toBeLessThanOrEqual(rss.endBytes);
      expect(rss.highBytes).toBeGreaterThanOrEqual(rss.endBytes);
      expect(rss.highBytes - rss.lowBytes).toBe(rss.spread.arenasBytes);
      expect(rss.peakHighBytes - rss.peakLowBytes).toBeGreaterThan(0);
    }
    // The coin falls the same way each time.
    expect(report().scenarios[1]?.rss).toEqual(others[0]?.rss);
  });
});

/** A page resident in one of these planes is resident in all that follow. */
function isNested(planes: number): boolean {
  const order = [PLANE_NONE, ...RATIOS.map((_, i) => ratioPlane(i)), PLANE_ALL];
  const first = order.findIndex((plane) => planes & plane);
  return first < 0 || order.slice(first).every((plane) => planes & plane);
}

describe("a coin", () => {
  it("falls on both sides equally often, and the same way for the same seed", () => {
    for (const { seed } of DRIFTS) {
      const toss = coin(seed);
      const again = coin(seed);
      const tosses = Array.from({ length: 10_000 }, toss);
      expect(Array.from({ length: 10_000 }, again)).toEqual(tosses);
      const heads = tosses.filter(Boolean).length;
      expect(Math.abs(heads - 5000)).toBeLessThan(200);
    }
    const first = DRIFTS.map(({ seed }) => Array.from({ length: 32 }, coin(seed)).join());
    expect(new Set(first).size).toBe(DRIFTS.length);
  });
});
