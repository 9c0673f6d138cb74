import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { census } from "../../../src/ptmalloc/census.ts";
import { bitOf, PLANE_POLICY, RATIOS, ratioPlane } from "../../../src/ptmalloc/resident.ts";
import { replayBatch, replayUntil, replayWith } from "../../../src/replay/insertions.ts";
import { KeptWorks } from "../../../src/replay/peak/kept-works.ts";
import { PeakPast } from "../../../src/replay/peak/peak-past.ts";
import { RecycledRuns } from "../../../src/replay/peak/recycled-runs.ts";
import type { PastStep } from "../../../src/replay/peak/stretch.ts";
import { modelFor } from "../../../src/replay/recorded-process.ts";
import { Replay } from "../../../src/replay/replay.ts";
import type { MomentEvent } from "../../../src/trace/moment.ts";
import { compareCopy } from "../../support/compare-copy.ts";
import { LoggedProgram } from "../../support/model-log.ts";
import { originOf, prepare } from "../../support/prepared-log.ts";
import { RANDOM_CALL, randomLog } from "../../support/random-log.ts";
import { REPLAY_COPIES } from "../../support/replay-copies.ts";

const PLANES = [PLANE_POLICY, ...RATIOS.map((_, i) => ratioPlane(i))];

function freshReplay(): Replay {
  return new Replay(modelFor(originOf("2.36", {}, null), null));
}

/** A replay with its past, and a twin of its steps. */
class Followed {
  readonly run = freshReplay();
  readonly past = new PeakPast<Replay>((one) => one);
  readonly steps: PastStep<Replay>[] = [];
  readonly #works = new KeptWorks(false);
  /** bytes held outside from each batch on: something that happens between batches */
  #held = 0;

  /** `closes`: of each batch in turn, true if no stretch goes on into it, however short the latest is */
  constructor(
    lines: readonly string[],
    eventsPerBatch: number,
    closes: readonly boolean[] = [false],
  ) {
    this.past.readsEvery = true;
    for (const [n, { work, first, logged }] of prepare(lines, eventsPerBatch).batches.entries()) {
      this.#held += 4096 * ((n * 7) % 3);
      const held = this.#held;
      const kept = this.#works.keep(work);
      const step = {
        first,
        kept,
        insertions: logged,
        begin: (run: Replay) => run.holdOutside(held),
      };
      // The past may give the work's memory to others.
      this.steps.push({ ...step, kept: new KeptWorks(false).keep(work) });
      if (closes[n % closes.length] === true) {
        this.past.close(this.run);
      }
      this.past.take(this.run, step);
      step.begin(this.run);
      replayBatch(this.run, work, first, logged);
      kept.release();
    }
    const end = (run: Replay) => run.finish();
    this.steps.push({ first: this.run.state.event, kept: null, insertions: [], begin: end });
    this.past.end(this.run, end);
    end(this.run);
  }

  /** The same in a replay that begins with the log and stops there. */
  naively(plane: number): Replay {
    const end = this.run.rss.pages[bitOf(plane)]!.peakEvent + 1;
    const run = freshReplay();
    for (const { first, kept, insertions, begin } of this.steps) {
      if (first > end) {
        break;
      }
      begin(run);
      if (kept !== null) {
        replayUntil(run, kept.work, first, insertions, end);
      }
    }
    run.settle();
    return run;
  }
}

/** All in which a state differs from another, once both have recorded their RSS. */
function difference(one: Replay, other: Replay): string[] {
  for (const { model, state } of [one, other]) {
    model.core.calls.recordRss(state.event - 1, state.time);
  }
  return compareCopy(one, other, REPLAY_COPIES);
}

describe("the state at the peak", () => {
  it("is that of a replay that stops there, whatever the stretches", () => {
    fc.assert(
      fc.property(
        fc.array(RANDOM_CALL, { minLength: 5, maxLength: 300, size: "max" }),
        fc.integer({ min: 3, max: 40 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        (calls, eventsPerBatch, closes) => {
          const lines = ["1 malloc(24) = 0x5555555592a0", ...randomLog(calls)];
          for (const plane of PLANES) {
            const followed = new Followed(lines, eventsPerBatch, closes);
            const found = followed.past.atPeak(followed.run, plane)!;
            const naive = followed.naively(plane);
            const { peak } = followed.run.rss.pages[bitOf(plane)]!;
            expect(found.model.resident.pages[bitOf(plane)]).toBe(peak);
            expect(difference(naive, found)).toEqual([]);
            const counted = census(found.model).map(({ arena, ...counts }) => counts);
            expect(counted).toEqual(census(naive.model).map(({ arena, ...counts }) => counts));
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it("is found in a log whose RSS rises and falls for long, of which only a part is kept", () => {
    const p = new LoggedProgram("2.36");
    for (let wave = 0; wave < 40; wave++) {
      const names = Array.from({ length: 10 + (wave % 13) * 2 }, (_, i) => `${wave} ${i}`);
      names.forEach((name) => {
        p.malloc(9000, name);
      });
      p.free(...names);
    }
    const followed = new Followed(p.lines, 16);
    const { peak, peakEvent } = followed.run.rss.pages[0]!;
    const found = followed.past.atPeak(followed.run, PLANE_POLICY)!;
    expect([found.model.resident.pages[0], found.state.event]).toEqual([peak, peakEvent + 1]);
    expect(difference(followed.naively(PLANE_POLICY), found)).toEqual([]);
  });

  it("is the end if a trim at the end raises RSS, and the state before it otherwise", () => {
    const followed = new Followed(["1 malloc(300000) = 0x7ffff7c00010"], 16);
    const { run, past } = followed;
    const before = past.atPeak(run, PLANE_POLICY);
    expect(before).not.toBe(run);
    run.trim();
    expect(past.atPeak(run, PLANE_POLICY)).toBe(before);
    run.holdOutside(1e9);
    expect(past.atPeak(run, PLANE_POLICY)).toBe(run);
  });

  it("is the beginning if nothing was ever resident", () => {
    const { run, past } = new Followed(["1 free(0x0)"], 16);
    expect(past.atPeak(run, PLANE_POLICY)?.model.resident.pages[0]).toBe(0);
  });

  it("is unknown in a log without events, or once forgotten", () => {
    const empty = new Followed([], 16);
    expect(empty.past.atPeak(empty.run, PLANE_POLICY)).toBeNull();
    const { run, past } = new Followed(["1 malloc(10) = 0x5555555592a0"], 16);
    past.forget();
    expect(past.atPeak(run, PLANE_POLICY)).toBeNull();
  });

  it("is null if the past leads elsewhere, as it must not", () => {
    const run = freshReplay();
    const past = new PeakPast<Replay>((one) => one);
    const elsewhere = (one: Replay) => one.holdOutside(8192);
    past.take(run, { first: 0, kept: null, insertions: [], begin: elsewhere });
    const { work, first, logged } = prepare(["1 malloc(10) = 0x5555555592a0"]).batches[0]!;
    replayBatch(run, work, first, logged);
    run.finish();
    expect(past.atPeak(run, PLANE_POLICY)).toBeNull();
  });
});

/** Blocks of two pages each are allocated and freed again. */
function wave(p: LoggedProgram, blocks: number): void {
  const names = Array.from({ length: blocks }, (_, i) => `${i}`);
  names.forEach((name) => {
    p.malloc(8000, name);
  });
  p.free(...names);
}

/** A wave; then RSS stays below its peak. */
function calmProgram(): LoggedProgram {
  const p = new LoggedProgram("2.36");
  wave(p, 60);
  for (let i = 0; i < 20; i++) {
    wave(p, 20);
  }
  return p;
}

/** Replays the lines in small batches, with this past, up to the end of the last batch. */
function replayOf(
  lines: readonly string[],
  past: PeakPast<Replay>,
  moments: readonly MomentEvent[] = [],
): Replay {
  const run = freshReplay();
  const works = new KeptWorks(false);
  for (const { work, first, logged } of prepare(lines, 16).batches) {
    const kept = works.keep(work);
    past.moments = moments.filter(({ event }) => event < first + work.batch.length);
    past.take(run, { first, kept, insertions: logged, begin: () => {} });
    replayBatch(run, work, first, logged);
    kept.release();
  }
  return run;
}

describe("a stretch", () => {
  it("begins at the event with which RSS is higher than ever before", () => {
    const starts = ({ lines }: LoggedProgram): number[] => {
      const recycled = new RecycledRuns<Replay>();
      const copyOf = vi.spyOn(recycled, "copyOf");
      replayOf(lines, new PeakPast<Replay>((one) => one, recycled));
      return copyOf.mock.results.map(({ value }) => value.state.event);
    };
    expect(starts(calmProgram())).toEqual([0]);

    const higher = calmProgram();
    const before = higher.lines.length;
    wave(higher, 70);
    const [, start, ...others] = starts(higher);
    expect(start).toBeGreaterThan(before + 50);
    expect(start).toBeLessThan(before + 65);
    expect(others).toEqual([]);
  });
});

describe("a moment", () => {
  it("is found while RSS is below its peak", () => {
    const { lines } = calmProgram();
    for (const event of [700, 801, 850]) {
      const past = new PeakPast<Replay>((one) => one);
      const moment = { event, line: event + 1, time: Number.NaN, isOfLine: false };
      const run = replayOf(lines, past, [moment]);
      const found = past.atMoment(run, moment)!;
      expect(found.state.event).toBe(event + 1);
      const naive = replayOf(lines.slice(0, event + 1), new PeakPast<Replay>((one) => one));
      naive.settle();
      expect(difference(naive, found)).toEqual([]);
    }
  });
});

describe("a past", () => {
  it("shared in the middle of a batch shows the peak that each run reaches in it", () => {
    const p = calmProgram();
    // RSS is at its peak when a block more than 60 is live.
    const middle = p.lines.length + 50;
    wave(p, 70);
    const run = freshReplay();
    const past = new PeakPast<Replay>((one) => one);
    let copy = run;
    let copied = past;
    for (const { work, first, logged } of prepare(p.lines, 128).batches) {
      const kept = new KeptWorks(false).keep(work);
      const step = { first, kept, insertions: logged, begin: () => {} };
      past.take(run, step);
      const to = middle - first;
      if (to >= 0 && to < work.batch.length) {
        replayWith(run, work, first, 0, to, logged);
        copy = run.clone();
        copied = past.share(copy);
        replayBatch(copy, work, first, logged, to);
      } else if (copied !== past) {
        copied.take(copy, step);
        replayBatch(copy, work, first, logged);
      }
      replayBatch(run, work, first, logged, Math.max(0, to < work.batch.length ? to : 0));
      kept.release();
    }
    const { peak, peakEvent } = run.rss.pages[0]!;
    expect(peakEvent).toBeGreaterThan(middle);
    for (const [one, ofOne] of [[run, past] as const, [copy, copied] as const]) {
      const found = ofOne.atPeak(one, PLANE_POLICY)!;
      expect([found.model.resident.pages[0], found.state.event]).toEqual([peak, peakEvent + 1]);
    }
  });

  it("shared with a copy of the run serves both, although they go on", () => {
    const p = new LoggedProgram("2.36");
    for (let i = 0; i < 40; i++) {
      p.malloc(5000);
    }
    const { run, past } = new Followed(p.lines, 8);
    const copy = run.clone();
    const shared = past.share(copy);
    past.forget();
    const found = shared.atPeak(copy, PLANE_POLICY)!;
    expect(found.model.resident.pages[0]).toBe(copy.rss.pages[0]!.peak);
  });
});
