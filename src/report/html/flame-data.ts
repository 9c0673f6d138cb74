import type { Report } from "../contract/report.ts";
import { FLAMES, type FlameKey, siteFrames } from "../flame.ts";

/** The flame graph: what a thread allocated, at a call site, of a size. One column each. */
export interface FlameData {
  /** the frames' names, printable */
  readonly names: readonly string[];
  /** of each site: indices of the names of its thread, its call site and its size */
  readonly frames: readonly (readonly number[])[];
  readonly bytes: Readonly<Record<FlameKey, readonly number[]>>;
}

export function flameData(report: Report): FlameData {
  const indexes = new Map<string, number>();
  const indexOf = (name: string): number => {
    const index = indexes.get(name) ?? indexes.size;
    indexes.set(name, index);
    return index;
  };
  const frames = siteFrames(report).map((one) => one.map(({ name }) => indexOf(name)));
  const { volumeBytes, liveBytes, liveAtPeakBytes, pinnedBytes } = report.sites;
  return {
    names: [...indexes.keys()],
    frames,
    bytes: { volumeBytes, liveBytes, liveAtPeakBytes, pinnedBytes },
  };
}

/** The views of the graph that have anything to show. */
export function flameViews({ sites }: Report): (typeof FLAMES)[number][] {
  return FLAMES.filter(({ key }) => sites[key].some((bytes) => bytes > 0));
}
