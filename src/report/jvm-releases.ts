// What a JVM has in place of malloc_trim, which Java code cannot call:
//
// - jcmd PID System.trim_native_heap calls malloc_trim(0) once: JDK-8268893, in JDK 18, and backported to 17.0.2 and 11.0.18
//   (github.com/openjdk/jdk/pull/4510, github.com/SAP/SapMachine/issues/943, github.com/openjdk/jdk11u-dev/pull/1354).
// - -XX:TrimNativeHeapInterval=MS calls it at intervals: JDK-8293114, in JDK 22, and backported to 21.0.1 and 17.0.9
//   (github.com/openjdk/jdk/pull/14781, github.com/openjdk/jdk21u/pull/13, github.com/openjdk/jdk17u-dev/pull/1616).
// - That is an experimental option at first, which a JVM refuses without -XX:+UnlockExperimentalVMOptions. It is a product
//   option since JDK-8325496, in JDK 23, and backported to 21.0.4 and 17.0.12 at the latest
//   (github.com/openjdk/jdk/pull/17799, github.com/openjdk/jdk21u-dev/pull/284, github.com/openjdk/jdk17u-dev/pull/2244).

/** Least update of each release that has a thing; later releases all have it. */
interface Since {
  readonly release: number;
  readonly updates: Readonly<Record<number, number>>;
}

export const TRIM: Since = { release: 18, updates: { 17: 2, 11: 18 } };
export const INTERVAL: Since = { release: 22, updates: { 21: 1, 17: 9 } };
export const PRODUCT_INTERVAL: Since = { release: 23, updates: { 21: 4, 17: 12 } };

/** The first releases of each, and the change that brought it. */
export const TRIMS_SINCE = "JDK 11.0.18, 17.0.2, 18 or newer";
export const TRIM_CHANGE = "JDK-8268893";
export const INTERVALS_SINCE = "JDK 17.0.9, 21.0.1, 22 or newer";
export const INTERVAL_CHANGE = "JDK-8293114";
/** The first JVMs with the option refuse it without this one; later ones take both. */
export const UNLOCK = "-XX:+UnlockExperimentalVMOptions";

/** Whether a JVM of this version has it. Null: the version does not say. */
export function has({ release, updates }: Since, version: string | null): boolean | null {
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
