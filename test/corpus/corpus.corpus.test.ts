import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import type { Scenario } from "../../src/report/report.ts";
import {
  analyse,
  type Case,
  casesOf,
  isCut,
  logOf,
  NEXT_CORPUS,
  OWN_CORPUS,
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

function testAgainstTruth(one: Case): void {
  for (const setting of Object.keys(one.meta.traces)) {
    const log = logOf(one, setting);
    if (log === null) {
      continue;
    }
    it(`reproduces every pointer of the ${setting} log`, () => {
      const { model, trace } = analyse(log, optionsFor(one, setting, []));
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
    });
  }
  it("detects the glibc and the CPUs from the pointers alone", () => {
    const options = optionsFor(one, "default", []);
    const { model } = analyse(logOf(one, "default") ?? fail(), {
      ...options,
      glibc: "auto",
      recordedWith: null,
      cpus: null,
      hostCpus: 64,
    });
    expect(model?.glibcRange).toContain(one.meta.glibc);
    expect(model?.fidelity.ratio).toBe(1);
    expect(model?.settings).toEqual({});
    // The arena limit shows when a thread gets an arena in use; until then the CPUs cannot be detected and do not matter.
    if (model?.cpusSource === "detected") {
      expect(model.cpus).toBe(one.meta.cpu_count);
    }
  });
  for (const setting of Object.keys(one.meta.traces)) {
    const log = setting === "default" ? null : logOf(one, setting);
    if (log === null) {
      continue;
    }
    it(`detects the settings of the ${setting} log from the pointers alone`, () => {
      const options = { glibc: "auto", recordedWith: null, cpus: null, hostCpus: 64 };
      const { model } = analyse(log, { ...optionsFor(one, setting, []), ...options });
      const { fidelity, inferred, settings } = model ?? fail();
      expect(settings).toEqual(settingsOf(one, setting));
      expect(fidelity.compared - fidelity.equal).toBe(inferred.settingPointers);
    });
  }
  // A cut ends at a sample along the run. Where threads run freely, one may write to its block while it is taken in
  // another's call.
  if (!writesAll(one) || (isCut(one) && !one.meta.deterministic)) {
    return;
  }
  it("predicts RSS and system bytes of every setting to the byte", () => {
    const settings = one.meta.deterministic ? Object.keys(one.meta.settings) : ["default"];
    const whatIfs: ScenarioSpec[] = [];
    const measured: ReturnType<typeof truth>[] = [];
    for (const setting of settings) {
      const env = setting === "default" ? {} : settingsOf(one, setting);
      const { exit, after_trim } = truthOf(one, setting) ?? fail();
      whatIfs.push(scenario(setting, env, false));
      measured.push(truth(setting, exit));
      if (after_trim !== null) {
        whatIfs.push(scenario(`${setting}, trimmed`, env, true));
        measured.push(truth(`${setting}, trimmed`, after_trim));
      }
    }
    const { scenarios } = analyse(
      logOf(one, "default") ?? fail(),
      optionsFor(one, "default", whatIfs),
    );
    expect(scenarios.slice(1).map(figures)).toEqual(measured);
  });
  if (!one.meta.deterministic) {
    return;
  }
  it("predicts RSS to the byte at every sample along the run", () => {
    const { timeline } = truthOf(one, "default") ?? fail();
    const log = withRssSamples(logOf(one, "default") ?? fail(), timeline);
    const { measured } = analyse(log, optionsFor(one, "default", []));
    const samples = measured?.rssSamples ?? fail();
    expect(samples.length).toBe(timeline.length);
    expect(samples.map(({ modelledBytes }) => modelledBytes)).toEqual(
      samples.map(({ bytes }) => bytes),
    );
  });
}

function figures({ name, rss, system, mmapped }: Scenario) {
  return { name, rss: rss.endBytes, system: system.endBytes, mmapped };
}

function truth(name: string, { heap_rss, mallinfo, mmapped }: Sample) {
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
