import { describe, expect, it } from "vitest";
import { jvmSummary } from "../../src/summary/jvm-summary.ts";
import { CodeMappings } from "../../src/trace/stated/code-mappings.ts";
import { StatedProcess } from "../../src/trace/stated/stated-process.ts";
import type { ThreadDump } from "../../src/trace/stated/thread-dump.ts";
import { caller } from "../support/report-builder.ts";

interface Given {
  readonly maps?: readonly string[];
  readonly program?: string;
  readonly command?: string;
  readonly modules?: readonly string[];
  readonly dump?: string;
  readonly names?: readonly (string | null)[];
}

function jvm({ maps = [], program, command, modules = [], dump, names = [] }: Given) {
  const mappings = new CodeMappings();
  for (const [i, path] of maps.entries()) {
    mappings.add(`7f00000${i}0000-7f00000${i}1000 r-xp 00000000 ${path}`);
  }
  const stated = new StatedProcess();
  stated.read("program", program ?? "", "");
  stated.read("command", command ?? "", "");
  const callers = modules.map((module, i) => caller(`${i}`, { module }));
  const dumps: ThreadDump[] =
    dump === undefined ? [] : [{ source: "a", kind: "dump", date: null, jvm: dump, threads: [] }];
  const threads = names.map((name) => ({ name }));
  return jvmSummary({ mappings, statedProcess: stated }, callers, dumps, threads);
}

describe("a process is a JVM", () => {
  const libjvm = "/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so";

  it("by a dump of its threads, which has the version", () => {
    expect(jvm({ dump: "17.0.15+6", maps: [libjvm] })).toEqual({
      version: "17.0.15+6",
      evidence: "thread dump",
    });
  });

  it("by libjvm.so among its mappings or its call sites", () => {
    expect(jvm({ maps: ["/usr/lib/libc.so.6", libjvm] })).toEqual({
      version: "17",
      evidence: "mapping",
    });
    expect(jvm({ modules: ["libz.so.1", "libjvm.so"] })).toEqual({
      version: null,
      evidence: "call site",
    });
  });

  it("by its program, else by its command line", () => {
    const program = "/opt/jdk-21.0.3+9/bin/java";
    expect(jvm({ program })).toEqual({ version: "21.0.3+9", evidence: "program" });
    expect(jvm({ command: "java -jar app.jar" })).toEqual({ version: null, evidence: "command" });
  });

  it("by a thread that every HotSpot JVM has, also where a launcher is the command", () => {
    const found = { version: null, evidence: "thread name" };
    expect(jvm({ names: ["main", null, "VM Thread"] })).toEqual(found);
    expect(jvm({ names: ["C2 CompilerThre"], command: "gradle" })).toEqual(found);
    expect(jvm({ names: ["java", null] })).toBeNull();
    expect(jvm({ names: ["VM Thread"], maps: ["/jdk/lib/libj9vm29.so"] })).toBeNull();
  });

  it("not without evidence, and not an OpenJ9, which has other commands", () => {
    expect(jvm({})).toBeNull();
    expect(jvm({ program: "/usr/bin/javac", command: "python3 java" })).toBeNull();
    expect(jvm({ maps: ["/usr/lib/mylibjvm.so"] })).toBeNull();
    expect(
      jvm({ command: "java -jar app.jar", maps: ["/opt/ibm/jre/lib/libj9vm29.so"] }),
    ).toBeNull();
  });

  it.each([
    ["/usr/lib/jvm/java-1.8.0-openjdk-1.8.0.402.b06-2.el8/jre/bin/java", "8"],
    ["/usr/lib/jvm/temurin-25-jdk-amd64/bin/java", "25"],
    ["/usr/lib/jvm/java-11-amazon-corretto/bin/java", "11"],
    ["/opt/java/openjdk/bin/java", null],
    ["/opt/jdk17/bin/java", "17"],
  ])("the path %s shows the version %s", (program, version) => {
    expect(jvm({ program })?.version).toBe(version);
  });
});
