import { describe, expect, it } from "vitest";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import type { RecordedProcess } from "../../src/replay/recorded-process.ts";
import { mayHelp } from "../../src/what-if/trials.ts";
import { scenario } from "../support/corpus.ts";

function origin(glibc: string, settings: RecordedProcess["settings"] = {}): RecordedProcess {
  return {
    glibc,
    glibcSource: "given",
    profile: profileOf(glibc)!,
    cpus: null,
    settings,
    tunables: null,
    settingsSource: "default",
    shown: [],
    breakStart: 0,
    arch: "x86_64",
    pageBytes: 4096,
    thp: "madvise",
  };
}

function trial(settings: Record<string, string>) {
  return { ...scenario("trial", settings, false), trial: true } as const;
}

describe("a trial", () => {
  it("is refused by a glibc that lacks its setting", () => {
    const uncached = trial({ "glibc.malloc.tcache_count": "0" });
    expect(mayHelp(uncached, origin("2.25"))).toBe(false);
    expect(mayHelp(uncached, origin("2.26"))).toBe(true);
  });

  it("of thresholds is for a process that has not set them", () => {
    const lower = trial({ MALLOC_MMAP_THRESHOLD_: "65536" });
    expect(mayHelp(lower, origin("2.36"))).toBe(true);
    expect(mayHelp(lower, origin("2.36", { MALLOC_TOP_PAD_: "0" }))).toBe(false);
    expect(mayHelp(trial({}), origin("2.36", { MALLOC_TOP_PAD_: "0" }))).toBe(true);
  });

  it.each([
    ["2.34", false],
    ["2.35", true],
    ["2.37", true],
    ["2.39", false],
    ["2.41", false],
  ])("of glibc 2.39 is for an older sibling of another memalign: %s", (glibc, is) => {
    expect(mayHelp({ ...trial({}), glibc: "2.39" }, origin(glibc))).toBe(is);
  });
});
