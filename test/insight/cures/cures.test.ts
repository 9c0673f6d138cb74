import { describe, expect, it } from "vitest";
import { curesOf } from "../../../src/insight/cures/cures.ts";
import type { Report, Scenario } from "../../../src/report/contract/report.ts";
import { arena, fidelity, MiB, report, scenario } from "../../support/report-builder.ts";

const FEW = { brk: 100, mmap: 10, mremap: 1, munmap: 9, madvise: 0, mprotect: 80 };
const SAME = {
  settings: { MALLOC_TOP_PAD_: "0" },
  systemCalls: FEW,
  pageFaults: 50_000,
  arenas: [arena(0, { threads: [1, 2] }), arena(1, { threads: [3] })],
};
const RECORDED = scenario("as recorded", { ...SAME, endMiB: 100, peakMiB: 200 });

function cures(tried: readonly Scenario[], given: Partial<Report> = {}) {
  return curesOf(report({ scenarios: [RECORDED, ...tried], ...given }));
}

function whatIf(name: string, endMiB: number, peakMiB: number, given = {}): Scenario {
  return scenario(name, { ...SAME, ...given, endMiB, peakMiB });
}

describe("the cures", () => {
  it("are those that lower the peak, most first, then those that lower the end only", () => {
    const all = [
      whatIf("END=1", 10, 200),
      whatIf("NOTHING=1", 99, 199),
      whatIf("WORSE=1", 300, 300),
      whatIf("PEAK=1", 100, 150),
      whatIf("BOTH=1", 50, 100),
      whatIf("FAILS=1", 1, 1, { failedCalls: 1 }),
    ];
    expect(cures(all).map(({ name, bestFor }) => [name, bestFor])).toEqual([
      ["BOTH=1", ["peak"]],
      ["PEAK=1", []],
      ["END=1", ["end"]],
    ]);
  });

  it("leave out settings that add nothing to others", () => {
    const settings = { ...SAME.settings, MALLOC_ARENA_MAX: "1" };
    const names = (arenas: Partial<Scenario>) =>
      cures([
        whatIf("malloc_trim=end", 10, 200, { trim: "end" }),
        whatIf("MALLOC_ARENA_MAX=1,malloc_trim=end", 10, 200, { settings, trim: "end", ...arenas }),
      ]).map(({ name }) => name);
    expect(names({})).toEqual(["malloc_trim=end"]);
    expect(names({ pageFaults: 49_999 })).toHaveLength(2);
  });

  it("are none where nothing helps, and where the model's figures mean nothing", () => {
    expect(cures([whatIf("NOTHING=1", 99, 199)])).toEqual([]);
    expect(cures([])).toEqual([]);
    expect(curesOf(report({ model: null, scenarios: [] }))).toEqual([]);
    const helps = whatIf("A=1", 50, 100);
    expect(cures([helps])).toHaveLength(1);
    expect(cures([helps], { model: fidelity(100, 50) })).toEqual([]);
  });

  it("have RSS and its change, also one for the worse", () => {
    const [cure] = cures([whatIf("A=1", 50, 230)]);
    expect(cure?.end).toEqual({ bytes: 50 * MiB, change: -50 * MiB });
    expect(cure?.peak).toEqual({ bytes: 230 * MiB, change: 30 * MiB });
  });

  it("have their price against the recorded run", () => {
    const [cure] = cures([
      whatIf("A=1", 50, 100, {
        systemCalls: { ...FEW, brk: 150, munmap: 2 },
        pageFaults: 49_000,
        arenas: [arena(0, { threads: [1, 2, 3, 4, 5] })],
      }),
    ]);
    expect(cure?.price).toEqual({
      systemCalls: { brk: 50, mmap: 0, mremap: 0, munmap: -7, madvise: 0, mprotect: 0 },
      pageFaults: -1000,
      threadsPerArena: 3,
    });
  });

  it("have settings as --what-if takes them, without those of the recorded run", () => {
    const settings = (name: string, given: object) => cures([whatIf(name, 50, 100, given)])[0];
    const both = { settings: { ...RECORDED.settings, MALLOC_ARENA_MAX: "1" }, trim: "end" };
    expect(settings("MALLOC_ARENA_MAX=1,malloc_trim=end", both)?.settings).toEqual({
      MALLOC_ARENA_MAX: "1",
      malloc_trim: "end",
    });
    expect(settings("malloc_trim=30s", { trim: "30s" })?.settings).toEqual({ malloc_trim: "30s" });
    const other = settings("glibc=2.41,cpus=4", { glibc: "2.41" });
    expect(other?.settings).toEqual({ glibc: "2.41", cpus: "4" });
    expect(Object.values(other?.type ?? {}).every((text) => text === null)).toBe(true);
  });

  it("are uncertain if a range overlaps that of the recorded run where they lower RSS", () => {
    const ranged = (peakHighMiB: number, highMiB: number) => {
      const { rss, ...rest } = whatIf("A=1", 50, 190);
      const high = { highBytes: highMiB * MiB, peakHighBytes: peakHighMiB * MiB };
      return cures([{ ...rest, rss: { ...rss, ...high } }])[0]?.certain;
    };
    expect(ranged(199, 99)).toBe(true);
    expect(ranged(200, 99)).toBe(false);
    expect(ranged(199, 100)).toBe(false);
    const { rss, ...rest } = whatIf("A=1", 50, 199);
    const endOnly = { ...rest, rss: { ...rss, peakHighBytes: 300 * MiB } };
    expect(cures([endOnly])[0]?.certain).toBe(true);
  });

  it("are uncertain if RSS is no lower in another order of the threads", () => {
    const ordered = (endMiB: number) => {
      const { rss, ...rest } = whatIf("A=1", 50, 190);
      const otherOrders = [{ endBytes: endMiB * MiB, peakBytes: 190 * MiB }];
      return cures([{ ...rest, rss: { ...rss, contendedRuns: 1, otherOrders } }])[0]?.certain;
    };
    expect(ordered(60)).toBe(true);
    expect(ordered(100)).toBe(false);
  });
});

describe("what one types", () => {
  const both = whatIf("MALLOC_ARENA_MAX=1,malloc_trim=end", 50, 100, {
    settings: { ...RECORDED.settings, MALLOC_ARENA_MAX: "1" },
    trim: "end",
  });
  const JDKS =
    "System.trim_native_heap: JDK 11.0.18, 17.0.2, 18 or newer (JDK-8268893); TrimNativeHeapInterval: JDK 17.0.9, 21.0.1, 22 or newer (JDK-8293114)";

  it("is one text for each target", () => {
    expect(cures([both])[0]?.type).toEqual({
      shell:
        "MALLOC_TOP_PAD_=0 MALLOC_ARENA_MAX=1 COMMAND\ngdb -p PID -batch -ex 'call (int)malloc_trim(0)'",
      docker: "docker run -e MALLOC_TOP_PAD_=0 -e MALLOC_ARENA_MAX=1 IMAGE",
      kubernetes: "kubectl set env deployment/NAME MALLOC_ARENA_MAX=1",
      systemd: "[Service]\nEnvironment=MALLOC_ARENA_MAX=1",
      jvm: "jcmd PID System.trim_native_heap\n-XX:+UnlockExperimentalVMOptions -XX:TrimNativeHeapInterval=60000",
      jdks: JDKS,
      code: "malloc_trim(0);",
    });
  });

  it("has nothing for a JVM without a malloc_trim, but says which JDKs would have it if they lack it", () => {
    const arenas = whatIf("MALLOC_ARENA_MAX=1", 50, 100, {
      settings: { ...RECORDED.settings, MALLOC_ARENA_MAX: "1" },
    });
    expect(cures([arenas])[0]?.type).toMatchObject({ jvm: null, jdks: null, code: null });
    const jvm = { version: "11.0.17", evidence: "mapping" as const };
    expect(cures([both], { jvm })[0]?.type).toMatchObject({ jvm: null, jdks: JDKS, code: null });
  });
});
