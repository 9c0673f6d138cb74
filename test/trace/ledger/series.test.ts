import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_POINTS, PeakSeries, TimeAxis } from "../../../src/trace/ledger/series.ts";

/** The expected points: maxima over 2^n events each, with the smallest n that gives at most MAX_POINTS. */
function maxima(values: readonly number[]): number[] {
  let width = 1;
  while (Math.ceil(values.length / width) > MAX_POINTS) {
    width *= 2;
  }
  const points: number[] = [];
  for (let from = 0; from < values.length; from += width) {
    points.push(Math.max(...values.slice(from, from + width)));
  }
  return points;
}

describe("PeakSeries", () => {
  it("keeps the maximum of each point's events, the peak and the last value, at any length", () => {
    const lengths = fc.oneof(fc.nat(3000), fc.constantFrom(1000, 1001, 2000, 2001, 4000, 9999));
    fc.assert(
      fc.property(lengths, fc.integer(), (length, seed) => {
        const values = Array.from(
          { length },
          (_, i) => Math.abs(Math.imul(i + 1, seed | 1)) % 1000,
        );
        const series = new PeakSeries();
        for (const [event, value] of values.entries()) {
          series.record(event, value);
        }
        expect(series.points()).toEqual(maxima(values));
        expect(series.last).toBe(values.at(-1) ?? 0);
        const peak = Math.max(0, ...values);
        expect(series.peak).toBe(peak);
        expect(series.peakEvent).toBe(peak === 0 ? -1 : values.indexOf(peak));
      }),
    );
  });

  it("repeats the value for events that are not recorded", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(1500), fc.nat(100)), { maxLength: 20 }),
        fc.nat(5000),
        (steps, rest) => {
          const values: number[] = [];
          const series = new PeakSeries();
          for (const [skipped, value] of steps) {
            for (let k = 0; k < skipped; k++) {
              values.push(values.at(-1) ?? 0);
            }
            series.record(values.length, value);
            values.push(value);
          }
          for (let k = 0; k < rest; k++) {
            values.push(values.at(-1) ?? 0);
          }
          if (values.length > 0) {
            series.record(values.length - 1, series.last);
          }
          expect(series.points()).toEqual(maxima(values));
        },
      ),
    );
  });

  it("has the same points as any other series recorded up to the same event", () => {
    const every = new PeakSeries();
    const some = new PeakSeries();
    const axis = new TimeAxis();
    for (let event = 0; event < 123_457; event++) {
      every.record(event, 1);
      axis.record(event, event);
      if (event % 1000 === 7) {
        some.record(event, 1);
      }
    }
    some.record(123_456, some.last);
    expect(every.length).toBe(Math.ceil(123_457 / 128));
    expect([some.length, axis.length]).toEqual([every.length, every.length]);
    expect([some.eventsPerPoint, axis.eventsPerPoint]).toEqual([128, 128]);
  });

  it("is empty before the first event", () => {
    expect(new PeakSeries().points()).toEqual([]);
    expect(new TimeAxis().points()).toEqual([]);
  });
});

describe("TimeAxis", () => {
  it("holds the time of each point's last event that carries one", () => {
    const axis = new TimeAxis();
    const times = Array.from({ length: 4000 }, (_, i) =>
      i % 3 === 0 && i < 3000 ? i * 10 : Number.NaN,
    );
    axis.recordAll(0, Float64Array.from(times), times.length);
    const expected: number[] = [];
    for (let from = 0; from < 4000; from += 4) {
      const known = times.slice(from, from + 4).filter((time) => !Number.isNaN(time));
      expected.push(known.at(-1) ?? Number.NaN);
    }
    expect(axis.points()).toEqual(expected);
  });
});
