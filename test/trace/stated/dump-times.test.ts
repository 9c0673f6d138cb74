import { describe, expect, it } from "vitest";
import { type DatedLog, dumpTimes } from "../../../src/trace/stated/dump-times.ts";
import type { DumpedThread, ThreadDump } from "../../../src/trace/stated/thread-dump.ts";

const SECOND = 1e6;
const MIDNIGHT = Date.UTC(2026, 10, 30) / 1000;

function thread(tid: number, age: number | null): DumpedThread {
  return { tid, name: null, state: null, frames: [], age };
}

function dump(
  seconds: number | null,
  threads: readonly DumpedThread[] = [thread(1, null)],
  isUtc = false,
): ThreadDump {
  const date = seconds === null ? null : { seconds: MIDNIGHT + seconds, isUtc };
  return { source: "a", kind: "dump", jvm: null, date, threads };
}

/** A log of 100 s that begins at midnight UTC; threads 1, 2 and 3 call first after 0, 10 and 20 s. */
function log(given: Partial<DatedLog> = {}): DatedLog {
  return {
    first: 0,
    last: 100 * SECOND,
    epochSeconds: MIDNIGHT,
    firstTimeOf: (tid) => (tid <= 3 ? (tid - 1) * 10 * SECOND : Number.NaN),
    ...given,
  };
}

describe("ages of threads", () => {
  it("give a dump's time: the first call of a thread, and its age then", () => {
    const dumps = [dump(null, [thread(1, 50), thread(2, 40), thread(9, 3)])];
    expect(dumpTimes(dumps, log())).toEqual({ times: [50 * SECOND], clock: "ages" });
  });

  it("are those on which most threads agree: some allocate late, or were attached later", () => {
    const dumps = [dump(null, [thread(1, 5), thread(2, 20.01), thread(3, 10)])];
    expect(dumpTimes(dumps, log()).times).toEqual([30 * SECOND]);
  });

  it("are contradicted by the date in a log that began later than the process", () => {
    const dumps = [dump(30, [thread(1, 50), thread(2, 40)])];
    expect(dumpTimes(dumps, log())).toEqual({ times: [30 * SECOND], clock: "dates" });
  });

  it("do not need the log's date", () => {
    const dumps = [dump(7 * 3600, [thread(1, 50), thread(2, 40)])];
    expect(dumpTimes(dumps, log({ epochSeconds: null }))).toEqual({
      times: [50 * SECOND],
      clock: "ages",
    });
  });
});

describe("dates", () => {
  it("are in the time zone in which all dumps fall into the log", () => {
    const zone = 5.5 * 3600;
    const dumps = [dump(zone + 10), dump(zone + 90)];
    expect(dumpTimes(dumps, log())).toEqual({ times: [10 * SECOND, 90 * SECOND], clock: "dates" });
  });

  it("say nothing if no time zone fits, or several do", () => {
    expect(dumpTimes([dump(3600 - 60)], log())).toEqual({ times: [Number.NaN], clock: null });
    const long = log({ last: 10 * 3600 * SECOND });
    expect(dumpTimes([dump(3600)], long).clock).toBeNull();
  });

  it("of several time zones are in that which the ages of another dump confirm", () => {
    const long = log({ last: 10 * 3600 * SECOND });
    const zone = 2 * 3600;
    const dumps = [dump(zone + 50, [thread(1, 50), thread(2, 40)]), dump(zone + 3600)];
    expect(dumpTimes(dumps, long).times).toEqual([50 * SECOND, 3600 * SECOND]);
  });

  it("that are UTC are in no other time zone", () => {
    const long = log({ last: 10 * 3600 * SECOND });
    expect(dumpTimes([dump(3600, undefined, true)], long).times).toEqual([3600 * SECOND]);
    expect(dumpTimes([dump(12 * 3600, undefined, true)], long).clock).toBeNull();
  });

  it("are compared with the log's own times if these are seconds since 1970", () => {
    const first = MIDNIGHT * SECOND;
    const epoch = log({ first, last: first + 100 * SECOND, epochSeconds: null });
    expect(dumpTimes([dump(30)], epoch).times).toEqual([first + 30 * SECOND]);
  });
});

it("nothing is known without ages, dates or times in the log", () => {
  expect(dumpTimes([dump(30)], log({ epochSeconds: null })).clock).toBeNull();
  expect(dumpTimes([dump(null)], log()).clock).toBeNull();
  const none = log({ first: Number.NaN, last: Number.NaN, firstTimeOf: () => Number.NaN });
  expect(dumpTimes([dump(30, [thread(1, 30)])], none).clock).toBeNull();
  expect(dumpTimes([], log())).toEqual({ times: [], clock: null });
});
