import { describe, expect, it } from "vitest";
import { whatToType } from "../../src/report/html/what-to-type.ts";
import type { Report, Scenario } from "../../src/report/report.ts";
import { report, scenario, thread } from "../support/report-builder.ts";

function typed(whatIf: Scenario, given: Partial<Report> = {}): string[] {
  const recorded = scenario("as recorded", { settings: { MALLOC_TOP_PAD_: "0" } });
  return whatToType(whatIf, report({ ...given, scenarios: [recorded, whatIf] }));
}

const RECORDED = { MALLOC_TOP_PAD_: "0" };

describe("what one types for a scenario", () => {
  it("are its variables, with those of the recorded run, and its tunables in one", () => {
    expect(
      typed(scenario("MALLOC_ARENA_MAX=1", { settings: { ...RECORDED, MALLOC_ARENA_MAX: "1" } })),
    ).toEqual(["MALLOC_TOP_PAD_=0 MALLOC_ARENA_MAX=1"]);
    const settings = {
      "glibc.malloc.tcache_count": "0",
      MALLOC_ARENA_MAX: "1",
      "glibc.malloc.top_pad": "0",
    };
    expect(typed(scenario("both", { settings }))).toEqual([
      "MALLOC_ARENA_MAX=1 GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.top_pad=0",
    ]);
  });

  it("are quoted for a shell", () => {
    expect(typed(scenario("x", { settings: { MALLOC_X_: "a'b; rm -rf $HOME" } }))).toEqual([
      "MALLOC_X_='a'\\''b; rm -rf $HOME'",
    ]);
  });

  it("is the call that trims, for a JVM that of jcmd", () => {
    const trims = scenario("malloc_trim=end", { settings: RECORDED, trim: "end" });
    expect(typed(trims)).toEqual(["malloc_trim(0);"]);
    const threads = [thread(1, { name: "java" }), thread(2, { name: "VM Thread" })];
    expect(typed(trims, { threads })).toEqual(["jcmd PID System.trim_native_heap"]);
    const of = (version: string | null) => ({ version, evidence: "mapping" as const });
    expect(typed(trims, { jvm: of(null) })).toEqual(["jcmd PID System.trim_native_heap"]);
    expect(typed(trims, { jvm: of("11.0.18") })).toEqual(["jcmd PID System.trim_native_heap"]);
    expect(typed(trims, { jvm: of("11.0.17"), threads })).toEqual(["malloc_trim(0);"]);
    const recording = {
      pid: 42,
      command: null,
      limitBytes: null,
      otherRssBytes: null,
      lostCalls: 0,
    };
    expect(typed(trims, { threads, recording })).toEqual(["jcmd 42 System.trim_native_heap"]);
    const both = scenario("both", { settings: { MALLOC_ARENA_MAX: "1" }, trim: "end" });
    expect(typed(both)).toEqual(["MALLOC_ARENA_MAX=1", "malloc_trim(0);"]);
  });

  it("is nothing where no setting makes the scenario", () => {
    expect(typed(scenario("glibc=2.41", { glibc: "2.41", settings: {} }))).toEqual([]);
    expect(typed(scenario("MALLOC_ARENA_MAX=1,cpus=4", { settings: {} }))).toEqual([]);
    const one = report();
    expect(whatToType(one.scenarios[0]!, one)).toEqual([]);
  });
});
