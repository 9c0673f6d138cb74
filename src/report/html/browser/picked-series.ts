import type uPlot from "uplot";
import type { Look } from "./series-buttons.ts";
import type { PickedSite } from "./sortable-sites.ts";
import { colour } from "./theme.ts";

/** A series that is so many times below the others would be flat. */
const FLAT_BELOW = 20;

/** What of a call site or of a size was live, at the points of the timeline where it is known; null elsewhere. */
export interface Picked {
  readonly bytes: readonly (number | null)[];
  readonly look: Look;
}

/**
 * It is known at some moments, which belong to the points that end next, and at the peak of the process. `events`: those up
 * to each point; `live`: live bytes of the process.
 */
export function pickedOf(
  site: PickedSite,
  events: readonly number[],
  live: readonly number[],
): Picked {
  const bytes: (number | null)[] = events.map(() => null);
  site.events.forEach((moment, i) => {
    const point = events.findIndex((upTo) => upTo >= moment);
    if (point >= 0) {
      bytes[point] = site.live[i] ?? 0;
    }
  });
  const peak = live.indexOf(live.reduce((most, one) => Math.max(most, one), 0));
  bytes[peak] ??= site.atPeak;
  const look = {
    name: `live: ${site.name}`,
    property: "--picked",
    width: 2,
    dash: [],
    shown: true,
  };
  return { bytes, look };
}

/** True if the series could not be told from the axis beside one of `others`. */
export function isFlatBeside({ bytes }: Picked, others: readonly (readonly number[])[]): boolean {
  const most = (values: readonly (number | null)[]): number =>
    values.reduce((max: number, value) => Math.max(max, value ?? 0), 0);
  const own = most(bytes);
  return others.some((one) => most(one) > FLAT_BELOW * own);
}

/** The value of the last point up to `point` that is known. */
export function lastKnown(values: readonly (number | null)[], point: number): number | null {
  return values.slice(0, point + 1).findLast((value) => value !== null) ?? null;
}

/** Dots where it is known, and lines between them. */
export function pickedSeries({ name, property, width }: Look): uPlot.Series {
  const stroke = colour(property);
  return {
    label: name,
    stroke,
    width,
    spanGaps: true,
    points: { show: true, size: 6, fill: stroke },
  };
}
