import { describe, expect, it } from "vitest";
import { PROFILES } from "../../src/ptmalloc/profile.ts";
import { type RecordedOptions, recordedProcesses } from "../../src/recorded/processes.ts";
import { LogFacts } from "../../src/trace/stated/log-facts.ts";

const OPTIONS: RecordedOptions = { recordedWith: null, glibc: "auto", cpus: null, thp: null };

/** What a log with these comments states. */
function facts(...comments: string[]): LogFacts {
  const read = new LogFacts();
  for (const text of comments) {
    read.read({ at: 0, line: 1, text });
  }
  return read;
}

describe("the glibc", () => {
  it("is each version that a log can distinguish, the most common first", () => {
    const processes = recordedProcesses(OPTIONS, facts());
    const tried = processes.map(({ glibc }) => glibc);
    expect(tried[0]).toBe("2.36");
    expect(new Set(tried).size).toBe(tried.length);
    const profiles = new Set(processes.map(({ profile }) => profile.name));
    for (const { name, sameAddressesAs } of PROFILES) {
      expect([name, profiles.has(sameAddressesAs ?? name)]).toEqual([name, true]);
    }
    expect(processes.every(({ glibcSource }) => glibcSource === "detected")).toBe(true);
  });

  it("is the log's, unless the user states one", () => {
    const stated = recordedProcesses(OPTIONS, facts("glibc 2.31-13+deb11u5"));
    expect(stated).toMatchObject([{ glibc: "2.31", glibcSource: "log" }]);
    const given = recordedProcesses({ ...OPTIONS, glibc: "2.39" }, facts("glibc 2.31"));
    expect(given).toMatchObject([{ glibc: "2.39", glibcSource: "given" }]);
    expect(given[0]?.profile.name).toBe("2.39");
  });

  it("is detected if the log states one that is not modelled", () => {
    expect(recordedProcesses(OPTIONS, facts("glibc 2.99")).length).toBeGreaterThan(1);
  });

  it("is an error if the user states one that is not modelled", () => {
    const options = { ...OPTIONS, glibc: "2.99" };
    expect(() => recordedProcesses(options, facts())).toThrow("glibc 2.99 is not modelled");
  });
});

describe("the settings", () => {
  const settingsOf = (options: Partial<RecordedOptions>, ...comments: string[]) => {
    const given = { ...OPTIONS, glibc: "2.23", ...options };
    const { settings, settingsSource } = recordedProcesses(given, facts(...comments))[0]!;
    return [settings, settingsSource];
  };

  it("are none by default", () => {
    expect(settingsOf({})).toEqual([{}, "default"]);
  });

  it("are the log's, without those that its glibc refuses", () => {
    const comments = ["setting MALLOC_TOP_PAD_=0", "setting glibc.malloc.tcache_count=3"];
    expect(settingsOf({}, ...comments)).toEqual([{ MALLOC_TOP_PAD_: "0" }, "log"]);
  });

  it("keep GLIBC_TUNABLES as a whole, which moves the break of some versions", () => {
    const read = facts("setting GLIBC_TUNABLES=glibc.rtld.nns=8:glibc.malloc.tcache_count=3");
    const options = { ...OPTIONS, glibc: "2.31" };
    expect(recordedProcesses(options, read)).toMatchObject([
      {
        settings: { "glibc.malloc.tcache_count": "3" },
        tunables: "glibc.rtld.nns=8:glibc.malloc.tcache_count=3",
      },
    ]);
    expect(recordedProcesses({ ...options, recordedWith: {} }, read)[0]?.tunables).toBeNull();
  });

  it("are the user's alone, even if the log states others", () => {
    const recordedWith = { MALLOC_ARENA_MAX: "2" };
    expect(settingsOf({ recordedWith }, "setting MALLOC_TOP_PAD_=0")).toEqual([
      recordedWith,
      "given",
    ]);
    expect(settingsOf({ recordedWith: {} }, "setting MALLOC_TOP_PAD_=0")).toEqual([{}, "given"]);
  });
});

describe("CPUs and huge pages", () => {
  const machineOf = (options: Partial<RecordedOptions>, ...comments: string[]) => {
    const { cpus, thp } = recordedProcesses({ ...OPTIONS, ...options }, facts(...comments))[0]!;
    return [cpus, thp];
  };

  it("are unknown, and madvise, by default", () => {
    expect(machineOf({})).toEqual([null, "madvise"]);
  });

  it("are the log's, unless the user states them", () => {
    const comments = ["cpus 8", "thp always"];
    expect(machineOf({}, ...comments)).toEqual([8, "always"]);
    expect(machineOf({ cpus: 2, thp: "never" }, ...comments)).toEqual([2, "never"]);
  });
});
