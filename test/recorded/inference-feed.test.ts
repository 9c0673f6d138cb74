import { describe, expect, test } from "vitest";
import type { Candidate } from "../../src/recorded/candidate.ts";
import { Detection } from "../../src/recorded/detection.ts";
import { InferenceFeed, MAX_WAITING } from "../../src/recorded/inference-feed.ts";
import { RecordedRun } from "../../src/recorded/recorded-run.ts";
import type { Inferences } from "../../src/replay/inferences.ts";
import { KeptWork } from "../../src/replay/peak/kept-works.ts";
import { LoggedProgram } from "../support/model-log.ts";
import { guidedReplay, originOf, prepare } from "../support/prepared-log.ts";

const PER_BATCH = 10;

/** A log of so many batches that the versions match alike, whose batches the reader reuses once the feed has taken them. */
function feeding(batches: number, ...versions: string[]) {
  const p = new LoggedProgram("2.36");
  for (let i = 0; i < batches * PER_BATCH; i++) {
    p.malloc(100);
  }
  const candidates = versions.map((glibc): Candidate => {
    const origin = originOf(glibc);
    return { origin, recorded: new RecordedRun(guidedReplay(origin)) };
  });
  const detection = new Detection(candidates);
  const received: (Inferences & { pointers: number[] })[] = [];
  const starts: string[] = [];
  const anchored: boolean[] = [];
  const feed = new InferenceFeed({
    accepts: () => true,
    start: ({ glibc }, isAnchored) => {
      starts.push(glibc);
      anchored.push(isAnchored);
    },
    take: ({ batch }, inferences) =>
      received.push({ ...inferences, pointers: [...batch.pointerOut.subarray(0, batch.length)] }),
  });
  const { batches: parts } = prepare(p.lines, PER_BATCH);
  const pointers = parts.map(({ work: { batch } }) => [
    ...batch.pointerOut.subarray(0, batch.length),
  ]);
  const left = [...parts];
  const takeNext = (found: (candidate: Candidate, first: number) => void = () => {}): void => {
    const part = left.shift()!;
    for (const one of candidates) {
      one.recorded.replay(part.work, part.next, part.logged, new KeptWork(part.work), false);
      found(one, part.first);
    }
    feed.take(part, detection);
    part.work.batch.pointerOut.fill(0);
  };
  return { candidates, detection, feed, takeNext, received, starts, anchored, pointers };
}

/** A pointer shows an exit before event `before`. */
function showExit({ recorded }: Candidate, before: number): void {
  recorded.guided.witness.found.push({ kind: "lateExits", before, thread: 1, late: [] });
}

describe("batches that wait for the version", () => {
  test("do not wait for one version alone", () => {
    const { takeNext, starts, received } = feeding(1, "2.36");
    takeNext();
    expect([starts, received.length]).toEqual([["2.36"], 1]);
  });

  test("are copies: the reader reuses its own", () => {
    const { takeNext, received, pointers, feed, detection } = feeding(3, "2.36", "2.31");
    for (let n = 0; n < 3; n++) {
      takeNext();
    }
    expect(received).toEqual([]);
    feed.begin(detection);
    expect(received.map((one) => one.pointers)).toEqual(pointers);
    feed.begin(detection);
    expect(received).toHaveLength(3);
  });

  test("wait until they are too many", () => {
    const { takeNext, starts, received } = feeding(MAX_WAITING + 1, "2.36", "2.31");
    for (let n = 0; n < MAX_WAITING; n++) {
      takeNext();
    }
    expect(starts).toEqual([]);
    takeNext();
    expect([starts, received.length]).toEqual([["2.36"], MAX_WAITING + 1]);
  });

  test("come with what the run of the version that is found inferred from each", () => {
    const { takeNext, starts, received } = feeding(3, "2.36", "2.31");
    takeNext((one, first) => showExit(one, first + (one.origin.glibc === "2.31" ? 5 : 6)));
    takeNext();
    takeNext(({ recorded, origin }) => {
      if (origin.glibc === "2.36") {
        recorded.judge.state.matched--;
      }
    });
    expect(starts).toEqual(["2.31"]);
    expect(received.map(({ insertions }) => insertions.map(({ before }) => before))).toEqual([
      [5],
      [],
      [],
    ]);
  });

  test("are forgotten if the log begins again", () => {
    const { takeNext, received, feed, detection } = feeding(2, "2.36", "2.31");
    takeNext();
    feed.restart();
    takeNext();
    feed.begin(detection);
    expect(received.map(({ first }) => first)).toEqual([PER_BATCH]);
  });
});

describe("the what-ifs are told at their start whether the recorded run needed the log's pointers", () => {
  const toldAfter = (found: (candidate: Candidate, first: number) => void): boolean[] => {
    const { takeNext, anchored } = feeding(2, "2.36");
    takeNext(found);
    takeNext();
    return anchored;
  };

  test("not if its model explains them", () => {
    expect(toldAfter(() => {})).toEqual([false]);
  });

  test("after a mismatch", () => {
    expect(toldAfter(({ recorded }) => recorded.judge.state.matched--)).toEqual([true]);
  });

  test("after memory that the log's calls did not allocate", () => {
    expect(toldAfter(({ recorded }) => recorded.guided.model.unloggedGranules++)).toEqual([true]);
  });

  test("only what is known by then", () => {
    const { takeNext, anchored } = feeding(2, "2.36");
    takeNext();
    takeNext(({ recorded }) => recorded.judge.state.matched--);
    expect(anchored).toEqual([false]);
  });
});
