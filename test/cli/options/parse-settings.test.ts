import { describe, expect, test } from "vitest";
import { DEFAULT_WHAT_IFS } from "../../../src/cli/options/model-options.ts";
import { parseRecordedWith, parseScenario } from "../../../src/cli/options/parse-settings.ts";

const plain = { settings: {}, trim: "never", glibc: null, cpus: null };

describe("parseScenario", () => {
  test("one variable", () => {
    expect(parseScenario("MALLOC_ARENA_MAX=1", "2.36")).toEqual({
      ok: { ...plain, name: "MALLOC_ARENA_MAX=1", settings: { MALLOC_ARENA_MAX: "1" } },
    });
  });

  test("settings and mallog's own names; spaces around commas are not part of the scenario's name", () => {
    const text = "MALLOC_ARENA_MAX=1, malloc_trim=30s ,glibc=2.41,cpus=4";
    expect(parseScenario(text, "2.36")).toEqual({
      ok: {
        name: "MALLOC_ARENA_MAX=1,malloc_trim=30s,glibc=2.41,cpus=4",
        settings: { MALLOC_ARENA_MAX: "1" },
        trim: { everySeconds: 30 },
        glibc: "2.41",
        cpus: 4,
      },
    });
  });

  test("malloc_trim=end", () => {
    expect(parseScenario("malloc_trim=end", "auto")).toEqual({
      ok: { ...plain, name: "malloc_trim=end", trim: "end" },
    });
  });

  test("tunables, bare and as GLIBC_TUNABLES", () => {
    const settings = { "glibc.malloc.tcache_count": "0", "glibc.malloc.mxfast": "0" };
    for (const text of [
      "glibc.malloc.tcache_count=0,glibc.malloc.mxfast=0",
      "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
    ]) {
      expect(parseScenario(text, "2.36")).toEqual({ ok: { ...plain, name: text, settings } });
    }
  });

  test("the settings keep their order", () => {
    const parsed = parseScenario("MALLOC_TOP_PAD_=0,MALLOC_ARENA_MAX=2", "2.36");
    expect("ok" in parsed && Object.keys(parsed.ok.settings)).toEqual([
      "MALLOC_TOP_PAD_",
      "MALLOC_ARENA_MAX",
    ]);
  });

  test("every default what-if, on old and new versions", () => {
    for (const text of DEFAULT_WHAT_IFS) {
      expect(parseScenario(text, "auto")).toMatchObject({ ok: { name: text } });
      expect(parseScenario(text, "2.17")).toMatchObject({ ok: { name: text } });
    }
  });

  test.each([
    ["", "2.36", "no setting given"],
    ["MALLOC_ARENA_MAX", "2.36", '"MALLOC_ARENA_MAX" is not of the form NAME=VALUE'],
    ["MALLOC_ARENA_MAX=", "2.36", '"MALLOC_ARENA_MAX=" is not of the form NAME=VALUE'],
    ["MALLOC_ARENA_MAX=1,", "2.36", '"" is not of the form NAME=VALUE'],
    ["MALLOC_ARENA_MAX=1,MALLOC_ARENA_MAX=2", "2.36", "MALLOC_ARENA_MAX is given twice"],
    [
      "MALLOC_ARENA_MAX=1,glibc.malloc.arena_max=3",
      "2.36",
      "glibc.malloc.arena_max is given twice, first as MALLOC_ARENA_MAX",
    ],
    [
      "GLIBC_TUNABLES=glibc.malloc.trim_threshold=0,MALLOC_TRIM_THRESHOLD_=0",
      "2.36",
      "MALLOC_TRIM_THRESHOLD_ is given twice, first as glibc.malloc.trim_threshold",
    ],
    ["MALLOC_TRIM_THRESHOLD=0,MALLOC_TRIM_THRESHOLD_=0", "2.36", "did you mean"],
    ["GLIBC_TUNABLES=arena", "2.36", 'GLIBC_TUNABLES: "arena" is not of the form NAME=VALUE'],
    ["MALLOC_TRIM_THRESHOLD=0", "2.36", "did you mean MALLOC_TRIM_THRESHOLD_?"],
    ["malloc_arena_max=1", "2.36", "did you mean MALLOC_ARENA_MAX?"],
    ["ARENA_MAX=1", "2.36", "unknown setting ARENA_MAX (did you mean MALLOC_ARENA_MAX?)"],
    ["TRIM_THRESHOLD=1", "2.36", "did you mean MALLOC_TRIM_THRESHOLD_?"],
    ["arena_max=1", "2.36", "did you mean glibc.malloc.arena_max?"],
    ["jemalloc", "2.36", "jemalloc is another allocator, and only glibc's is modelled"],
    ["MALLOC_ARENA_MAX=1,LD_PRELOAD=/usr/lib/libtcmalloc.so.4", "2.36", "tcmalloc is another"],
    ["malloctrim=end", "2.36", "did you mean malloc_trim?"],
    ["LD_PRELOAD=x.so", "2.36", "unknown setting LD_PRELOAD; known are MALLOC_ARENA_MAX"],
    ["MALLOC_ARENA_MAX=0", "2.36", "MALLOC_ARENA_MAX=0: glibc takes a whole number"],
    ["MALLOC_TRIM_THRESHOLD_=128K", "2.36", "without suffix"],
    ["MALLOC_CHECK_=3", "2.36", "MALLOC_CHECK_ is not modelled"],
    ["malloc_trim=often", "2.36", "malloc_trim=often: give end, or an interval"],
    ["glibc=2.99", "2.36", "glibc=2.99: not modelled; give a version from 2.17 to 2.44"],
    ["cpus=0", "2.36", "cpus=0: give a whole number from 1"],
    ["glibc.malloc.tcache_count=0", "2.17", "glibc 2.17 has no glibc.malloc.tcache_count"],
    ["glibc.malloc.tcache_count=0,glibc=2.23", "2.36", "has no glibc.malloc.tcache_count"],
  ])("%j on %s: %s", (text, glibc, reason) => {
    const parsed = parseScenario(text, glibc);
    expect("error" in parsed && parsed.error).toContain(reason);
  });

  test("with auto, one version that takes the settings is enough", () => {
    expect(parseScenario("glibc.malloc.tcache_count=65535", "2.26")).toHaveProperty("error");
    expect(parseScenario("glibc.malloc.tcache_count=65535", "auto")).toHaveProperty("ok");
    expect(parseScenario("glibc.malloc.tcache_count=65535,glibc=2.42", "2.26")).toHaveProperty(
      "ok",
    );
    expect(parseScenario("MALLOC_ARENA_MAX=0", "auto")).toHaveProperty("error");
  });
});

describe("parseRecordedWith", () => {
  test("settings, or an empty text for none", () => {
    expect(parseRecordedWith("MALLOC_ARENA_MAX=2", "auto")).toEqual({
      ok: { MALLOC_ARENA_MAX: "2" },
    });
    expect(parseRecordedWith("", "auto")).toEqual({ ok: {} });
  });

  test.each([
    ["glibc=2.41", "use --glibc"],
    ["cpus=2", "use --cpus"],
    ["malloc_trim=end", "the log itself records"],
    ["MALLOC_ARENA_MAX=x", "glibc takes a whole number"],
    ["MALLOC_TOP_PAD_=0,glibc.malloc.top_pad=0", "is given twice"],
  ])("refuses %s", (text, reason) => {
    const parsed = parseRecordedWith(text, "auto");
    expect("error" in parsed && parsed.error).toContain(reason);
  });
});
