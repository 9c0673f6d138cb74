import { describe, expect, it, test } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import type { RecordedRun } from "../../src/recorded/recorded-run.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";
import { guidedReplay, originOf, prepare } from "../support/prepared-log.ts";

const SIBLINGS = ["2.36", "2.37-tag", "2.38-tag", "2.39"];

/** The sibling versions that share a run after a log of one batch, run by run. */
function sharedAfter(lines: readonly string[]): string[][] {
  const options = {
    model: true,
    whatIfs: [],
    recordedWith: {},
    glibc: "auto",
    cpus: null,
    hostCpus: 1,
    touch: "all",
    thp: null,
  } as const;
  const analysis = new Analysis(options, new InlineRunner());
  const log = Buffer.from(lines.map((line) => `1 00:00:00.000001 ${line}\n`).join(""));
  new NativeScanner(analysis, new Diagnostics()).scan(log, log.length);
  analysis.end();
  const { alive = [], runs = [] } = analysis.recorded.detection ?? {};
  const siblingsOf = (recorded: RecordedRun) =>
    SIBLINGS.filter((name) =>
      alive.some((one) => one.recorded === recorded && one.origin.profile.name === name),
    );
  return runs
    .map(({ recorded }) => siblingsOf(recorded))
    .filter((names) => names.length > 0)
    .sort();
}

const MAPPED = "malloc(200000) = 0x7f0000000010";
/** Since 2.38 a block that fits stays as it is; before, its size is looked at. */
const SHRUNK = "realloc(0x7f0000000010, 199990) = 0x7f0000000010";
const ALIGNED = "memalign(64, 100) = 0x550000000300";

test("sibling versions share a run up to a call that they may treat differently", () => {
  expect(sharedAfter([MAPPED])).toEqual([SIBLINGS]);
  expect(sharedAfter([MAPPED, SHRUNK])).toEqual([["2.36"], ["2.37-tag"], ["2.38-tag", "2.39"]]);
});

test("versions that were split off together are split from each other later in the same batch", () => {
  expect(sharedAfter([MAPPED, SHRUNK, ALIGNED])).toEqual(SIBLINGS.map((name) => [name]));
});

/** The splits that a replay under 2.36's rules reports: the event, the first version that leaves, and those with it. */
function splitsOf(...lines: string[]) {
  const { replay, siblings } = guidedReplay(originOf("2.36"));
  siblings.profiles = SIBLINGS.slice(1).map((name) => profileOf(name)!);
  const splits: [number, string, string[]][] = [];
  siblings.onSplit = (i, first, others) => {
    splits.push([i, first.name, others.map(({ name }) => name)]);
  };
  const { work } = prepare(lines.map((line) => `1 ${line}`)).batches[0]!;
  replay.run(work, 0, work.batch.length);
  return { splits, left: siblings.profiles.map(({ name }) => name) };
}

describe("sibling versions", () => {
  it("leave together if they share the rule", () => {
    expect(splitsOf(MAPPED, SHRUNK)).toEqual({
      splits: [
        [1, "2.37-tag", []],
        [1, "2.38-tag", ["2.39"]],
      ],
      left: [],
    });
  });

  it("stay if they share the rule with the model", () => {
    expect(splitsOf(MAPPED, ALIGNED)).toEqual({
      splits: [
        [1, "2.38-tag", []],
        [1, "2.39", []],
      ],
      left: ["2.37-tag"],
    });
  });

  it("stay at calls that all versions treat alike", () => {
    const grown = "realloc(0x7f0000000010, 400000) = 0x7f0000000010";
    const { splits, left } = splitsOf(
      MAPPED,
      grown,
      "calloc(1, 100) = 0x5500000002a0",
      "free(0x0)",
    );
    expect([splits, left.length]).toEqual([[], 3]);
  });

  it("stay at a realloc of a block that the model could not serve", () => {
    const { replay, siblings } = guidedReplay(originOf("2.36"));
    siblings.profiles = [profileOf("2.39")!];
    const { work } = prepare([`1 ${MAPPED}`, `1 ${SHRUNK}`]).batches[0]!;
    siblings.beforeEvent(replay, work, 1);
    expect(siblings.profiles).toHaveLength(1);
    replay.run(work, 0, 1);
    siblings.beforeEvent(replay, work, 1);
    expect(siblings.profiles).toHaveLength(0);
  });
});
