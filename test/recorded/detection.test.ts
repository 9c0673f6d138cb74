import { describe, expect, test, vi } from "vitest";
import type { Candidate } from "../../src/recorded/candidate.ts";
import { Detection, MAX_INFERRING } from "../../src/recorded/detection.ts";
import { RecordedRun } from "../../src/recorded/recorded-run.ts";
import { completed } from "../../src/trace/in-steps.ts";
import { LoggedProgram } from "../support/model-log.ts";
import { guidedReplay, originOf, prepare } from "../support/prepared-log.ts";

function candidate(glibc: string): Candidate {
  const origin = originOf(glibc);
  return { origin, recorded: new RecordedRun(guidedReplay(origin)) };
}

/** Versions side by side, whose judges the test sets. */
function sideBySide(...versions: string[]) {
  const candidates = versions.map(candidate);
  const detection = new Detection(candidates);
  const add = (compared: number, ...matched: number[]): void => {
    candidates.forEach(({ recorded: { judge } }, i) => {
      judge.state.compared += compared;
      judge.state.matched += matched[i]!;
    });
    detection.narrow();
  };
  const alive = () => detection.alive.map(({ origin }) => origin.glibc);
  return { candidates, detection, add, alive };
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

test("keeps a version whose deficit may be chance", () => {
  const { detection, add } = sideBySide("2.36", "2.43");
  add(33_000, 20_000, 25_000);
  add(40_000, 20_000, 21_000);
  expect(detection.indistinguishable).toHaveLength(2);
  expect(detection.best.origin.glibc).toBe("2.43");
});

/** The version named for a log that all these match. */
function named(versions: readonly string[], accepts?: (glibc: string) => boolean): string {
  const detection = new Detection(
    versions.map(candidate),
    accepts && (({ glibc }) => accepts(glibc)),
  );
  return detection.best.origin.glibc;
}

describe("a tie", () => {
  test("goes to the newest version", () => {
    expect(named(["2.36", "2.17", "2.44", "2.23", "2.43"])).toBe("2.44");
    expect(named(["2.42-stable", "2.36", "2.42"])).toBe("2.42-stable");
    expect(named(["2.42-stable", "2.43"])).toBe("2.43");
  });

  test("goes to a release before a tag", () => {
    expect(named(["2.38-tag", "2.31", "2.37-tag"])).toBe("2.31");
    expect(named(["2.37-tag", "2.38-tag"])).toBe("2.38-tag");
  });

  test("goes to the newest version that accepts the what-ifs", () => {
    const all = ["2.36", "2.44", "2.41", "2.43"];
    expect(named(all, (glibc) => !["2.43", "2.44"].includes(glibc))).toBe("2.41");
    expect(named(all, () => false)).toBe("2.44");
  });

  test("goes to a version whose run has explanations", () => {
    const { candidates, detection } = sideBySide("2.36", "2.43", "2.31");
    for (const { recorded } of candidates) {
      Object.assign(recorded.judge.state, { compared: 100, matched: 80 });
    }
    for (const { recorded } of [candidates[0]!, candidates[2]!]) {
      recorded.judge.state.matched = 81;
      recorded.state.inferredExits = 1;
    }
    expect(detection.indistinguishable).toHaveLength(3);
    expect(detection.best.origin.glibc).toBe("2.36");
  });

  test("is open unless the versions share a run", () => {
    const [first, second] = [candidate("2.36"), candidate("2.23")];
    const sibling = { ...candidate("2.39"), recorded: first.recorded };
    expect(new Detection([first, second]).isOpen).toBe(true);
    expect(new Detection([first, sibling]).isOpen).toBe(false);
  });
});

test("keeps the four best candidates of a log of which all mismatch most pointers", () => {
  const { add, alive } = sideBySide("2.17", "2.19", "2.22", "2.23", "2.26", "2.27");
  // No deficit is beyond chance, which is a tenth of the mismatches.
  const few = [1000, 1100, 1300, 1200, 1150, 1050];
  add(33_000, ...few);
  add(33_000, ...few);
  expect(alive()).toEqual(["2.19", "2.22", "2.23", "2.26"]);
});

test("keeps the dropped version that matched most as the runner-up", () => {
  const { detection, add } = sideBySide("2.36", "2.43", "2.31", "2.23");
  add(1000, 1000, 800, 900, 700);
  expect(detection.runnerUp).toEqual({ glibc: "2.31", ratio: 0.9 });
});

test("has one run for the versions that share it, named by the first of them", () => {
  const [first, second] = [candidate("2.36"), candidate("2.23")];
  const sibling = { ...candidate("2.39"), recorded: first.recorded };
  const detection = new Detection([first, second, sibling]);
  expect(detection.alive).toHaveLength(3);
  expect(detection.runs).toEqual([first, second]);
});

/** A log of `calls` allocations that 2.36 served, and of one that no version serves there. */
function partOf(calls: number) {
  const p = new LoggedProgram("2.36");
  for (let i = 0; i < calls; i++) {
    p.malloc(100 + i);
  }
  p.lines.push("1 malloc(100) = 0x555555600008");
  return prepare(p.lines).batches[0]!;
}

test("puts the version first that matches the log's beginning longest", () => {
  const { detection, alive } = sideBySide("2.23", "2.36", "2.26");
  detection.rank(partOf(20));
  expect(alive()).toEqual(["2.36", "2.23", "2.26"]);
});

test("does not sort the versions again by a later batch", () => {
  const { detection, alive } = sideBySide("2.23", "2.36", "2.26");
  detection.rank(partOf(20));
  detection.rank({ ...partOf(20), first: 20 });
  expect(alive()).toEqual(["2.36", "2.23", "2.26"]);
});

test("leaves the order of versions that match for a few events only", () => {
  const { detection, alive } = sideBySide("2.23", "2.36", "2.26");
  detection.rank(partOf(15));
  expect(alive()).toEqual(["2.23", "2.36", "2.26"]);
});

test("does not replay anything to rank a version that is alone", () => {
  const { candidates, detection } = sideBySide("2.36");
  const trial = vi.spyOn(candidates[0]!.recorded.guided, "cloneAs");
  detection.rank(partOf(20));
  expect(trial).not.toHaveBeenCalled();
});

/** Versions that are no siblings, and the calls of each one's search for explanations. */
function searching() {
  const all = sideBySide("2.36", "2.43", "2.31", "2.23", "2.26");
  const searches = all.candidates.map(({ recorded }) =>
    vi.spyOn(recorded, "infer").mockImplementation(function* () {
      yield;
    }),
  );
  return { ...all, calls: () => searches.map(({ mock }) => mock.calls.length) };
}

test("searches explanations for the four likeliest runs", () => {
  const { add, detection, calls } = searching();
  add(100, 90, 90, 90, 90, 90);
  completed(detection.infer(true));
  expect(calls()).toEqual([1, 1, 1, 1, 0]);
  expect(MAX_INFERRING).toBe(4);
});

test("searches no explanations while one version matches every pointer", () => {
  const { candidates, detection, calls } = searching();
  for (const { recorded } of candidates) {
    Object.assign(recorded.judge.state, { compared: 100, matched: 99 });
  }
  candidates[3]!.recorded.judge.state.matched = 100;
  completed(detection.infer(true));
  expect(calls()).toEqual([0, 0, 0, 0, 0]);
});

test("gives each version that is split off a run of its own, even if it is split off twice", () => {
  const [shared, second, third] = [candidate("2.36"), candidate("2.37-tag"), candidate("2.39")];
  const [tag, later] = [second.recorded, third.recorded];
  shared.recorded.splitOff.set(second.origin.profile, tag);
  shared.recorded.splitOff.set(third.origin.profile, tag);
  tag.splitOff.set(third.origin.profile, later);
  const siblings = [second, third].map((one) => ({ ...one, recorded: shared.recorded }));
  const detection = new Detection([shared, ...siblings]);
  detection.adoptSplits();
  expect(detection.runs.map(({ recorded }) => recorded)).toEqual([shared.recorded, tag, later]);
  // A run that is dropped later is not kept in memory here.
  for (const { recorded } of detection.runs) {
    expect(recorded.splitOff.size).toBe(0);
  }
});
