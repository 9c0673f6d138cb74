import { describe, expect, it } from "vitest";
import { TRUSTED_RATIO } from "../../src/insight/evidence/grade.ts";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import type { ModelSummary, Report } from "../../src/report/contract/report.ts";
import { analyse, scenario } from "../support/corpus.ts";
import { realGlibc, runReal } from "../support/glibc-driver.ts";
import { MAIN, type Step } from "../support/glibc-program.ts";
import { logOfRun, type ProgramShape, program } from "../support/real-log.ts";

/**
 * Settings inferred from the pointers that this machine's glibc returned under them. The logs are those of a simple hook,
 * which states no settings.
 */
const glibc = realGlibc();
const ONE_THREAD: ProgramShape = { seed: 7, calls: 16000, workers: 0, large: 0.02 };
const FOUR_THREADS: ProgramShape = { ...ONE_THREAD, workers: 3 };
const SMALL_BLOCKS: ProgramShape = { ...ONE_THREAD, large: 0 };

function modelOf(...given: Parameters<typeof reportOf>): ModelSummary {
  const { model } = reportOf(...given);
  if (model === null) {
    throw new Error("no model");
  }
  return model;
}

function reportOf(
  env: Record<string, string>,
  shape: ProgramShape,
  recordedWith: Record<string, string> | null = null,
  whatIfs: readonly ScenarioSpec[] = [],
): Report {
  return reportOfRun(env, program(shape), recordedWith, whatIfs);
}

function modelOfRun(env: Record<string, string>, steps: readonly Step[]): ModelSummary {
  // Given: another version would explain so short a log, too.
  const version = glibc.available ? glibc.glibc : "auto";
  const { model } = reportOfRun(env, steps, null, [], version);
  if (model === null) {
    throw new Error("no model");
  }
  return model;
}

function reportOfRun(
  env: Record<string, string>,
  steps: readonly Step[],
  recordedWith: Record<string, string> | null,
  whatIfs: readonly ScenarioSpec[],
  version = "auto",
): Report {
  const [run] = runReal([{ steps }], { env });
  if (run === undefined) {
    throw new Error("no run");
  }
  return analyse(logOfRun(run), {
    model: true,
    whatIfs,
    recordedWith,
    glibc: version,
    cpus: null,
    hostCpus: 64,
    touch: "all",
    thp: null,
  });
}

if (!glibc.available) {
  it.skip(`settings from real pointers: ${glibc.reason}`);
}

describe.skipIf(!glibc.available)("settings that the log does not state", () => {
  it.each([ONE_THREAD, FOUR_THREADS, SMALL_BLOCKS])(
    "are the defaults if every pointer matches under them: %o",
    (shape) => {
      const { settings, settingsSource, inferred, fidelity } = modelOf({}, shape);
      expect(settings).toEqual({});
      expect(settingsSource).toEqual({});
      expect(inferred.settingPointers).toBe(0);
      expect(fidelity.ratio).toBe(1);
    },
  );

  it("are not inferred from a realloc, whose block stays in its arena whichever thread calls", () => {
    const step = (op: Step["op"], thread: number, slot: number, size: number): Step => {
      return { op, thread, slot, size, align: 0 };
    };
    const steps = Array.from({ length: 40 }, (_, slot) => step("malloc", MAIN, slot, 2000));
    for (const thread of [1, 2, 3]) {
      steps.push(step("threadStart", MAIN, thread, 0), step("realloc", thread, thread, 1900));
      for (let i = 0; i < 20; i++) {
        steps.push(step("malloc", thread, 100 * thread + i, 50 + i));
      }
    }
    const { settings, fidelity } = modelOfRun({}, steps);
    expect(settings).toEqual({});
    expect(fidelity.ratio).toBe(1);
  });

  const tunables = (text: string) => ({ GLIBC_TUNABLES: text });
  it.each<[env: Record<string, string>, shape: ProgramShape, found: Record<string, string>]>([
    [{ MALLOC_ARENA_MAX: "1" }, FOUR_THREADS, { MALLOC_ARENA_MAX: "1" }],
    [{ MALLOC_ARENA_MAX: "2" }, FOUR_THREADS, { MALLOC_ARENA_MAX: "2" }],
    [{ MALLOC_ARENA_MAX: "3" }, FOUR_THREADS, { MALLOC_ARENA_MAX: "3" }],
    [{ MALLOC_MMAP_THRESHOLD_: "65536" }, ONE_THREAD, { MALLOC_MMAP_THRESHOLD_: "65536" }],
    [{ MALLOC_MMAP_THRESHOLD_: "1048576" }, ONE_THREAD, { MALLOC_MMAP_THRESHOLD_: "1048576" }],
    [{ MALLOC_MMAP_THRESHOLD_: "131072" }, ONE_THREAD, { MALLOC_MMAP_THRESHOLD_: "131072" }],
    [{ MALLOC_TOP_PAD_: "1048576" }, FOUR_THREADS, { MALLOC_TOP_PAD_: "1048576" }],
    [tunables("glibc.malloc.tcache_count=0"), ONE_THREAD, { "glibc.malloc.tcache_count": "0" }],
    [tunables("glibc.malloc.tcache_count=3"), FOUR_THREADS, { "glibc.malloc.tcache_count": "3" }],
    [tunables("glibc.malloc.tcache_count=20"), SMALL_BLOCKS, { "glibc.malloc.tcache_count": "20" }],
    [tunables("glibc.malloc.mxfast=0"), SMALL_BLOCKS, { "glibc.malloc.mxfast": "0" }],
    [
      {
        ...tunables("glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0"),
        MALLOC_ARENA_MAX: "2",
        MALLOC_MMAP_THRESHOLD_: "65536",
      },
      FOUR_THREADS,
      {
        "glibc.malloc.tcache_count": "0",
        "glibc.malloc.mxfast": "0",
        MALLOC_ARENA_MAX: "2",
        MALLOC_MMAP_THRESHOLD_: "65536",
      },
    ],
  ])("are inferred from the pointers: %o", (env, shape, found) => {
    const { settings, settingsSource, inferred, fidelity } = modelOf(env, shape);
    expect(settings).toEqual(found);
    expect(new Set(Object.values(settingsSource))).toEqual(new Set(["detected"]));
    expect(inferred.settingPointers).toBeGreaterThan(0);
    // All pointers match; those that showed a setting count as mismatches.
    expect(fidelity.compared - fidelity.equal).toBe(inferred.settingPointers);
  });

  it("have a range where the pointers leave the value open", () => {
    const { settingsRange } = modelOf({ MALLOC_MMAP_THRESHOLD_: "65536" }, ONE_THREAD);
    const { from, to } = settingsRange.MALLOC_MMAP_THRESHOLD_ ?? { from: 0, to: 0 };
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(65536);
    expect(to).toBeGreaterThanOrEqual(65536);
  });

  it("name the other settings that freeze the mmap threshold at its default", () => {
    const { settings, settingsOrElse } = modelOf({ MALLOC_TRIM_THRESHOLD_: "4096" }, ONE_THREAD);
    expect(settings).toEqual({ MALLOC_MMAP_THRESHOLD_: "131072" });
    expect(settingsOrElse.MALLOC_MMAP_THRESHOLD_).toContain("MALLOC_TRIM_THRESHOLD_");
  });

  it.each<[env: Record<string, string>, given: Record<string, string>]>([
    [{ MALLOC_ARENA_MAX: "2" }, { MALLOC_ARENA_MAX: "2" }],
    [tunables("glibc.malloc.tcache_count=0"), { "glibc.malloc.tcache_count": "0" }],
  ])("hold for the what-ifs, too: %o", (env, given) => {
    const whatIfs = [
      scenario("trimmed", {}, true),
      scenario("trim_threshold", { MALLOC_TRIM_THRESHOLD_: "4096" }, false),
      scenario("tcache_count", { "glibc.malloc.tcache_count": "4" }, false),
    ];
    const figures = ({ scenarios }: Report) =>
      scenarios.map(({ name, settings, rss, system }) => ({ name, settings, rss, system }));
    const found = reportOf(env, FOUR_THREADS, null, whatIfs);
    expect(figures(found)).toEqual(figures(reportOf(env, FOUR_THREADS, given, whatIfs)));
  });

  it("are not inferred if the user states them", () => {
    const { settings, settingsSource, fidelity } = modelOf(
      { MALLOC_ARENA_MAX: "1" },
      FOUR_THREADS,
      {
        MALLOC_ARENA_MAX: "4",
      },
    );
    expect(settings).toEqual({ MALLOC_ARENA_MAX: "4" });
    expect(settingsSource).toEqual({ MALLOC_ARENA_MAX: "given" });
    // Blocks move to their logged places, so most pointers match again; the report still warns about its figures.
    expect(fidelity.ratio).toBeLessThan(TRUSTED_RATIO);
    const inferred = modelOf({ MALLOC_ARENA_MAX: "1" }, FOUR_THREADS);
    expect(inferred.fidelity.ratio).toBeGreaterThan(0.99);
  });
});
