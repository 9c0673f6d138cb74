import type { Replay } from "../replay/replay.ts";
import type { Observation } from "../replay/writes/fit.ts";
import { lowestRatio, OF_SEVERAL_SIZES } from "../replay/writes/lowest-ratio.ts";
import type { TouchPolicy } from "../replay/writes/touch.ts";
import { type TouchReading, touchReading } from "../replay/writes/touch-reading.ts";
import type { FinishedAnalysis, MeasuredRss } from "./finished-analysis.ts";

/** True if the policy has an RSS to meet, so far. */
export function isFitted(touch: TouchPolicy, measured: readonly MeasuredRss[]): boolean {
  return (
    typeof touch !== "string" && "fitted" in touch && (touch.fitted !== null || measured.length > 0)
  );
}

/** Returns how RSS is read from the planes, by the recorded run at the log's end; `replay` is null if it had no calls. */
export function readingAtEnd(
  {
    options: { touch: policy },
    measured,
    ledger,
    touch,
    holes,
  }: Pick<FinishedAnalysis, "options" | "measured" | "ledger" | "touch" | "holes">,
  replay: Replay | null,
): TouchReading {
  return replay === null
    ? touchReading(policy, [], OF_SEVERAL_SIZES, holes.statesWrites)
    : touchReading(
        policy,
        observations(policy, measured, replay),
        lowestRatio(replay, ledger.blocks, touch, holes),
        holes.statesWrites,
      );
}

/** Returns what a fitted policy has to meet: the RSS given by the user, else the samples in the log. */
function observations(
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
