import type { LogResult } from "../pipeline/analysis-result.ts";
import type { JvmSummary } from "../report/contract/dumps.ts";
import type { CallerSummary, ThreadSummary } from "../report/contract/report.ts";
import type { ThreadDump } from "../trace/stated/thread-dump.ts";

const LIBJVM = /(?:^|\/)libjvm\.so$/;
/** OpenJ9 has a libjvm.so, too, which leads to this. It knows no command of HotSpot's. */
const LIBJ9 = /(?:^|\/)libj9\w*\.so$/;

/**
 * Whether the process is a HotSpot JVM, and by what evidence; null if nothing shows it. `dumps`: those that have threads of
 * the log.
 */
export function jvmSummary(
  { mappings, statedProcess }: Pick<LogResult, "mappings" | "statedProcess">,
  callers: readonly CallerSummary[],
  dumps: readonly ThreadDump[],
  threads: readonly Pick<ThreadSummary, "name">[] = [],
): JvmSummary | null {
  const modules = mappings.modules();
  const { program, command } = statedProcess;
  const libjvm = modules.find((module) => LIBJVM.test(module)) ?? null;
  if (modules.some((module) => LIBJ9.test(module))) {
    return null;
  }
  const version = versionInPath(libjvm) ?? versionInPath(program);
  const dump = dumps.find(({ jvm }) => jvm !== null) ?? null;
  if (dump !== null) {
    return { version: dump.jvm, evidence: "thread dump" };
  }
  if (libjvm !== null) {
    return { version, evidence: "mapping" };
  }
  if (callers.some(({ module }) => module !== null && LIBJVM.test(module))) {
    return { version, evidence: "call site" };
  }
  if (isJava(program)) {
    return { version, evidence: "program" };
  }
  if (isJava(command?.split(" ")[0] ?? null)) {
    return { version, evidence: "command" };
  }
  const isNamed = threads.some(({ name }) => name !== null && JVM_THREADS.has(name));
  return isNamed ? { version, evidence: "thread name" } : null;
}

/** Threads that every HotSpot JVM has, and no other program is known to have; the kernel cuts names to 15 characters. */
const JVM_THREADS: ReadonlySet<string> = new Set([
  "VM Thread",
  "VM Periodic Tas",
  "C2 CompilerThre",
]);

function isJava(path: string | null): boolean {
  return path !== null && /(?:^|\/)java$/.test(path);
}

/** "17" of /usr/lib/jvm/java-17-openjdk-amd64, "21.0.3+9" of /opt/jdk-21.0.3+9, "8" of java-1.8.0-openjdk */
function versionInPath(path: string | null): string | null {
  if (/\/(?:java|jdk|jre)-?1\.8\b/.test(path ?? "")) {
    return "8";
  }
  const [, version] = VERSION_IN_PATH.exec(path ?? "") ?? [];
  return version ?? null;
}

const VERSION_IN_PATH =
  /\/(?:java|jdk|jre|jvm\/[a-z]{1,20})-?(\d{1,2}(?:\.\d{1,3}){0,3}(?:\+\d{1,3})?)(?![\d.])/;
