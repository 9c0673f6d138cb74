import { describe, expect, it } from "vitest";
import {
  ARENA_MAX,
  adoptSetting,
  MMAP_THRESHOLD,
  retractThreshold,
} from "../../src/replay/inferred-settings.ts";
import { process } from "../support/model-driver.ts";

const DEFAULT = 131072;

describe("a limit on arenas that is inferred", () => {
  it("holds from now on", () => {
    const { m } = process("2.36");
    adoptSetting(m, ARENA_MAX, 3);
    expect([m.par.arenaMax, m.arenaLimit]).toEqual([3, 0]);
  });

  it("replaces the limit that was computed from the CPUs", () => {
    const { m } = process("2.36");
    m.arenaLimit = 16;
    adoptSetting(m, ARENA_MAX, 3);
    expect(m.arenaLimit).toBe(3);
  });
});

describe("an mmap threshold that is inferred", () => {
  it("freezes the thresholds, and the trim threshold at its default", () => {
    const { m } = process("2.36");
    // The free of a mapped block has raised both.
    Object.assign(m.par, { mmapThreshold: 200_000, trimThreshold: 400_000 });
    adoptSetting(m, MMAP_THRESHOLD, 65_536);
    expect(m.par).toMatchObject({
      mmapThreshold: 65_536,
      trimThreshold: DEFAULT,
      noDynThreshold: true,
    });
  });

  it("leaves a trim threshold that is set", () => {
    const { m } = process("2.36", { MALLOC_TRIM_THRESHOLD_: "4096" });
    adoptSetting(m, MMAP_THRESHOLD, 65_536);
    expect(m.par).toMatchObject({ mmapThreshold: 65_536, trimThreshold: 4096 });
  });

  it("can be taken back: the thresholds are the defaults, and move again", () => {
    const { m } = process("2.36");
    adoptSetting(m, MMAP_THRESHOLD, 65_536);
    retractThreshold(m);
    expect(m.par).toMatchObject({
      mmapThreshold: DEFAULT,
      trimThreshold: DEFAULT,
      noDynThreshold: false,
    });
  });
});

describe("any setting that is inferred", () => {
  it("changes the limits that are derived from it", () => {
    const { m } = process("2.36");
    adoptSetting(m, "glibc.malloc.tcache_max", 100);
    // Requests of 100 bytes have chunks of 112 bytes, 7 granules.
    expect([m.par.tcacheMaxChunk, m.tcacheMaxGranules]).toEqual([112, 7]);
  });
});
