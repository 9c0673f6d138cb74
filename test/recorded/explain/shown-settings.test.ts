import { describe, expect, it } from "vitest";
import { TRUSTED_RATIO } from "../../../src/insight/verdict.ts";
import type { ScenarioSpec } from "../../../src/replay/scenario-spec.ts";
import type { ModelSummary, Report } from "../../../src/report/report.ts";
import { analyse, scenario } from "../../support/corpus.ts";
import { realGlibc, runReal } from "../../support/glibc-driver.ts";
import { MAIN, type Step } from "../../support/glibc-program.ts";
import { logOfRun, type ProgramShape, program } from "../../support/real-log.ts";

/**
 * Settings that nobody told of, out of the pointers that this machine's glibc handed out under them: the logs are as
 * a simple hook writes them.
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
  // Told, since another version would explain so short a log as well.
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

describe.skipIf(!glibc.available)("settings that the log does not tell", () => {
  it.each([ONE_THREAD, FOUR_THREADS, SMALL_BLOCKS])(
    "are glibc's defaults where all fits: %o",
    (shape) => {
      const { settings, settingsSource, inferred, fidelity } = modelOf({}, shape);
      expect(settings).toEqual({});
      expect(settingsSource).toEqual({});
      expect(inferred.settingPointers).toBe(0);
      expect(fidelity.ratio).toBe(1);
    },
  );

  it("are not read out of a realloc, which stays in its block's arena whoever calls", () => {
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
  ])("show in the pointers: %o", (env, shape, found) => {
    const { settings, settingsSource, inferred, fidelity } = modelOf(env, shape);
    expect(settings).toEqual(found);
    expect(new Set(Object.values(settingsSource))).toEqual(new Set(["detected"]));
    expect(inferred.settingPointers).toBeGreaterThan(0);
    // All pointers come right, but those that told are not counted as foreseen.
    expect(fidelity.compared - fidelity.equal).toBe(inferred.settingPointers);
  });

  it("are told as a range where the pointers leave them open", () => {
    const { settingsRange } = modelOf({ MALLOC_MMAP_THRESHOLD_: "65536" }, ONE_THREAD);
    const { from, to } = settingsRange.MALLOC_MMAP_THRESHOLD_ ?? { from: 0, to: 0 };
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(65536);
    expect(to).toBeGreaterThanOrEqual(65536);
  });

  it("name the others that freeze the mmap threshold at its default", () => {
    const { settings, settingsOrElse } = modelOf({ MALLOC_TRIM_THRESHOLD_: "4096" }, ONE_THREAD);
    expect(settings).toEqual({ MALLOC_MMAP_THRESHOLD_: "131072" });
    expect(settingsOrElse.MALLOC_MMAP_THRESHOLD_).toContain("MALLOC_TRIM_THRESHOLD_");
  });

  it.each<[env: Record<string, string>, told: Record<string, string>]>([
    [{ MALLOC_ARENA_MAX: "2" }, { MALLOC_ARENA_MAX: "2" }],
    [tunables("glibc.malloc.tcache_count=0"), { "glibc.malloc.tcache_count": "0" }],
  ])("hold for the what-ifs, too: %o", (env, told) => {
    const whatIfs = [
      scenario("trimmed", {}, true),
      scenario("trim_threshold", { MALLOC_TRIM_THRESHOLD_: "4096" }, false),
      scenario("tcache_count", { "glibc.malloc.tcache_count": "4" }, false),
    ];
    const figures = ({ scenarios }: Report) =>
      scenarios.map(({ name, settings, rss, system }) => ({ name, settings, rss, system }));
    const found = reportOf(env, FOUR_THREADS, null, whatIfs);
    expect(figures(found)).toEqual(figures(reportOf(env, FOUR_THREADS, told, whatIfs)));
  });

  it("are taken back, in the what-ifs too, where no value explains all", () => {
    const base = 0x55d0_0000_0000;
    const lines = [`# glibc 2.36`, `# heap 0x${base.toString(16)}`];
    const malloc = (bytes: number, pointer: number) =>
      lines.push(`7 0.1 malloc(${bytes}) = 0x${pointer.toString(16)}`);
    let top = base + 0x2a0;
    const manySmall = () => {
      for (let i = 0; i < 40_000; i++, top += 0x20) {
        malloc(24, top);
      }
    };
    // Too many for a MALLOC_TOP_PAD_ to be looked for, which would explain the next one, too.
    manySmall();
    // On top, which shows a threshold; a batch later mapped, though smaller; then one that only the threshold put on top.
    malloc(200_000, top);
    top += 200_016;
    manySmall();
    malloc(150_000, 0x7f12_0000_0010);
    manySmall();
    malloc(140_000, 0x7f11_fff0_0010);
    const whatIfs = [scenario("as it is", { "glibc.malloc.tcache_count": "7" }, false)];
    const { model, scenarios } = analyse(Buffer.from(`${lines.join("\n")}\n`), {
      model: true,
      whatIfs,
      recordedWith: null,
      glibc: "2.36",
      cpus: null,
      hostCpus: 64,
      touch: "all",
      thp: null,
    });
    expect(model?.settings).toEqual({});
    expect(scenarios[0]?.mmapped.blocks).toBe(2);
    expect(scenarios[1]?.mmapped.blocks).toBe(2);
  });

  it("are left alone where the user says what was set", () => {
    const { settings, settingsSource, fidelity } = modelOf(
      { MALLOC_ARENA_MAX: "1" },
      FOUR_THREADS,
      {
        MALLOC_ARENA_MAX: "4",
      },
    );
    expect(settings).toEqual({ MALLOC_ARENA_MAX: "4" });
    expect(settingsSource).toEqual({ MALLOC_ARENA_MAX: "given" });
    // Blocks are put where the log has them, and so most come right again; but the report still warns of its figures.
    expect(fidelity.ratio).toBeLessThan(TRUSTED_RATIO);
    const untold = modelOf({ MALLOC_ARENA_MAX: "1" }, FOUR_THREADS);
    expect(untold.fidelity.ratio).toBeGreaterThan(0.99);
  });
});
