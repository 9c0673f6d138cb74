import { describe, expect, it } from "vitest";
import type { Report, Scenario } from "../../../src/report/contract/report.ts";
import type { TypedLine } from "../../../src/report/what-to-type/typed-line.ts";
import { briefly, whatToType } from "../../../src/report/what-to-type/what-to-type.ts";
import { report, scenario } from "../../support/report-builder.ts";

const RECORDED = { MALLOC_TOP_PAD_: "0" };
const SILENT = { pid: null, command: null, limitBytes: null, otherRssBytes: null, lostCalls: 0 };

function given(whatIf: Scenario, more: Partial<Report>): [Scenario, Report] {
  const recorded = scenario("as recorded", { settings: RECORDED });
  return [whatIf, report({ ...more, scenarios: [recorded, whatIf] })];
}

/** "target: text (note)" */
function lines(whatIf: Scenario, more: Partial<Report> = {}): string[] {
  const text = ({ target, text, note }: TypedLine) =>
    `${target}: ${text}${note === null ? "" : ` (${note})`}`;
  return whatToType(...given(whatIf, more)).map(text);
}

function jvm(version: string | null): Partial<Report> {
  return { jvm: { version, evidence: "mapping" } };
}

const ARENAS = scenario("MALLOC_ARENA_MAX=1", { settings: { ...RECORDED, MALLOC_ARENA_MAX: "1" } });
const TRIM = scenario("malloc_trim=end", { settings: RECORDED, trim: "end" });
const PERIOD = scenario("malloc_trim=30s", { settings: RECORDED, trim: "30s" });
const GDB = "gdb -p PID -batch -ex 'call (int)malloc_trim(0)'";

describe("what one types for variables", () => {
  it("starts a process with all of them, or adds them to one that has its own", () => {
    expect(lines(ARENAS)).toEqual([
      "shell: MALLOC_TOP_PAD_=0 MALLOC_ARENA_MAX=1 COMMAND",
      "docker: docker run -e MALLOC_TOP_PAD_=0 -e MALLOC_ARENA_MAX=1 IMAGE",
      "kubernetes: kubectl set env deployment/NAME MALLOC_ARENA_MAX=1",
      "systemd: Environment=MALLOC_ARENA_MAX=1 ([Service], systemctl edit UNIT)",
    ]);
  });

  it("has the command that the log states", () => {
    const recording = { ...SILENT, command: "app --name=x;y" };
    expect(lines(ARENAS, { recording })[0]).toBe(
      "shell: MALLOC_TOP_PAD_=0 MALLOC_ARENA_MAX=1 app '--name=x;y'",
    );
    const [whatIf, full] = given(ARENAS, { recording });
    expect(whatToType(whatIf, full, 5)[0]?.text).toMatch(/ COMMAND$/);
  });

  it("quotes values as each target needs it", () => {
    const settings = { ...RECORDED, MALLOC_X_: 'a\'b "50%"' };
    expect(lines(scenario("x", { settings }))).toEqual([
      "shell: MALLOC_TOP_PAD_=0 MALLOC_X_='a'\\''b \"50%\"' COMMAND",
      "docker: docker run -e MALLOC_TOP_PAD_=0 -e MALLOC_X_='a'\\''b \"50%\"' IMAGE",
      "kubernetes: kubectl set env deployment/NAME MALLOC_X_='a'\\''b \"50%\"'",
      'systemd: Environment="MALLOC_X_=a\'b \\"50%%\\"" ([Service], systemctl edit UNIT)',
    ]);
  });

  it("is nothing where no setting makes the scenario", () => {
    const newer = { glibc: "2.41", settings: RECORDED };
    expect(lines(scenario("glibc=2.41", newer))).toEqual([
      "docker: FROM debian:13 (or a distribution with glibc 2.41)",
    ]);
    expect(lines(scenario("glibc=2.41,cpus=2", newer))).toEqual([]);
    expect(lines(scenario("glibc=2.23", { ...newer, glibc: "2.23" }))).toEqual([]);
    expect(lines(scenario("MALLOC_ARENA_MAX=1,cpus=4", { settings: RECORDED }))).toEqual([]);
    const one = report();
    expect(whatToType(one.scenarios[0]!, one)).toEqual([]);
  });
});

describe("what one types for a malloc_trim", () => {
  const command = "jcmd PID System.trim_native_heap";
  const option = "-XX:TrimNativeHeapInterval";

  it("is gdb's command, the call, and what a JVM has, where nothing shows what the process is", () => {
    expect(lines(TRIM)).toEqual([
      `shell: ${GDB} (once; gdb 16+)`,
      `jvm: ${command} (JDK 11.0.18, 17.0.2, 18+)`,
      `jvm: -XX:+UnlockExperimentalVMOptions ${option}=60000 (JDK 17.0.9, 21.0.1, 22+)`,
      "code: malloc_trim(0);",
    ]);
    expect(lines(PERIOD)).toEqual([
      `jvm: -XX:+UnlockExperimentalVMOptions ${option}=30000 (JDK 17.0.9, 21.0.1, 22+)`,
      "code: malloc_trim(0); (every 30 s)",
    ]);
  });

  it("names no JVM where the log states another program", () => {
    const recording = { ...SILENT, command: "postgres -D /data" };
    expect(lines(TRIM, { recording })).toEqual([
      `shell: ${GDB} (once; gdb 16+)`,
      "code: malloc_trim(0);",
    ]);
  });

  it("is a call by ctypes in a Python program", () => {
    const recording = { ...SILENT, command: "/usr/bin/python3.11 app.py" };
    expect(lines(TRIM, { recording })).toContain('code: ctypes.CDLL("libc.so.6").malloc_trim(0)');
    const other = { ...SILENT, command: "/usr/bin/cpython-build x" };
    expect(lines(TRIM, { recording: other })).toContain("code: malloc_trim(0);");
  });

  it("is a command of jcmd in a JVM, also in a container, where its pid is not known", () => {
    expect(lines(TRIM, jvm("23.0.1"))).toEqual([
      `shell: ${command} (once)`,
      "docker: docker exec CONTAINER jcmd 0 System.trim_native_heap (once)",
      "kubernetes: kubectl exec POD -- jcmd 0 System.trim_native_heap (once)",
      `jvm: ${command}`,
      `jvm: ${option}=60000`,
    ]);
    expect(lines(TRIM, jvm("11.0.18"))).not.toContainEqual(expect.stringContaining(option));
    expect(lines(TRIM, jvm("11.0.17"))).toEqual([`shell: ${GDB} (once; gdb 16+)`]);
  });

  it("at intervals is an option in a JVM, which services take from a variable", () => {
    expect(lines(PERIOD, jvm("21.0.1"))).toEqual([
      `shell: MALLOC_TOP_PAD_=0 JAVA_TOOL_OPTIONS='-XX:+UnlockExperimentalVMOptions ${option}=30000' COMMAND`,
      `docker: docker run -e MALLOC_TOP_PAD_=0 -e JAVA_TOOL_OPTIONS='-XX:+UnlockExperimentalVMOptions ${option}=30000' IMAGE`,
      `kubernetes: kubectl set env deployment/NAME JAVA_TOOL_OPTIONS='-XX:+UnlockExperimentalVMOptions ${option}=30000'`,
      `systemd: Environment="JAVA_TOOL_OPTIONS=-XX:+UnlockExperimentalVMOptions ${option}=30000" ([Service], systemctl edit UNIT)`,
      `jvm: -XX:+UnlockExperimentalVMOptions ${option}=30000`,
    ]);
    expect(lines(PERIOD, jvm("11.0.18"))).toEqual([]);
    const half = scenario("malloc_trim=0.5s", { settings: RECORDED, trim: "0.5s" });
    expect(lines(half, jvm("23"))).toContain(`jvm: ${option}=500`);
  });

  it("follows the variables", () => {
    const both = scenario("both", {
      settings: { ...RECORDED, MALLOC_ARENA_MAX: "1" },
      trim: "end",
    });
    const shell = lines(both).filter((line) => line.startsWith("shell"));
    expect(shell).toEqual([
      "shell: MALLOC_TOP_PAD_=0 MALLOC_ARENA_MAX=1 COMMAND",
      `shell: ${GDB} (once; gdb 16+)`,
    ]);
  });
});

describe("briefly", () => {
  const brief = (whatIf: Scenario, more: Partial<Report> = {}) => briefly(...given(whatIf, more));

  it("are the variables, without a command", () => {
    expect(brief(ARENAS)).toEqual(["MALLOC_TOP_PAD_=0 MALLOC_ARENA_MAX=1"]);
  });

  it("is the call, for a JVM what it has", () => {
    expect(brief(TRIM)).toEqual(["malloc_trim(0);"]);
    expect(brief(TRIM, jvm(null))).toEqual(["jcmd PID System.trim_native_heap"]);
    expect(brief(TRIM, jvm("11.0.17"))).toEqual([GDB]);
    expect(brief(PERIOD, jvm("23"))).toEqual(["-XX:TrimNativeHeapInterval=30000"]);
  });

  it("is nothing where no setting makes the scenario", () => {
    expect(brief(scenario("glibc=2.41", { glibc: "2.41", settings: RECORDED }))).toEqual([]);
  });
});
