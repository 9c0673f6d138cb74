import { describe, expect, it } from "vitest";
import { typedForNamed } from "../../../src/insight/cures/typed-for-named.ts";
import type { Report, Scenario } from "../../../src/report/contract/report.ts";
import { report, scenario } from "../../support/report-builder.ts";

const ARENAS = scenario("MALLOC_ARENA_MAX=1", {
  settings: { MALLOC_ARENA_MAX: "1" },
  endMiB: 90,
  peakMiB: 100,
});
const TRIM = scenario("malloc_trim=end", { trim: "end", endMiB: 10, peakMiB: 200 });
const THRESHOLD = scenario("MALLOC_TRIM_THRESHOLD_=131072", {
  settings: { MALLOC_TRIM_THRESHOLD_: "131072" },
  endMiB: 10,
  peakMiB: 200,
});
const BOTH = scenario("MALLOC_ARENA_MAX=1,malloc_trim=end", {
  settings: { MALLOC_ARENA_MAX: "1" },
  trim: "end",
  endMiB: 5,
  peakMiB: 50,
});

function typed(tried: readonly Scenario[], given: Partial<Report> = {}): string[] {
  const scenarios = [scenario("as recorded", { endMiB: 100, peakMiB: 200 }), ...tried];
  return typedForNamed(report({ scenarios, ...given })).map(
    ({ target, text }) => `${target}: ${text}`,
  );
}

const VARIABLES = [
  "docker: docker run -e MALLOC_ARENA_MAX=1 IMAGE",
  "kubernetes: kubectl set env deployment/NAME MALLOC_ARENA_MAX=1",
  "systemd: Environment=MALLOC_ARENA_MAX=1",
];
const GDB = "shell: gdb -p PID -batch -ex 'call (int)malloc_trim(0)'";
const JCMD = "jcmd PID System.trim_native_heap";

describe("what one types for the cures that the first screen names", () => {
  it("has the cure for the peak, and the one for the end", () => {
    const all = ["shell: MALLOC_ARENA_MAX=1 COMMAND", GDB, ...VARIABLES, `jvm: ${JCMD}`];
    expect(typed([ARENAS, TRIM])).toEqual([...all, "code: malloc_trim(0);"]);
    expect(typed([BOTH])).toEqual([...all, "code: malloc_trim(0);"]);
  });

  it("shows once how a variable is set in a container or a service", () => {
    expect(typed([ARENAS, THRESHOLD])).toEqual([
      "shell: MALLOC_ARENA_MAX=1 COMMAND",
      "shell: MALLOC_TRIM_THRESHOLD_=131072 COMMAND",
      ...VARIABLES,
    ]);
  });

  it("leaves a JVM's command to the sentence on it, which has its versions", () => {
    const jvm = { version: "17.0.15", evidence: "mapping" as const };
    expect(typed([TRIM], { jvm })).toEqual([
      `shell: ${JCMD}`,
      "docker: docker exec CONTAINER jcmd 0 System.trim_native_heap",
      "kubernetes: kubectl exec POD -- jcmd 0 System.trim_native_heap",
    ]);
  });

  it("repeats no long command", () => {
    const recording = { pid: 1, limitBytes: null, otherRssBytes: null, lostCalls: 0 };
    const of = (command: string) => typed([ARENAS], { recording: { ...recording, command } })[0];
    expect(of("app --port=80")).toBe("shell: MALLOC_ARENA_MAX=1 app --port=80");
    expect(of(`app ${"x".repeat(60)}`)).toBe("shell: MALLOC_ARENA_MAX=1 COMMAND");
  });

  it("is nothing where nothing helps, or nothing was tried", () => {
    expect(typed([scenario("A=1", { endMiB: 100, peakMiB: 200 })])).toEqual([]);
    expect(typed([])).toEqual([]);
    expect(typed([], { model: null, scenarios: [] })).toEqual([]);
  });
});
