import { expect, test } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import type { RecordedRun } from "../../src/recorded/recorded-run.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";

const KIN = ["2.36", "2.37-tag", "2.38-tag", "2.39"];

/** Those of the kindred versions that share a run after a log that is one batch. */
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
  const kinOf = (recorded: RecordedRun) =>
    KIN.filter((name) =>
      alive.some((one) => one.recorded === recorded && one.origin.profile.name === name),
    );
  return runs
    .map(({ recorded }) => kinOf(recorded))
    .filter((names) => names.length > 0)
    .sort();
}

const MAPPED = "malloc(200000) = 0x7f0000000010";
/** "fits" lets it be at once; "never" does not. */
const SHRUNK = "realloc(0x7f0000000010, 199990) = 0x7f0000000010";
const ALIGNED = "memalign(64, 100) = 0x550000000300";

test("kindred versions share a run until a call parts them", () => {
  expect(sharedAfter([MAPPED])).toEqual([KIN]);
  expect(sharedAfter([MAPPED, SHRUNK])).toEqual([["2.36"], ["2.37-tag"], ["2.38-tag", "2.39"]]);
});

test("versions that have parted together part from each other in the same batch, too", () => {
  expect(sharedAfter([MAPPED, SHRUNK, ALIGNED])).toEqual(KIN.map((name) => [name]));
});
