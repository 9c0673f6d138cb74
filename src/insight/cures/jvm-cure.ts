import type { Report, Scenario } from "../../report/contract/report.ts";
import {
  has,
  INTERVAL,
  INTERVALS_SINCE,
  PRODUCT_INTERVAL,
  TRIM,
  TRIMS_SINCE,
  UNLOCK,
} from "../../report/jvm-releases.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { plain } from "../sentences.ts";
import { servesAllCalls } from "./served-calls.ts";
import { isWorthwhile } from "./worthwhile.ts";

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
    return plain(`No command of ${here} calls malloc_trim; that needs ${TRIMS_SINCE}.`);
  }
  const since = trims === null ? ` (${TRIMS_SINCE})` : "";
  const once = `In ${here}, jcmd PID System.trim_native_heap calls malloc_trim once${since}`;
  return plain(
    intervals === false ? `${once}.` : `${once}, and ${atIntervals(version, intervals)}.`,
  );
}

/** `isKnown`: null if the version does not say whether the JVM has the option */
function atIntervals(version: string | null, isKnown: true | null): string {
  const option = "-XX:TrimNativeHeapInterval=60000";
  if (isKnown === null) {
    return `${option} does every minute (${INTERVALS_SINCE}; the first of them need ${UNLOCK}, too)`;
  }
  return has(PRODUCT_INTERVAL, version) === true
    ? `${option} does every minute`
    : `${UNLOCK} ${option} do every minute`;
}

/** A malloc_trim at the end, under the recorded settings. */
function saves(recorded: Scenario, tried: readonly Scenario[]): boolean {
  const trimmed = tried.find(({ name }) => name === "malloc_trim=end");
  if (trimmed === undefined || !servesAllCalls(trimmed, recorded)) {
    return false;
  }
  return isWorthwhile(recorded.rss.endBytes - trimmed.rss.endBytes, recorded.rss.endBytes);
}
