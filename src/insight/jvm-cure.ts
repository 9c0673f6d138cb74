import type { Sentence } from "../report/presented.ts";
import type { Report, Scenario } from "../report/report.ts";
import { plain } from "./sentences.ts";
import { servesAllCalls } from "./served-calls.ts";

// What a JVM has in place of malloc_trim, which Java code cannot call:
//
// - jcmd PID System.trim_native_heap calls malloc_trim(0) once: JDK-8268893, in JDK 18, and backported to 17.0.2 and 11.0.18
//   (github.com/openjdk/jdk/pull/4510, github.com/SAP/SapMachine/issues/943, github.com/openjdk/jdk11u-dev/pull/1354).
// - -XX:TrimNativeHeapInterval=MS calls it at intervals: JDK-8293114, in JDK 22, and backported to 21.0.1 and 17.0.9
//   (github.com/openjdk/jdk/pull/14781, github.com/openjdk/jdk21u/pull/13, github.com/openjdk/jdk17u-dev/pull/1616). An
//   experimental option at first, a product option since JDK-8325496.

/** Least update of each release that has a thing; later releases all have it. */
interface Since {
  readonly release: number;
  readonly updates: Readonly<Record<number, number>>;
  readonly text: string;
}

const TRIM: Since = {
  release: 18,
  updates: { 17: 2, 11: 18 },
  text: "JDK 11.0.18, 17.0.2, 18 or newer",
};
const INTERVAL: Since = {
  release: 22,
  updates: { 21: 1, 17: 9 },
  text: "JDK 17.0.9, 21.0.1, 22 or newer",
};

/** A smaller gain is not worth a command. */
const WORTHWHILE_RATIO = 0.05;
const WORTHWHILE_BYTES = 1024 * 1024;

/**
 * What to type for a malloc_trim in a JVM. Null if nothing shows that the process is one, or if a malloc_trim at the end was
 * not tried, or saves little.
 */
export function jvmCure({ jvm, scenarios }: Pick<Report, "jvm" | "scenarios">): Sentence | null {
  const [recorded, ...tried] = scenarios;
  if (jvm === undefined || recorded === undefined || !saves(recorded, tried)) {
    return null;
  }
  const { version } = jvm;
  const [trims, intervals] = [has(TRIM, version), has(INTERVAL, version)];
  const here = version === null ? "a JVM" : `this JVM (${version})`;
  if (trims === false) {
    return plain(`No command of ${here} calls malloc_trim; that needs ${TRIM.text}.`);
  }
  const once = `In ${here}, jcmd PID System.trim_native_heap calls malloc_trim once${needs(trims, TRIM)}`;
  const often = `-XX:TrimNativeHeapInterval=60000 does every minute${needs(intervals, INTERVAL)}`;
  return plain(intervals === false ? `${once}.` : `${once}, and ${often}.`);
}

function needs(isKnown: boolean | null, { text }: Since): string {
  return isKnown === null ? ` (${text})` : "";
}

/** A malloc_trim at the end, under the recorded settings. */
function saves(recorded: Scenario, tried: readonly Scenario[]): boolean {
  const trimmed = tried.find(({ name }) => name === "malloc_trim=end");
  if (trimmed === undefined || !servesAllCalls(trimmed, recorded)) {
    return false;
  }
  const bytes = recorded.rss.endBytes - trimmed.rss.endBytes;
  return bytes >= WORTHWHILE_BYTES && bytes >= WORTHWHILE_RATIO * recorded.rss.endBytes;
}

/** Null: the version does not say. */
function has({ release, updates }: Since, version: string | null): boolean | null {
  const [, first, update] = /^(\d{1,2})(?:u\d+|\.\d+\.(\d+))?/.exec(version ?? "") ?? [];
  if (first === undefined) {
    return null;
  }
  const number = Number(first);
  const least = updates[number];
  if (number >= release || least === undefined) {
    return number >= release;
  }
  return update === undefined ? null : Number(update) >= least;
}
