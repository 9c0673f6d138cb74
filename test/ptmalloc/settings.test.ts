import { describe, expect, it } from "vitest";
import { type Profile, profileOf } from "../../src/ptmalloc/profile.ts";
import { applySetting, MallocPar, mallopt, settingNames } from "../../src/ptmalloc/settings.ts";

function profile(glibc: string): Profile {
  return profileOf(glibc)!;
}

/** The differences of malloc_par from the defaults after a setting; or the error. */
function effect(glibc: string, name: string, text: string): Partial<MallocPar> | string {
  const par = new MallocPar(profile(glibc));
  return applySetting(par, profile(glibc), name, text) ?? differences(glibc, par);
}

function differences(glibc: string, par: MallocPar): Partial<MallocPar> {
  const defaults = Object.entries(new MallocPar(profile(glibc)));
  const now = Object.entries(par);
  return Object.fromEntries(now.filter(([, value], i) => value !== defaults[i]![1]));
}

const MIB32 = 32 * 1024 * 1024;

describe("environment variables and tunables (§8)", () => {
  it.each([
    ["MALLOC_ARENA_MAX", "arena_max", "3", { arenaMax: 3 }],
    ["MALLOC_ARENA_TEST", "arena_test", "3", { arenaTest: 3 }],
    ["MALLOC_TRIM_THRESHOLD_", "trim_threshold", "5", { trimThreshold: 5, noDynThreshold: true }],
    ["MALLOC_TOP_PAD_", "top_pad", "5", { topPad: 5, noDynThreshold: true }],
    ["MALLOC_MMAP_THRESHOLD_", "mmap_threshold", "5", { mmapThreshold: 5, noDynThreshold: true }],
    ["MALLOC_MMAP_MAX_", "mmap_max", "5", { mmapMax: 5, noDynThreshold: true }],
    ["MALLOC_PERTURB_", "perturb", "5", { perturb: true }],
  ])("%s and glibc.malloc.%s are the same", (env, tunable, text, changes) => {
    expect(effect("2.36", env, text)).toEqual(changes);
    expect(effect("2.36", `glibc.malloc.${tunable}`, text)).toEqual(changes);
    expect(effect("2.17", env, text)).toEqual(changes);
    expect(effect("2.17", `glibc.malloc.${tunable}`, text)).toBe(
      `glibc 2.17 has no glibc.malloc.${tunable}`,
    );
  });

  it.each([
    ["tcache_count", "0", { tcacheCount: 0 }],
    ["tcache_max", "200", { tcacheMaxChunk: 208, stashMaxChunk: 208 }],
    ["tcache_max", "50", { tcacheMaxChunk: 64, stashMaxChunk: 64 }],
    ["tcache_max", "8", { tcacheMaxChunk: 32, stashMaxChunk: 32 }],
    ["tcache_unsorted_limit", "9", { tcacheUnsortedLimit: 9 }],
    ["mxfast", "0", { maxFast: 16 }],
    ["mxfast", "7", { maxFast: 16 }],
    ["mxfast", "8", { maxFast: 16 }],
    ["mxfast", "160", { maxFast: 160 }],
  ])("glibc.malloc.%s=%s", (tunable, text, changes) => {
    expect(effect("2.36", `glibc.malloc.${tunable}`, text)).toEqual(changes);
  });

  it("settingNames lists every name", () => {
    const par = new MallocPar(profile("2.36"));
    const refused = settingNames().filter(
      (name) => applySetting(par, profile("2.36"), name, "1") !== null,
    );
    expect(refused).toEqual([]);
    expect(settingNames()).toHaveLength(19);
  });

  it("a setting at its default still freezes the dynamic threshold (T18)", () => {
    for (const name of ["TRIM_THRESHOLD_", "TOP_PAD_", "MMAP_THRESHOLD_"]) {
      expect(effect("2.36", `MALLOC_${name}`, "131072")).toEqual({ noDynThreshold: true });
    }
    expect(effect("2.36", "MALLOC_MMAP_MAX_", "65536")).toEqual({ noDynThreshold: true });
  });

  it.each([
    ["10", 10],
    ["0x10", 16],
    ["0X1f", 31],
    ["010", 8],
    ["0", 0],
    ["18446744073709551615", 2 ** 64],
  ])("numbers are decimal, hexadecimal or octal: %s", (text, value) => {
    expect(effect("2.36", "MALLOC_TRIM_THRESHOLD_", text)).toEqual({
      trimThreshold: value,
      noDynThreshold: true,
    });
  });

  it.each(["", " 5", "5k", "1.5", "ten", "0x", "--1", "18446744073709555555000"])(
    "refuses what glibc does not parse as a number: %o",
    (text) => {
      expect(effect("2.36", "MALLOC_TRIM_THRESHOLD_", text)).toMatch(
        /whole number .* 0 to 2\^64-1/,
      );
    },
  );

  it.each([
    ["2.36", "MALLOC_ARENA_MAX", "0"],
    ["2.36", "MALLOC_ARENA_TEST", "0"],
    ["2.36", "MALLOC_PERTURB_", "256"],
    ["2.36", "MALLOC_MMAP_MAX_", "2147483648"],
    ["2.36", "glibc.malloc.mxfast", "161"],
    ["2.27", "glibc.malloc.tcache_count", "128"],
    ["2.36", "glibc.malloc.tcache_count", "65536"],
    ["2.36", "glibc.malloc.tcache_max", "1033"],
    // glibc accepts it, for bins that are not modelled
    ["2.43", "glibc.malloc.tcache_max", "1033"],
    // glibc accepts it, and then every allocation fails
    ["2.36", "MALLOC_TOP_PAD_", `${2 ** 48}`],
  ])("%s refuses %s=%s as out of range", (glibc, name, text) => {
    expect(effect(glibc, name, text)).toMatch(`${name}=${text}: glibc takes a whole number`);
  });

  it("to 2.34 a mmap_threshold above 32 MiB has no effect, and the dynamic one stays", () => {
    expect(effect("2.31", "MALLOC_MMAP_THRESHOLD_", `${MIB32}`)).toEqual({
      mmapThreshold: MIB32,
      noDynThreshold: true,
    });
    expect(effect("2.31", "MALLOC_MMAP_THRESHOLD_", `${MIB32 + 1}`)).toEqual({});
    expect(effect("2.36", "MALLOC_MMAP_THRESHOLD_", `${MIB32 + 1}`)).toEqual({
      mmapThreshold: MIB32 + 1,
      noDynThreshold: true,
    });
  });

  it("2.43 has no fastbins, so mxfast has no effect", () => {
    expect(effect("2.43", "glibc.malloc.mxfast", "160")).toEqual({});
  });

  it.each([
    ["MALLOC_CHECK_", /not modelled/],
    ["MALLOC_ARENAS", /unknown setting/],
    ["glibc.malloc.arenas", /unknown setting/],
    // there is no such environment variable
    ["MALLOC_TCACHE_COUNT", /unknown setting/],
  ])("%s is refused with a reason", (name, words) => {
    expect(effect("2.36", name, "1")).toMatch(words);
  });

  it("glibc.malloc.hugetlb exists since 2.35, with 0 and 1; pages of hugetlbfs are not modelled", () => {
    const name = "glibc.malloc.hugetlb";
    expect(effect("2.36", name, "1")).toEqual({ hugetlb: 1 });
    expect(effect("2.44", name, "0")).toEqual({ hugetlb: 0 });
    expect(effect("2.34", name, "1")).toBe("glibc 2.34 has no glibc.malloc.hugetlb");
    expect(effect("2.43", name, "2")).toBe(
      "glibc.malloc.hugetlb=2 is not modelled: malloc takes memory from hugetlbfs",
    );
  });

  it.each([
    ["2.26", false],
    ["2.27", false],
    ["2.28", true],
    ["2.29", true],
    ["2.30", true],
    ["2.31", true],
  ])(
    "%s has mxfast, which came with 2.31 and with stable branches from 2.28 on: %s",
    (glibc, has) => {
      expect(effect(glibc, "glibc.malloc.mxfast", "0")).toEqual(
        has ? { maxFast: 16 } : `glibc ${profileOf(glibc)!.name} has no glibc.malloc.mxfast`,
      );
    },
  );

  it("2.44 has no tcache_unsorted_limit, since its scan stashes nothing", () => {
    expect(effect("2.43", "glibc.malloc.tcache_unsorted_limit", "4")).toEqual({
      tcacheUnsortedLimit: 4,
    });
    expect(effect("2.44", "glibc.malloc.tcache_unsorted_limit", "4")).toBe(
      "glibc 2.44 has no glibc.malloc.tcache_unsorted_limit",
    );
  });

  it("before 2.26 there are no settings of the tcache", () => {
    expect(effect("2.23", "glibc.malloc.tcache_count", "1")).toBe(
      "glibc 2.23 has no glibc.malloc.tcache_count",
    );
  });

  // A negative number is a huge size_t; -1 is how mallopt(3) disables trimming. [ran 2.36]
  it("MALLOC_TRIM_THRESHOLD_=-1 disables trimming", () => {
    expect(effect("2.36", "MALLOC_TRIM_THRESHOLD_", "-1")).toEqual({
      trimThreshold: 2 ** 64 - 1,
      noDynThreshold: true,
    });
  });
});

describe("mallopt (§8)", () => {
  function after(glibc: string, parameter: number, value: number): Partial<MallocPar> {
    const par = new MallocPar(profile(glibc));
    mallopt(par, profile(glibc), parameter, value);
    return differences(glibc, par);
  }

  it.each([
    ["M_MXFAST", 1, 64, { maxFast: 64 }],
    ["M_TRIM_THRESHOLD", -1, 5, { trimThreshold: 5, noDynThreshold: true }],
    ["M_TOP_PAD", -2, 5, { topPad: 5, noDynThreshold: true }],
    ["M_MMAP_THRESHOLD", -3, 5, { mmapThreshold: 5, noDynThreshold: true }],
    ["M_MMAP_MAX", -4, 5, { mmapMax: 5, noDynThreshold: true }],
    ["M_PERTURB", -6, 5, { perturb: true }],
    ["M_ARENA_TEST", -7, 5, { arenaTest: 5 }],
    ["M_ARENA_MAX", -8, 5, { arenaMax: 5 }],
    ["M_CHECK_ACTION", -5, 5, {}],
  ])("%s is %d", (_, parameter, value, changes) => {
    expect(after("2.36", parameter, value)).toEqual(changes);
  });

  it("M_MXFAST does not need tunables: 2.17 has it", () => {
    expect(after("2.17", 1, 0)).toEqual({ maxFast: 16 });
  });

  it("M_TRIM_THRESHOLD -1 is the largest size, which disables trimming", () => {
    expect(after("2.36", -1, -1).trimThreshold).toBe(2 ** 64 - 1);
  });

  it.each([
    ["2.36", 1, 161],
    ["2.36", 1, -1],
    ["2.36", -7, 0],
    ["2.36", -8, -1],
    ["2.31", -3, MIB32 + 1],
  ])("%s: parameter %d with value %d changes nothing", (glibc, parameter, value) => {
    expect(after(glibc, parameter, value)).toEqual({});
  });

  it("M_PERTURB accepts any int", () => {
    expect(after("2.36", -6, 256)).toEqual({ perturb: true });
    expect(after("2.36", -6, -1)).toEqual({ perturb: true });
  });

  // n_mmaps_max is an int; with a negative one nothing is mapped. [ran 2.36]
  it("M_MMAP_MAX -1 disables mapping", () => {
    expect(after("2.36", -4, -1).mmapMax).toBe(0);
  });
});
