import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import type { AnalysisOptions } from "../../../src/pipeline/analysis-options.ts";
import type { ScenarioSpec } from "../../../src/replay/scenario-spec.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { CProgram } from "../../support/c-program.ts";
import { analyse, scenario } from "../../support/corpus.ts";

/** Logs of a program that states the pages it never wrote (test/support/holes.c), compared with the RSS that it measured of itself. */

const program = new CProgram("holes");
const glibc = glibcOfThisMachine();

/** null: no glibc, or no compiler */
function glibcOfThisMachine(): string | null {
  try {
    execFileSync("gcc", ["--version"]);
    const [, version] = /glibc (\S+)/.exec(
      execFileSync("getconf", ["GNU_LIBC_VERSION"], { encoding: "utf8" }),
    )!;
    return version ?? null;
  } catch {
    return null;
  }
}

function logOf(seed: number, every: number, source: string, env: Record<string, string> = {}) {
  return execFileSync(program.path, [String(seed), "2500", String(every), source], {
    env,
    maxBuffer: 2 ** 28,
  });
}

function analysed(
  log: Buffer,
  recordedWith: Record<string, string> = {},
  whatIfs: readonly ScenarioSpec[] = [],
): Report {
  const options: AnalysisOptions = {
    model: true,
    whatIfs,
    recordedWith,
    glibc: glibc!,
    cpus: 2,
    hostCpus: 2,
    touch: "facts",
    thp: null,
  };
  return analyse(log, options);
}

const SETTINGS: Record<string, string>[] = [
  {},
  { MALLOC_MMAP_THRESHOLD_: "20000" },
  { MALLOC_TRIM_THRESHOLD_: "4096", MALLOC_TOP_PAD_: "0" },
  { MALLOC_MMAP_MAX_: "0" },
  { MALLOC_PERTURB_: "85" },
];

describe.skipIf(glibc === null)("a log that states its holes", () => {
  beforeAll(() => {
    program.compile("-O2", "-Wall", "-Wextra", "-Werror");
  });

  for (const env of SETTINGS) {
    for (const source of ["pagemap", "writes"]) {
      it(`predicts the RSS at each sample to the page: ${source}, ${JSON.stringify(env)}`, () => {
        for (const seed of [1, 2, 3]) {
          const { measured, model } = analysed(logOf(seed, 10, source, env), env);
          expect(model?.fidelity.firstDivergence).toBeNull();
          const samples = measured?.rssSamples ?? [];
          expect(samples.length).toBe(251);
          expect(samples.map(({ modelledBytes }) => modelledBytes)).toEqual(
            samples.map(({ bytes }) => bytes),
          );
        }
      });
    }
  }

  it("predicts other settings of the same program from the ranges", () => {
    const others = [{ MALLOC_MMAP_THRESHOLD_: "20000" }, { MALLOC_MMAP_MAX_: "0" }];
    const whatIfs = others.map((env, i) => scenario(String(i), env, false));
    const { scenarios } = analysed(logOf(4, 100, "writes"), {}, whatIfs);
    others.forEach((env, i) => {
      const samples = analysed(logOf(4, 100, "writes", env), env).measured?.rssSamples ?? [];
      const real = samples.at(-1)!.bytes;
      // Ranges are whole pages of the recorded run; if a block begins elsewhere in its page, they span one page more. If
      // all counted as written, the error would be 112 % and 10 %.
      const error = (scenarios[i + 1]!.rss.endBytes - real) / real;
      expect(error).toBeGreaterThanOrEqual(0);
      expect(error).toBeLessThan(i === 0 ? 0.06 : 0.01);
    });
  });
});
