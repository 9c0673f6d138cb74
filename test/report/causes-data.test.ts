import { describe, expect, it } from "vitest";
import type { CauseColumns, Report } from "../../src/report/contract/report.ts";
import { layersOf } from "../../src/report/html/browser/cause-layers-of.ts";
import { causesData } from "../../src/report/html/causes-data.ts";
import { MiB, NO_CAUSES, NO_TIMELINE, report, scenario } from "../support/report-builder.ts";

const EVENTS = [10, 20, 30, 40, 40];

/** Causes at events 8, 20, 25 and 40, with the same bytes of each cause at each. */
function columns(given: Partial<CauseColumns> = {}): CauseColumns {
  const nothing = [0, 0, 0, 0];
  return {
    events: [8, 20, 25, 40],
    time: [null, null, null, null],
    live: [1, 2, 3, 4],
    mapped: nothing,
    overhead: nothing,
    unwritten: nothing,
    tcache: nothing,
    fastbins: nothing,
    returnable: nothing,
    pinned: nothing,
    tops: nothing,
    idleArenas: nothing,
    unlogged: nothing,
    ...given,
  };
}

function given(over: CauseColumns | undefined, rss: readonly number[]): Report {
  return report({
    scenarios: [scenario("as recorded", { endMiB: 20, peakMiB: 24 })],
    causes: {
      "as recorded": { end: { ...NO_CAUSES, live: 40 }, peak: { ...NO_CAUSES, live: 24 } },
    },
    timeline: {
      ...NO_TIMELINE,
      perScenario: { "as recorded": rss },
      ...(over === undefined ? {} : { causes: over }),
    },
  });
}

const liveAt = (one: Report): unknown[] =>
  causesData(one, EVENTS).moments.map(({ name, point, bytes }) => [name, point, bytes[0]]);

describe("the moments whose causes are known", () => {
  it("are the samples at the points of the timeline that they belong to, the peak and the end", () => {
    expect(liveAt(given(columns(), [10, 12, 24 * MiB, 20]))).toEqual([
      [null, 0, 1],
      [null, 1, 2],
      // The sample at event 25 is in the point of the peak, the one at 40 is the end.
      ["peak", 2, 24],
      ["end", 4, 40],
    ]);
  });

  it("are the end alone where nothing else is known", () => {
    const one = given(undefined, []);
    expect(liveAt(one)).toEqual([["end", 4, 40]]);
    expect(causesData(report(), EVENTS).moments).toEqual([]);
  });
});

describe("the layers of the stack", () => {
  it("take what was never written from what the program holds", () => {
    const over = columns({ mapped: [5, 5, 5, 5], unwritten: [-2, -9, 0, 0], tops: [7, 7, 7, 7] });
    const layers = layersOf(causesData(given(over, [1, 1, 1, 24]), EVENTS));
    expect(layers[0]?.slice(0, 2)).toEqual([4, 0]);
    expect(layers.flatMap(([first = 0]) => (first > 0 ? [first] : []))).toEqual([4, 7]);
  });
});
