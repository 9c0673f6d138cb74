import * as fc from "fast-check";
import { expect, it } from "vitest";
import { CoreSeries, SERIES_FIELDS } from "../../src/replay/core-series.ts";
import { PeakSeries } from "../../src/trace/ledger/series.ts";
import { fieldsOf } from "../support/core-fields.ts";
import { process } from "../support/model-driver.ts";

it("a series is read where the core keeps it", () => {
  expect(Object.entries(SERIES_FIELDS)).toEqual(
    fieldsOf("replay/core/peak-series.ts", "PeakSeries"),
  );
});

it("the core records as PeakSeries does, whatever the events", () => {
  const step = fc.tuple(fc.nat(400), fc.nat(5));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const { m } = process("2.36");
      m.core.calls.beginReplay(Number.POSITIVE_INFINITY);
      const ours = new CoreSeries(m.core, 0);
      const theirs = new PeakSeries();
      let event = 0;
      for (const [gap, pages] of steps) {
        event += gap;
        m.resident.pages[0] = pages;
        m.resident.changed = true;
        m.core.calls.recordRss(event, 0);
        theirs.record(event, pages);
      }
      const figures = (one: CoreSeries | PeakSeries) => [
        ...[one.peak, one.peakEvent, one.last, one.length, one.eventsPerPoint],
        ...one.points(),
      ];
      expect(figures(ours)).toEqual(figures(theirs));
    }),
  );
});
