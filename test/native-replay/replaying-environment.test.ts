import { describe, expect, test } from "vitest";
import { replayingEnvironment } from "../../src/native-replay/replaying-environment.ts";

const LOG = { recorded: null, cpus: 2, arenas: 3, glibc: "2.36" } as const;

describe("the environment of a replay", () => {
  test("has variables as they are, and tunables in one", () => {
    const settings = {
      MALLOC_TRIM_THRESHOLD_: "4096",
      "glibc.malloc.tcache_count": "0",
      "glibc.malloc.mxfast": "32",
    };
    expect(replayingEnvironment({ ...LOG, settings })).toEqual({
      MALLOC_TRIM_THRESHOLD_: "4096",
      GLIBC_TUNABLES: "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=32",
      MALLOC_ARENA_MAX: "16",
    });
  });

  test("has the recorded text of GLIBC_TUNABLES unless a tunable has changed", () => {
    const settings = { "glibc.malloc.tcache_count": "0" };
    const tunables = "glibc.rtld.nns=4:glibc.malloc.tcache_count=0";
    const recorded = { settings, tunables };
    expect(replayingEnvironment({ ...LOG, settings, recorded }).GLIBC_TUNABLES).toBe(tunables);
    const changed = { "glibc.malloc.tcache_count": "3" };
    expect(replayingEnvironment({ ...LOG, settings: changed, recorded }).GLIBC_TUNABLES).toBe(
      "glibc.malloc.tcache_count=3",
    );
  });

  test.each([
    ["eight for each CPU", { cpus: 4 }, "32"],
    ["one for each CPU since 2.44, and as many as arena_test", { cpus: 12, glibc: "2.44" }, "12"],
    ["at least arena_test since 2.44", { cpus: 2, glibc: "2.44" }, "8"],
    ["those of the model, where CPUs are not known", { cpus: null, arenas: 28 }, "28"],
    ["never fewer than 8", { cpus: null }, "8"],
    ["the version's own, where it is not known", { glibc: "9.9" }, undefined],
    ["a setting's", { settings: { MALLOC_ARENA_MAX: "3" } }, "3"],
    ["a tunable's", { settings: { "glibc.malloc.arena_max": "3" } }, undefined],
  ])("limits arenas: %s", (_, given, limit) => {
    const env = replayingEnvironment({ ...LOG, settings: {}, ...given });
    expect(env.MALLOC_ARENA_MAX).toBe(limit);
  });
});
