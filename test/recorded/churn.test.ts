import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type Stripping, strip } from "../../fixtures/strip.ts";
import { PointerWitness } from "../../src/replay/pointers/pointer-witness.ts";
import type { Report } from "../../src/report/report.ts";
import { CProgram } from "../support/c-program.ts";
import { analyse, scenario } from "../support/corpus.ts";
import { realGlibc } from "../support/glibc-driver.ts";

/**
 * Real logs of a program whose threads come and go (test/support/churn.c). Which of two threads that end at a time gives
 * its arena up first, is decided behind the lines that tell of their exits.
 */
const program = new CProgram("churn");
const glibc = realGlibc();

if (!glibc.available) {
  it.skip(`threads that come and go: ${glibc.reason}`);
}

interface Recorded {
  readonly log: string;
  readonly rssBytes: number;
}

/** 32 threads at a time, 256 in all; each leaves `left` blocks to others, and ends up to `pause` µs after it said so. */
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

/** The report as it was if no pointer showed its thread's arena. */
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

describe.skipIf(!glibc.available)("threads that come and go", () => {
  beforeAll(() => {
    program.compile("-O1", "-fno-builtin", "-w", "-pthread");
  });

  describe("whose exits race", () => {
    /** An arena for each thread, so that nobody sees another's cache being emptied. */
    const ARENAS = { MALLOC_ARENA_MAX: "64" };
    let recorded: Recorded;
    beforeAll(() => {
      recorded = record(0, 255, ARENAS);
    });

    it.each<Stripping[][]>([[[]], [["cut"]]])("have the arenas that pointers show: %o", (what) => {
      const log = strip(recorded.log, what);
      const report = analysed(log, ARENAS);
      expect(fidelityOf(report)).toBeGreaterThanOrEqual(0.99);
      expect(fidelityOf(analysedBlindly(log, ARENAS))).toBeLessThan(0.99);
      for (const bytes of rssOf(report)) {
        expect(Math.abs(bytes / recorded.rssBytes - 1)).toBeLessThan(0.01);
      }
    });

    it("go wrong nowhere else, and each of these is counted, and not as foreseen", () => {
      const { model } = analysed(recorded.log, ARENAS);
      const { compared, equal } = model?.fidelity ?? fail();
      expect(model?.inferred.arenaChoices).toBeGreaterThan(20);
      expect(compared - equal).toBe(model?.inferred.arenaChoices);
    });
  });

  it("are the better for it where they share arenas, too", () => {
    const { log, rssBytes } = record(0, 255);
    expect(fidelityOf(analysed(log))).toBeGreaterThan(fidelityOf(analysedBlindly(log)));
    expect(Math.abs(rssOf(analysed(log))[0]! / rssBytes - 1)).toBeLessThan(0.01);
  });

  it("are followed as before where no line tells of exits: wrong pointers show these", () => {
    const untold = strip(record(0, 255).log, ["events"]);
    const report = analysed(untold);
    expect(report.model?.inferred.arenaChoices).toBe(0);
    expect(fidelityOf(report)).toBe(fidelityOf(analysedBlindly(untold)));
  });

  it("leave blocks to one another, and end as they do", () => {
    const { log, rssBytes } = record(4, 0);
    const report = analysed(log);
    expect(fidelityOf(report)).toBeGreaterThanOrEqual(0.98);
    expect(Math.abs(rssOf(report)[0]! / rssBytes - 1)).toBeLessThan(0.01);
  });
});

function fail(): never {
  throw new Error("no model");
}
