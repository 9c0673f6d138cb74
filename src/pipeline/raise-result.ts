import { type Retained, retainedBy } from "../insight/pins/thresholds.ts";
import type { GuidedReplay } from "../recorded/guided-replay.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { RaiseSite, RaiseSites } from "./raise-sites.ts";

/** How frees raised the dynamic thresholds of the recorded run, and what that keeps resident at the log's end. */
export interface RaiseResult {
  readonly count: number;
  /** in bytes, before the first raise and now */
  readonly mmapThreshold: { readonly from: number; readonly to: number };
  readonly trimThreshold: { readonly from: number; readonly to: number };
  /** the last one: line of the free, requested bytes of the block, dense thread that freed it */
  readonly line: number;
  readonly size: number;
  readonly thread: number;
  readonly site: RaiseSite | null;
  readonly retained: Retained;
}

/** Returns null if no free has raised them. */
export function raiseResult(
  { model, raises }: GuidedReplay,
  sites: RaiseSites,
  { plane }: Reading,
): RaiseResult | null {
  const { count, mmapThreshold, trimThreshold, line, size, thread } = raises.state;
  if (count === 0) {
    return null;
  }
  const { par } = model;
  return {
    count,
    mmapThreshold: { from: mmapThreshold, to: par.mmapThreshold },
    trimThreshold: { from: trimThreshold, to: par.trimThreshold },
    line,
    size,
    thread,
    site: sites.of(raises),
    retained: retainedBy(model, plane, { mmapThreshold, trimThreshold }),
  };
}
