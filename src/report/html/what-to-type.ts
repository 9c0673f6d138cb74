import { has, TRIM } from "../jvm-releases.ts";
import type { Report, Scenario } from "../report.ts";

/** Threads that every HotSpot JVM has; the kernel cuts names to 15 characters. */
const JVM_THREADS: ReadonlySet<string> = new Set([
  "VM Thread",
  "VM Periodic Tas",
  "C2 CompilerThre",
]);

/**
 * What one types to run under the settings of a scenario, for a shell: the variables before the command, then the call of
 * malloc_trim. Empty if it is as recorded, or if it needs another machine or glibc.
 */
export function whatToType(scenario: Scenario, report: Report): string[] {
  const [recorded] = report.scenarios;
  if (recorded === undefined || scenario === recorded || scenario.glibc !== recorded.glibc) {
    return [];
  }
  if (scenario.name.split(",").some((setting) => setting.startsWith("cpus="))) {
    return [];
  }
  const variables = environment(scenario.settings);
  const typed = variables === environment(recorded.settings) ? [] : [variables];
  return scenario.trim === recorded.trim ? typed : [...typed, trimCall(report)];
}

/** "MALLOC_ARENA_MAX=2 GLIBC_TUNABLES=glibc.malloc.a=1:glibc.malloc.b=2" */
function environment(settings: Scenario["settings"]): string {
  const isTunable = ([name]: readonly [string, string]): boolean => name.startsWith("glibc.");
  const all = Object.entries(settings);
  const tunables = all.filter(isTunable).map(([name, value]) => `${name}=${value}`);
  const variables = all.filter((one) => !isTunable(one));
  if (tunables.length > 0) {
    variables.push(["GLIBC_TUNABLES", tunables.join(":")]);
  }
  return variables.map(([name, value]) => `${name}=${quoted(value)}`).join(" ");
}

/** For a POSIX shell. */
function quoted(value: string): string {
  return /^[\w.:=,/+-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function trimCall({ threads, recording, jvm }: Report): string {
  const isJvm = threads.some(({ name }) => name !== null && JVM_THREADS.has(name));
  const trims = jvm === undefined ? isJvm : has(TRIM, jvm.version) !== false;
  return trims ? `jcmd ${recording?.pid ?? "PID"} System.trim_native_heap` : "malloc_trim(0);";
}
