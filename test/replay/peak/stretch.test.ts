import { describe, expect, it } from "vitest";
import { replayUntil } from "../../../src/replay/insertions.ts";
import { KeptWorks } from "../../../src/replay/peak/kept-works.ts";
import {
  hasPeakIn,
  isWithin,
  type LeftStep,
  makeSteps,
  release,
  type Stretch,
  shared,
} from "../../../src/replay/peak/stretch.ts";
import { modelFor } from "../../../src/replay/recorded-process.ts";
import { Replay } from "../../../src/replay/replay.ts";
import { RssRecord } from "../../../src/replay/rss-record.ts";
import { compareCopy } from "../../support/compare-copy.ts";
import { process as newProcess } from "../../support/model-driver.ts";
import { LoggedProgram } from "../../support/model-log.ts";
import { originOf, prepare } from "../../support/prepared-log.ts";
import { REPLAY_COPIES } from "../../support/replay-copies.ts";

const EVENTS_PER_BATCH = 10;

function freshReplay(): Replay {
  return new Replay(modelFor(originOf("2.36", {}, null), null));
}

/** The steps of a log of 45 calls, each with a step of its own before. */
function steps(keptWorks = new KeptWorks(false)): LeftStep<Replay>[] {
  const program = new LoggedProgram("2.36");
  for (let n = 0; n < 45; n++) {
    program.malloc(100 + n * 97, `${n}`);
  }
  return prepare(program.lines, EVENTS_PER_BATCH).batches.map(({ work, first, logged }) => ({
    first,
    kept: keptWorks.keep(work),
    insertions: logged,
    begin: (run) => run.holdOutside(first * 4096),
    from: null,
  }));
}

function stretch(at: number, end: number): Stretch<Replay> {
  return { start: freshReplay(), at, end, steps: steps(), isShared: false };
}

describe("the steps of a stretch", () => {
  it.each([0, 1, 10, 27, 45])(
    "are made until event %d is to come, with what comes before them",
    (end) => {
      const run = freshReplay();
      makeSteps(steps(), run, run, end);
      const plain = freshReplay();
      for (const { first, kept, insertions, begin } of steps()) {
        if (first <= end) {
          begin(plain);
          replayUntil(plain, kept!.work, first, insertions, end);
        }
      }
      plain.settle();
      expect(run.state.event).toBe(end);
      expect(compareCopy(plain, run, REPLAY_COPIES)).toEqual([]);
    },
  );

  it("go on in the middle of a step of which a part is left", () => {
    const all = steps();
    const run = freshReplay();
    makeSteps(all, run, run, 14);
    const left = all.slice(1).map((step, n) => (n === 0 ? { ...step, from: 14 } : step));
    makeSteps(left, run, run, 33);
    const plain = freshReplay();
    makeSteps(all, plain, plain, 33);
    expect(compareCopy(plain, run, REPLAY_COPIES)).toEqual([]);
  });

  it("keep their works until all pasts with the stretch have released them", () => {
    const works = new KeptWorks(false);
    const one = { ...stretch(0, 45), steps: steps(works) };
    const twin = shared(one);
    expect(one.isShared).toBe(true);
    const columns = twin.steps.map(({ kept }) => kept!.work.batch.size.slice(0, 5));
    release(one.steps);
    steps(works);
    expect(twin.steps.map(({ kept }) => kept!.work.batch.size.slice(0, 5))).toEqual(columns);
  });
});

describe("a stretch", () => {
  it("has the moments after its first event and before its end", () => {
    const within = (event: number) =>
      isWithin({ event, time: 0, line: event + 1, isOfLine: false }, stretch(10, 20));
    expect([9, 10, 19, 20].map(within)).toEqual([false, true, true, false]);
  });

  it("has a peak that ends in it: when the next event begins", () => {
    const hasPeakAt = (event: number): boolean => {
      const { m } = newProcess("2.36");
      m.core.calls.beginReplay(Number.POSITIVE_INFINITY);
      m.malloc(100);
      m.core.calls.recordRss(event, 0);
      return hasPeakIn(stretch(10, 20), new RssRecord(m), 0);
    };
    expect([8, 9, 18, 19].map(hasPeakAt)).toEqual([false, true, true, false]);
  });
});
