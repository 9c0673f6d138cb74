import { expect, it } from "vitest";
import { settingNames, tunableOf as tunableOfModel } from "../../../src/ptmalloc/settings.ts";
import { environmentOf, tunableOf } from "../../../src/report/what-to-type/environment.ts";
import { scenario } from "../../support/report-builder.ts";

type Settings = Record<string, string>;

function environment(recorded: Settings, whatIf: Settings, stated: string | null = null) {
  return environmentOf(
    scenario("what if", { settings: { ...recorded, ...whatIf } }),
    scenario("as recorded", { settings: recorded }),
    stated,
  );
}

it("repeats the recorded run's variables for a new process, and changes the others of one that keeps its own", () => {
  expect(environment({ MALLOC_TOP_PAD_: "0" }, { MALLOC_ARENA_MAX: "1" })).toEqual({
    all: [
      ["MALLOC_TOP_PAD_", "0"],
      ["MALLOC_ARENA_MAX", "1"],
    ],
    changed: [["MALLOC_ARENA_MAX", "1"]],
  });
});

it("changes nothing that is set already", () => {
  expect(environment({ MALLOC_ARENA_MAX: "1" }, { MALLOC_ARENA_MAX: "1" }).changed).toEqual([]);
  expect(environment({ MALLOC_ARENA_MAX: "4" }, { MALLOC_ARENA_MAX: "1" }).changed).toEqual([
    ["MALLOC_ARENA_MAX", "1"],
  ]);
});

it("repeats all tunables when one changes, those of other parts of glibc too", () => {
  const recorded = { "glibc.malloc.tcache_count": "0" };
  const stated = "glibc.malloc.tcache_count=0:glibc.rtld.nns=8:broken:a=b=c";
  expect(environment(recorded, { "glibc.malloc.arena_max": "1" }, stated).changed).toEqual([
    ["GLIBC_TUNABLES", "glibc.rtld.nns=8:glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1"],
  ]);
  expect(environment(recorded, { "glibc.malloc.tcache_count": "7" }, stated).changed).toEqual([
    ["GLIBC_TUNABLES", "glibc.rtld.nns=8:glibc.malloc.tcache_count=7"],
  ]);
  expect(environment(recorded, { MALLOC_TOP_PAD_: "0" }, stated).changed).toEqual([
    ["MALLOC_TOP_PAD_", "0"],
  ]);
});

it("sets a tunable where the recorded process has one of that meaning, since it overrides the variable", () => {
  const recorded = { "glibc.malloc.arena_max": "4", "glibc.malloc.mxfast": "0" };
  expect(environment(recorded, { MALLOC_ARENA_MAX: "1" }).changed).toEqual([
    ["GLIBC_TUNABLES", "glibc.malloc.arena_max=1:glibc.malloc.mxfast=0"],
  ]);
});

it("names tunables as the model does", () => {
  for (const name of settingNames()) {
    expect(tunableOf(name)).toBe(tunableOfModel(name));
  }
});
