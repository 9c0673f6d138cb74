import { expect, test } from "vitest";
import type { Candidate } from "../../src/recorded/candidate.ts";
import { Detection } from "../../src/recorded/detection.ts";
import { GuidedReplay } from "../../src/recorded/guided-replay.ts";
import { recordedProcesses } from "../../src/recorded/processes.ts";
import { RecordedRun } from "../../src/recorded/recorded-run.ts";
import { modelFor } from "../../src/replay/recorded-process.ts";
import { Replay } from "../../src/replay/replay.ts";
import { LogFacts } from "../../src/trace/log-facts.ts";

const OPTIONS = { recordedWith: null, cpus: null, thp: null };

/** Versions side by side, whose judges the test sets. */
function sideBySide(...versions: string[]) {
  const candidates = versions.map((glibc): Candidate => {
    const [origin] = recordedProcesses({ ...OPTIONS, glibc }, new LogFacts());
    if (origin === undefined) {
      throw new Error("no such version");
    }
    const guided = new GuidedReplay(new Replay(modelFor(origin, null)));
    return { origin, recorded: new RecordedRun(guided) };
  });
  const detection = new Detection(candidates);
  const add = (compared: number, ...matched: number[]): void => {
    candidates.forEach(({ recorded: { judge } }, i) => {
      judge.state.compared += compared;
      judge.state.matched += matched[i]!;
    });
    detection.narrow();
  };
  const alive = () => detection.alive.map(({ origin }) => origin.glibc);
  return { detection, add, alive };
}

test("drops a version at once that falls behind in a log that another version matches", () => {
  const { add, alive } = sideBySide("2.36", "2.43");
  add(8192, 8192, 8000);
  expect(alive()).toEqual(["2.36"]);
});

test("drops no version at the beginning of a log that all mismatch, and stops counting that beginning later", () => {
  const { detection, add, alive } = sideBySide("2.36", "2.43");
  add(33_000, 20_000, 25_000);
  expect(alive()).toEqual(["2.36", "2.43"]);
  add(20_000, 16_000, 12_000);
  expect(alive()).toEqual(["2.36", "2.43"]);
  add(20_000, 16_000, 12_000);
  expect(alive()).toEqual(["2.36"]);
  expect(detection.runnerUp).toEqual({ glibc: "2.43", ratio: 49_000 / 73_000 });
});

test("drops no version that is behind by no more than luck", () => {
  const { detection, add } = sideBySide("2.36", "2.43");
  add(33_000, 20_000, 25_000);
  add(40_000, 20_000, 21_000);
  expect(detection.indistinguishable).toHaveLength(2);
  expect(detection.best.origin.glibc).toBe("2.36");
});
