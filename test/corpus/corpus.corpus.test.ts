import { basename } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import type { Report, Scenario } from "../../src/report/contract/report.ts";
import {
  analyse,
  type Case,
  casesOf,
  hasLog,
  isCut,
  logOf,
  NEXT_CORPUS,
  OWN_CORPUS,
  oneOfEachKind,
  optionsFor,
  type Sample,
  SHARED_CORPUS,
  scenario,
  settingsOf,
  truthOf,
  withRssSamples,
  writesAll,
} from "../support/corpus.ts";

/**
 * Predictions against measured truth: every pointer of every log, and resident and system bytes to the byte for programs
 * that write all they allocate.
 */
const own = casesOf(OWN_CORPUS);
const names = new Set(own.filter((one) => !isCut(one)).map(({ name }) => name));
const folders = [SHARED_CORPUS, NEXT_CORPUS].map((folder) => ({
  folder,
  cases: casesOf(folder).filter(({ name }) => !names.has(name)),
}));

describe("fixtures/corpus", () => {
  it("has logs", () => expect(own.length).toBeGreaterThan(10));
  for (const one of own) {
    describe(one.name, () => testAgainstTruth(one));
  }
});

for (const { folder, cases } of folders) {
  describe(`../shared/${basename(folder)}`, () => {
    if (cases.length === 0) {
      it.skip("is missing beside this checkout: only fixtures/corpus was compared with truth");
    }
    for (const one of cases) {
      describe(one.name, () => testAgainstTruth(one));
    }
  });
}

/** Detection depends on the program, and on the glibc's version: the repository's logs have every one. */
const detected = new Set(oneOfEachKind().map(({ folder }) => folder));

/** The analysis that the tests of a case share: its default log, what was measured along it, and its other settings. */
let shared: Report;

function testAgainstTruth(one: Case): void {
  const others = Object.keys(one.meta.traces).filter((name) => name !== "default");
  // A cut ends at a sample along the run. Where threads run freely, one may write to its block while it is taken in
  // another's call.
  const isPredicted = writesAll(one) && (!isCut(one) || one.meta.deterministic);
  const measured = isPredicted ? measuredOf(one) : [];
  const timeline =
    isPredicted && one.meta.deterministic ? (truthOf(one, "default") ?? fail()).timeline : null;

  beforeAll(() => {
    const log = logOf(one, "default") ?? fail();
    const whatIfs = measured.map(({ whatIf }) => whatIf);
    const sampled = timeline === null ? log : withRssSamples(log, timeline);
    shared = analyse(sampled, optionsFor(one, "default", whatIfs));
  });

  it("reproduces every pointer of the default log", () => {
    expectReproduced(one, "default", logOf(one, "default") ?? fail(), shared);
  });
  it.runIf(detected.has(one.folder))(
    "detects the glibc and the CPUs from the pointers alone",
    () => {
      const { model } = analyseByPointers(one, "default");
      expect(model?.glibcRange).toContain(one.meta.glibc);
      expect(model?.fidelity.ratio).toBe(1);
      expect(model?.settings).toEqual({});
      // The arena limit shows when a thread gets an arena in use; until then the CPUs cannot be detected and do not matter.
      if (model?.cpusSource === "detected") {
        expect(model.cpus).toBe(one.meta.cpu_count);
      }
    },
  );
  for (const setting of others.filter((name) => hasLog(one, name))) {
    it(`reproduces every pointer of the ${setting} log`, () => {
      const log = logOf(one, setting) ?? fail();
      expectReproduced(one, setting, log, analyse(log, optionsFor(one, setting, [])));
    });
    it(`detects the settings of the ${setting} log from the pointers alone`, () => {
      const { fidelity, inferred, settings } = analyseByPointers(one, setting).model ?? fail();
      expect(settings).toEqual(settingsOf(one, setting));
      expect(fidelity.compared - fidelity.equal).toBe(inferred.settingPointers);
    });
  }
  if (!isPredicted) {
    return;
  }
  it("predicts RSS and system bytes of every setting to the byte", () => {
    expect(shared.scenarios.slice(1).map(figures)).toEqual(measured.map(truth));
  });
  if (timeline === null) {
    return;
  }
  it("predicts RSS to the byte at every sample along the run", () => {
    const samples = shared.measured?.rssSamples ?? fail();
    expect(samples.length).toBe(timeline.length);
    expect(samples.map(({ modelledBytes }) => modelledBytes)).toEqual(
      samples.map(({ bytes }) => bytes),
    );
  });
}

function expectReproduced(one: Case, setting: string, log: Buffer, { model, trace }: Report): void {
  const { compared, equal, firstDivergence } = model?.fidelity ?? fail();
  expect(firstDivergence).toBeNull();
  expect(equal).toBe(compared);
  expect(compared).toBeGreaterThan(0);
  expect(trace.events).toBe(one.meta.traces[setting]?.lines);
  // All pointers of a small program may fit into 32 bits: its log looks like one with cut pointers.
  const showsWhole = /0x[0-9a-f]{9}/.test(log.toString("latin1"));
  expect(trace.pointerBits).toBe(showsWhole ? 64 : 32);
  if (one.meta.pointer_bits_in_trace === 32) {
    expect(showsWhole).toBe(false);
  }
}

/** The report of a log of which nothing else is known. */
function analyseByPointers(one: Case, setting: string): Report {
  const unknown = { glibc: "auto", recordedWith: null, cpus: null, hostCpus: 64 };
  const log = logOf(one, setting) ?? fail();
  return analyse(log, { ...optionsFor(one, setting, []), ...unknown });
}

interface Measured {
  readonly whatIf: ScenarioSpec;
  readonly sample: Sample;
}

/** What was measured at the end, and trimmed, under every setting; of runs that differ, under the recorded one alone. */
function measuredOf(one: Case): Measured[] {
  const settings = one.meta.deterministic ? Object.keys(one.meta.settings) : ["default"];
  return settings.flatMap((setting) => {
    const env = setting === "default" ? {} : settingsOf(one, setting);
    const { exit, after_trim } = truthOf(one, setting) ?? fail();
    const atExit = { whatIf: scenario(setting, env, false), sample: exit };
    if (after_trim === null) {
      return [atExit];
    }
    const trimmed = scenario(`${setting}, trimmed`, env, true);
    return [atExit, { whatIf: trimmed, sample: after_trim }];
  });
}

function figures({ name, rss, system, mmapped }: Scenario) {
  return { name, rss: rss.endBytes, system: system.endBytes, mmapped };
}

function truth({ whatIf: { name }, sample: { heap_rss, mallinfo, mmapped } }: Measured) {
  const { count, bytes } = mmapped;
  return {
    name,
    rss: heap_rss,
    system: (mallinfo.arena ?? fail()) + bytes,
    mmapped: { blocks: count, bytes },
  };
}

function fail(): never {
  throw new Error("the corpus case is not complete");
}
