import type { Replay } from "../replay/replay.ts";
import type { Observation } from "../replay/writes/fit.ts";
import type { TouchPolicy } from "../replay/writes/touch.ts";
import type { MeasuredRss } from "./finished-analysis.ts";

/** True if the policy has an RSS to meet, so far. */
export function isFitted(touch: TouchPolicy, measured: readonly MeasuredRss[]): boolean {
  return (
    typeof touch !== "string" && "fitted" in touch && (touch.fitted !== null || measured.length > 0)
  );
}

/** Returns what a fitted policy has to meet: the RSS given by the user, else the samples in the log. */
export function observations(
  touch: TouchPolicy,
  measured: readonly MeasuredRss[],
  { model, rss }: Replay,
): Observation[] {
  if (typeof touch === "string" || !("fitted" in touch)) {
    return [];
  }
  if (touch.fitted !== null) {
    return [{ bytes: touch.fitted, pages: model.resident.pages.slice() }];
  }
  return measured.flatMap(({ bytes }, i) => {
    const pages = rss.probes[i];
    return pages === undefined ? [] : [{ bytes, pages }];
  });
}
