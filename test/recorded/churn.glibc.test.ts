import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type Stripping, strip } from "../../fixtures/strip.ts";
import { PointerWitness } from "../../src/replay/pointers/pointer-witness.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { CProgram } from "../support/c-program.ts";
import { analyse, scenario } from "../support/corpus.ts";
import { realGlibc } from "../support/glibc-driver.ts";

/**
 * Real logs of a program whose threads start and end all the time (test/support/churn.c). If two threads end at once, the
 * order of their thread_exit lines does not show which arena becomes free first.
 */
const program = new CProgram("churn");
const glibc = realGlibc();

if (!glibc.available) {
  it.skip(`threads that start and end: ${glibc.reason}`);
}

interface Recorded {
  readonly log: string;
  readonly rssBytes: number;
}

/** 32 threads at a time, 256 in all. Each leaves `left` blocks to others, and ends up to `pause` µs after its thread_exit line. */
function record(left: number, pause: number, env: Record<string, string> = {}): Recorded {
  const args = [4, 32, 250, left, pause].map(String);
  const { status, stdout, stderr } = spawnSync(program.path, args, {
    env,
    encoding: "latin1",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) {
    throw new Error(`churn ended with ${status}`);
  }
  return { log: stdout, rssBytes: Number(stderr) };
}

/** A what-if that changes nothing for blocks as small as these. */
const UNCHANGED = scenario("unchanged", { MALLOC_MMAP_THRESHOLD_: "131072" }, false);

function analysed(log: string, recordedWith: Record<string, string> = {}): Report {
  return analyse(Buffer.from(log, "latin1"), {
    model: true,
    whatIfs: [UNCHANGED],
    recordedWith,
    glibc: glibc.available ? glibc.glibc : "auto",
    cpus: null,
    hostCpus: 2,
    touch: "all",
    thp: null,
  });
}

/** The report without the arenas that pointers show. */
function analysedBlindly(log: string, recordedWith: Record<string, string> = {}): Report {
  const blind = vi.spyOn(PointerWitness.prototype, "arenaShown").mockReturnValue(null);
  try {
    return analysed(log, recordedWith);
  } finally {
    blind.mockRestore();
  }
}

const fidelityOf = ({ model }: Report) => model?.fidelity.ratio ?? Number.NaN;
const rssOf = ({ scenarios }: Report) => scenarios.map(({ rss }) => rss.endBytes);

describe.skipIf(!glibc.available)("threads that start and end", () => {
  beforeAll(() => {
    program.compile("-O1", "-fno-builtin", "-w", "-pthread");
  });

  describe("whose exits race", () => {
    /** One arena per thread, so that the flush of a tcache shows in no other thread. */
    const ARENAS = { MALLOC_ARENA_MAX: "64" };
    let recorded: Recorded;
    beforeAll(() => {
      recorded = record(0, 255, ARENAS);
    });

    it.each<Stripping[][]>([[[]], [["cut"]]])("get the arenas that pointers show: %o", (what) => {
      const log = strip(recorded.log, what);
      const report = analysed(log, ARENAS);
      expect(fidelityOf(report)).toBeGreaterThanOrEqual(0.99);
      expect(fidelityOf(analysedBlindly(log, ARENAS))).toBeLessThan(0.99);
      for (const bytes of rssOf(report)) {
        expect(Math.abs(bytes / recorded.rssBytes - 1)).toBeLessThan(0.01);
      }
    });

    it("mismatch nowhere else, and each pointer that showed an arena counts as a mismatch", () => {
      const { model } = analysed(recorded.log, ARENAS);
      const { compared, equal } = model?.fidelity ?? fail();
      expect(model?.inferred.arenaChoices).toBeGreaterThan(20);
      expect(compared - equal).toBe(model?.inferred.arenaChoices);
    });
  });

  it("match more pointers with these arenas if they share arenas, too", () => {
    // How far RSS is off depends on how the threads raced: between 0 and 2 % of the measured one.
    const { log } = record(0, 255);
    expect(fidelityOf(analysed(log))).toBeGreaterThan(fidelityOf(analysedBlindly(log)));
  });

  it("have the measured RSS if they leave blocks to one another", () => {
    const { log, rssBytes } = record(4, 0);
    const report = analysed(log);
    expect(fidelityOf(report)).toBeGreaterThanOrEqual(0.98);
    expect(Math.abs(rssOf(report)[0]! / rssBytes - 1)).toBeLessThan(0.01);
  });
});

function fail(): never {
  throw new Error("no model");
}
