import { describe, expect, it } from "vitest";
import { UNKNOWN_CPUS } from "../../src/ptmalloc/ptmalloc.ts";
import {
  modelFor,
  parFor,
  type RecordedProcess,
  SettingRefused,
} from "../../src/replay/recorded-process.ts";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import { originOf } from "../support/prepared-log.ts";

const SPEC: ScenarioSpec = {
  name: "scenario",
  settings: {},
  trim: "never",
  glibc: null,
  cpus: null,
};

const RECORDED = originOf("2.36", { MALLOC_TOP_PAD_: "4096", MALLOC_ARENA_MAX: "3" }, 4);

describe("the parameters of a scenario", () => {
  it("are those of the recorded process without one", () => {
    const { par, profile } = parFor(RECORDED, null);
    expect([par.topPad, par.arenaMax, profile.name]).toEqual([4096, 3, "2.36"]);
  });

  it("have the scenario's settings on top", () => {
    const { par, settings } = parFor(RECORDED, { ...SPEC, settings: { MALLOC_TOP_PAD_: "0" } });
    expect([par.topPad, par.arenaMax]).toEqual([0, 3]);
    expect(settings).toEqual({ MALLOC_TOP_PAD_: "0", MALLOC_ARENA_MAX: "3" });
  });

  it("are those of the scenario's glibc", () => {
    const { par, profile } = parFor(originOf("2.36"), { ...SPEC, glibc: "2.43" });
    // Since 2.43 a tcache bin holds 16 chunks, and there are no fastbins.
    expect([profile.name, par.tcacheCount, par.maxFast]).toEqual(["2.43", 16, 0]);
  });

  it("are an error if the glibc refuses a setting", () => {
    const settings = { "glibc.malloc.tcache_count": "3" };
    const refusal = (recorded: RecordedProcess, spec: ScenarioSpec | null) => {
      try {
        parFor(recorded, spec);
      } catch (error) {
        return error instanceof SettingRefused ? [error.scenario, error.message] : error;
      }
      return null;
    };
    const message = "glibc 2.23 has no glibc.malloc.tcache_count";
    expect(refusal(originOf("2.23"), { ...SPEC, settings })).toEqual(["scenario", message]);
    expect(refusal(originOf("2.23", settings), null)).toEqual([null, message]);
    expect(refusal(originOf("2.36", settings), SPEC)).toBeNull();
  });
});

describe("a fresh model", () => {
  it("has the CPUs of the scenario, else of the recorded process, else unknown ones", () => {
    const unknown = originOf("2.36", {}, null);
    expect(modelFor(RECORDED, { ...SPEC, cpus: 8 }).cpus).toBe(8);
    expect(modelFor(RECORDED, SPEC).cpus).toBe(4);
    expect(modelFor(unknown, SPEC).cpus).toBe(UNKNOWN_CPUS);
  });

  it("has huge pages if the recorded machine gave them to all memory", () => {
    const hugePages = (thp: RecordedProcess["thp"]) =>
      modelFor({ ...RECORDED, thp }, null).hugePages;
    expect([hugePages("always"), hugePages("madvise"), hugePages("never")]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("begins above the copy of GLIBC_TUNABLES that ld.so makes up to 2.34 (trap T21)", () => {
    const settings = { "glibc.malloc.tcache_count": "3", "glibc.malloc.mxfast": "0" };
    const text = "GLIBC_TUNABLES=glibc.malloc.tcache_count=3:glibc.malloc.mxfast=0";
    expect(modelFor(originOf("2.31", settings), null).brk).toBe(text.length + 1);
    expect(modelFor(originOf("2.36", settings), null).brk).toBe(0);
    expect(modelFor(originOf("2.31", { MALLOC_TOP_PAD_: "0" }), null).brk).toBe(0);
  });

  it("begins there even for tunables that are not malloc's", () => {
    const origin = { ...originOf("2.31"), tunables: "glibc.rtld.nns=8" };
    const copied = "GLIBC_TUNABLES=glibc.rtld.nns=8\0".length;
    expect(modelFor(origin, null).brk).toBe(copied);
    expect(modelFor(origin, { ...SPEC, settings: { MALLOC_TOP_PAD_: "0" } }).brk).toBe(copied);
    const settings = { "glibc.malloc.tcache_count": "3" };
    const own = "GLIBC_TUNABLES=glibc.malloc.tcache_count=3\0".length;
    expect(modelFor(origin, { ...SPEC, settings }).brk).toBe(own);
  });
});
