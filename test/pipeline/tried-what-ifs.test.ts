import { describe, expect, it } from "vitest";
import { resultOf, scenario, UNKNOWN_PROCESS } from "../support/corpus.ts";
import { LoggedProgram } from "../support/model-log.ts";

const OPTIONS = {
  ...UNKNOWN_PROCESS,
  glibc: "2.36",
  whatIfs: [scenario("limited", { MALLOC_ARENA_MAX: "1" }, false)],
  whatIfsOnRaise: [
    { ...scenario("freezing", { MALLOC_TRIM_THRESHOLD_: "131072" }, false), trial: "always" },
    { ...scenario("lower", { MALLOC_MMAP_THRESHOLD_: "65536" }, false), trial: "ofOneThread" },
  ],
} as const;

const LARGE = 200_000;

/** The names of the scenarios that are reported of a log, after the recorded run. */
function reported(program: LoggedProgram, recordedWith = {}): string[] {
  const { model } = resultOf(Buffer.from(program.text), { ...OPTIONS, recordedWith });
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

  it("are not reported where no free has raised the thresholds", () => {
    const program = new LoggedProgram("2.36");
    const names = Array.from({ length: 400 }, (_, n) => `${n}`);
    for (const name of names) {
      program.malloc(100_000, name);
    }
    program.malloc(16, "last");
    program.free(...names);
    expect(reported(program)).toEqual(["limited"]);
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

  it("of one thread are given up when another calls", () => {
    const program = largeBlocks(2 * LARGE);
    program.thread().malloc(16, "other");
    expect(reported(program)).toEqual(["limited", "freezing"]);
  });
});
