import { describe, expect, it } from "vitest";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import { resultOf, scenario, UNKNOWN_PROCESS } from "../support/corpus.ts";
import { LoggedProgram } from "../support/model-log.ts";

function trial(name: string, settings: Record<string, string>): ScenarioSpec {
  return { ...scenario(name, settings, false), trial: true };
}

const OPTIONS = {
  ...UNKNOWN_PROCESS,
  glibc: "2.36",
  whatIfs: [scenario("limited", { MALLOC_ARENA_MAX: "1" }, false)],
  trials: [
    trial("freezing", { MALLOC_TRIM_THRESHOLD_: "131072" }),
    trial("lower", { MALLOC_MMAP_THRESHOLD_: "65536" }),
    trial("uncached", { "glibc.malloc.tcache_count": "0" }),
    { ...trial("newer", {}), glibc: "2.39" },
  ],
} as const;

const LARGE = 200_000;

/** The names of the scenarios that are reported of a log, after the recorded run. */
function reported(program: LoggedProgram, recordedWith = {}, glibc = "2.36"): string[] {
  const { model } = resultOf(Buffer.from(program.text), { ...OPTIONS, recordedWith, glibc });
  return (model?.scenarios ?? []).slice(1).map(({ spec }) => spec?.name ?? "");
}

/** Frees a block of `first` bytes, then allocates and frees many large ones below one that stays. */
function largeBlocks(first: number, program = new LoggedProgram("2.36")): LoggedProgram {
  program.malloc(first, "first");
  program.free("first");
  const names = Array.from({ length: 40 }, (_, n) => `${n}`);
  for (const name of names) {
    program.malloc(LARGE, name);
  }
  program.malloc(16, "last");
  program.free(...names);
  return program;
}

describe("trials", () => {
  it("are reported where a free has raised the thresholds, and they help", () => {
    expect(reported(largeBlocks(2 * LARGE))).toEqual(["limited", "freezing", "lower"]);
  });

  it("are reported where large blocks stay, although no free has raised the thresholds", () => {
    const program = new LoggedProgram("2.36");
    const names = Array.from({ length: 400 }, (_, n) => `${n}`);
    for (const name of names) {
      program.malloc(100_000, name);
    }
    program.malloc(16, "last");
    program.free(...names);
    expect(reported(program)).toEqual(["limited", "lower"]);
  });

  it("are not reported where they do not help", () => {
    const program = new LoggedProgram("2.36");
    program.malloc(2 * LARGE, "first");
    program.free("first");
    for (let n = 0; n < 40; n++) {
      program.malloc(LARGE, `${n}`);
    }
    expect(reported(program)).toEqual(["limited"]);
  });

  it("are not tried where the process has set a threshold", () => {
    const settings = { MALLOC_TRIM_THRESHOLD_: "100000000" };
    const program = largeBlocks(2 * LARGE, new LoggedProgram("2.36", settings));
    expect(reported(program, settings)).toEqual(["limited"]);
  });

  it("are reported of several threads, too", () => {
    const program = largeBlocks(2 * LARGE);
    program.thread().malloc(16, "other");
    expect(reported(program)).toEqual(["limited", "freezing", "lower"]);
  });

  it("are reported without caches where these keep the memory below them", () => {
    expect(reported(cachedOnTop("2.43"), {}, "2.43")).toEqual(["limited", "uncached"]);
  });

  it("are left out if the glibc has no such setting", () => {
    expect(reported(cachedOnTop("2.23"), {}, "2.23")).toEqual(["limited"]);
  });
});

/** Frees many blocks, then the small one above them: it is cached where there are caches. */
function cachedOnTop(glibc: string): LoggedProgram {
  const program = new LoggedProgram(glibc);
  const names = Array.from({ length: 2000 }, (_, n) => `${n}`);
  for (const name of names) {
    program.malloc(2000, name);
  }
  program.malloc(16, "last");
  program.free(...names, "last");
  return program;
}
