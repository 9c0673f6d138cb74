import { expect, test } from "vitest";
import { type Candidate, Detection } from "../../src/recorded/detect.ts";
import { modelFor, recordedProcesses } from "../../src/recorded/models.ts";
import { RecordedRun } from "../../src/recorded/recorded-run.ts";
import { PointerJudge } from "../../src/replay/pointers/pointer-judge.ts";
import { ScenarioRun } from "../../src/replay/scenario-run.ts";
import { LogFacts } from "../../src/trace/log-facts.ts";

const OPTIONS = {
  model: true,
  whatIfs: [],
  recordedWith: null,
  cpus: null,
  hostCpus: 1,
  touch: "all",
  thp: null,
} as const;

/** Two versions side by side, whose judges the test tells what came of the log. */
function sideBySide(...versions: string[]) {
  const candidates = versions.map((glibc): Candidate => {
    const [origin] = recordedProcesses({ ...OPTIONS, glibc }, new LogFacts());
    if (origin === undefined) {
      throw new Error("no such version");
    }
    const run = new ScenarioRun(modelFor(origin, null), new PointerJudge(), Infinity);
    return { origin, recorded: new RecordedRun(run) };
  });
  const detection = new Detection(candidates);
  const add = (compared: number, ...equal: number[]): void => {
    candidates.forEach(({ recorded: { judge } }, i) => {
      judge.compared += compared;
      judge.equal += equal[i]!;
    });
    detection.narrow();
  };
  const alive = () => detection.alive.map(({ origin }) => origin.glibc);
  return { detection, add, alive };
}

test("a version that falls behind in a log that is otherwise followed is dropped at once", () => {
  const { add, alive } = sideBySide("2.36", "2.43");
  add(8192, 8192, 8000);
  expect(alive()).toEqual(["2.36"]);
});

test("where all err, the log's beginning drops none, and counts no more once as much has followed", () => {
  const { detection, add, alive } = sideBySide("2.36", "2.43");
  add(33_000, 20_000, 25_000);
  expect(alive()).toEqual(["2.36", "2.43"]);
  add(20_000, 16_000, 12_000);
  expect(alive()).toEqual(["2.36", "2.43"]);
  add(20_000, 16_000, 12_000);
  expect(alive()).toEqual(["2.36"]);
  expect(detection.runnerUp).toEqual({ glibc: "2.43", ratio: 49_000 / 73_000 });
});

test("what luck can make of calls that all err on drops none", () => {
  const { detection, add } = sideBySide("2.36", "2.43");
  add(33_000, 20_000, 25_000);
  add(40_000, 20_000, 21_000);
  expect(detection.indistinguishable).toHaveLength(2);
  expect(detection.best.origin.glibc).toBe("2.36");
});
