import { describe, expect, test } from "vitest";
import { containerOf } from "../../src/insight/cures/container.ts";
import { verdict } from "../../src/insight/verdict.ts";
import type { Causes, Report, TouchFit } from "../../src/report/contract/report.ts";
import {
  fidelity,
  MiB,
  MODEL,
  NO_TIMELINE,
  report,
  scenario,
  thread,
  trace,
} from "../support/report-builder.ts";

function texts(given: Partial<Report>): string[] {
  return verdict(report(given)).map(({ text }) => text);
}

function cure(given: Partial<Report>): string {
  return texts(given).find((text) => text.startsWith("Cure: ")) ?? "";
}

/** The advice for scenarios given as name, RSS at the end and peak RSS in MiB. */
function help(...rows: readonly [name: string, endMiB: number, peakMiB: number][]): string {
  const scenarios = rows.map(([name, endMiB, peakMiB]) => scenario(name, { endMiB, peakMiB }));
  return cure({ scenarios });
}

describe("resident memory", () => {
  const sentence = (requestedMiB: number, endMiB: number): string | undefined =>
    texts({
      scenarios: [scenario("as recorded", { requestedBytes: requestedMiB * MiB, endMiB })],
    })[0];

  test("has more resident than is live", () => {
    expect(sentence(218.3, 412.1)).toBe(
      "218.3 MiB are live at the end; glibc keeps 412.1 MiB resident, 193.8 MiB (47.0 %) more than is live.",
    );
  });

  test("small sizes get a smaller unit", () => {
    const recorded = scenario("as recorded", { requestedBytes: 7, endMiB: 132 / 1024 });
    expect(texts({ scenarios: [recorded] })[0]).toMatch(
      /^7 B are live at the end; glibc keeps 132 KiB/,
    );
    const live = { bytes: 7, blocks: 1, peakBytes: 12 * MiB, peakTime: null };
    expect(texts({ model: null, scenarios: [], live })[0]).toBe(
      "7 B are live at the end in 1 block; the peak was 12 MiB.",
    );
  });

  test("of one byte", () => {
    const recorded = scenario("as recorded", { requestedBytes: 1, endMiB: 1 });
    expect(texts({ scenarios: [recorded] })[0]).toMatch(/^1 B is live at the end; glibc keeps /);
    const live = { bytes: 1, blocks: 1, peakBytes: 1, peakTime: null };
    expect(texts({ model: null, scenarios: [], live })[0]).toBe(
      "1 B is live at the end in 1 block; the peak was 1 B.",
    );
  });

  test("leaves out what is in use from outside the log", () => {
    const inferred = { ...MODEL.inferred, unloggedBytes: 2 * MiB };
    const scenarios = [scenario("as recorded", { requestedBytes: 10 * MiB, endMiB: 16 })];
    expect(texts({ model: { ...MODEL, inferred }, scenarios })[0]).toBe(
      "10 MiB are live at the end; glibc keeps 16 MiB resident, 4 MiB (25.0 %) more than is live or, with 2 MiB, in use from outside the log.",
    );
  });

  test("with nothing live", () => {
    const scenarios = [scenario("as recorded", { requestedBytes: 0, endMiB: 412 })];
    const of = (blocks: number) =>
      texts({ scenarios, live: { bytes: 0, blocks, peakBytes: MiB, peakTime: null } })[0];
    expect(of(0)).toBe("Nothing is live at the end; glibc keeps 412 MiB resident.");
    expect(of(1)).toBe("1 block of 0 B is live at the end; glibc keeps 412 MiB resident.");
    expect(of(2)).toBe("2 blocks of 0 B are live at the end; glibc keeps 412 MiB resident.");
  });

  test("is less than is live if the program did not write all of it", () => {
    expect(sentence(100, 60)).toBe(
      "100 MiB are live at the end; glibc keeps 60 MiB resident, less than is live: part of it was never written.",
    );
  });
});

describe("advice", () => {
  test("states the price in calls to the kernel where it is high", () => {
    const few = { brk: 9, mmap: 90, mremap: 0, munmap: 90, madvise: 0, mprotect: 0 };
    const scenarios = [
      scenario("as recorded", { endMiB: 100, peakMiB: 200, systemCalls: few }),
      scenario("A=1", { endMiB: 50, peakMiB: 150, systemCalls: { ...few, munmap: 12_090 } }),
    ];
    expect(cure({ scenarios })).toBe(
      "Cure: A=1 helps most: peak RSS falls from 200 MiB to 150 MiB (-25.0 %), RSS at the end falls from 100 MiB to 50 MiB (-50.0 %). It makes 12,000 more calls of munmap.",
    );
  });

  test("one setting for both moments", () => {
    expect(help(["as recorded", 100, 200], ["A=1", 50, 150], ["B=1", 90, 190])).toBe(
      "Cure: A=1 helps most: peak RSS falls from 200 MiB to 150 MiB (-25.0 %), RSS at the end falls from 100 MiB to 50 MiB (-50.0 %).",
    );
  });

  test("one setting for the peak, another for the end", () => {
    expect(help(["as recorded", 100, 200], ["A=1", 90, 150], ["malloc_trim=end", 40, 200])).toBe(
      "Cure: A=1 lowers peak RSS most: from 200 MiB to 150 MiB (-25.0 %). malloc_trim=end lowers RSS at the end most: from 100 MiB to 40 MiB (-60.0 %).",
    );
  });

  test("says that its numbers lie within ranges where these are wide", () => {
    const { rss, ...rest } = scenario("A=1", { endMiB: 50, peakMiB: 150 });
    const text = (peakHighMiB: number) =>
      cure({
        scenarios: [
          scenario("as recorded", { endMiB: 100, peakMiB: 200 }),
          { ...rest, rss: { ...rss, peakHighBytes: peakHighMiB * MiB } },
        ],
      });
    expect(text(157)).not.toContain("most likely");
    expect(text(158)).toMatch(/\). These are the most likely values; their ranges are below\.$/);
  });

  test("names the settings whose ranges overlap those of the recorded run", () => {
    const { rss, ...rest } = scenario("A=1", { endMiB: 100, peakMiB: 150 });
    const trim = scenario("malloc_trim=end", { endMiB: 40, peakMiB: 200 });
    const text = (peakHighMiB: number) =>
      cure({
        scenarios: [
          scenario("as recorded", { endMiB: 100, peakMiB: 200 }),
          { ...rest, rss: { ...rss, peakHighBytes: peakHighMiB * MiB } },
          trim,
        ],
      });
    expect(text(199)).toMatch(/ranges are below\.$/);
    expect(text(200)).toMatch(
      /ranges are below\. Those of A=1 overlap those of the recorded run\.$/,
    );
  });

  test("a setting that lowers one moment and raises the other says so", () => {
    expect(help(["as recorded", 100, 200], ["A=1", 106, 150], ["malloc_trim=end", 40, 220])).toBe(
      "Cure: A=1 lowers peak RSS most: from 200 MiB to 150 MiB (-25.0 %), but it raises RSS at the end to 106 MiB (+6.0 %). malloc_trim=end lowers RSS at the end most: from 100 MiB to 40 MiB (-60.0 %), but it raises peak RSS to 220 MiB (+10.0 %).",
    );
    expect(help(["as recorded", 100, 200], ["A=1", 40, 220])).toBe(
      "Cure: A=1 lowers RSS at the end most: from 100 MiB to 40 MiB (-60.0 %); it raises peak RSS to 220 MiB (+10.0 %).",
    );
    expect(help(["as recorded", 100, 200], ["A=1", 104, 150], ["B=1", 40, 209])).not.toContain(
      "raises",
    );
  });

  test("only the end is lowered", () => {
    expect(help(["as recorded", 100, 200], ["malloc_trim=end", 40, 200])).toBe(
      "Cure: malloc_trim=end lowers RSS at the end most: from 100 MiB to 40 MiB (-60.0 %); no setting tried lowers the peak.",
    );
  });

  test("only the peak is lowered: the sentence shows the end, too", () => {
    expect(help(["as recorded", 100, 200], ["A=1", 110, 150])).toBe(
      "Cure: A=1 helps most: peak RSS falls from 200 MiB to 150 MiB (-25.0 %), RSS at the end rises from 100 MiB to 110 MiB (+10.0 %).",
    );
  });

  test("the simplest of settings with nearly the same gain", () => {
    const text = help(["as recorded", 100, 200], ["A=1,B=2", 50, 150], ["A=1", 50.9, 150.9]);
    expect(text).toContain("Cure: A=1 helps most: peak RSS falls");
    const worse = help(["as recorded", 100, 200], ["A=1,B=2", 50, 150], ["A=1", 51.1, 151.1]);
    expect(worse).toContain("Cure: A=1,B=2 helps most");
  });

  test("of as many settings, first those under which no call can fail for want of mappings", () => {
    const [risky, safe] = ["MALLOC_MMAP_THRESHOLD_=131072", "MALLOC_TRIM_THRESHOLD_=131072"];
    const text = (safeMiB: number) =>
      help(["as recorded", 100, 100], [risky, 50, 50], [safe, safeMiB, safeMiB]);
    expect(text(50.9)).toMatch(/^Cure: MALLOC_TRIM_THRESHOLD_=131072 helps most/);
    expect(text(51.1)).toMatch(/^Cure: MALLOC_MMAP_THRESHOLD_=131072 helps most/);
  });

  test("calls take longer without the threads' caches", () => {
    const settings = { "glibc.malloc.tcache_count": "0" };
    const recorded = { endMiB: 100, peakMiB: 200 };
    const uncached = scenario("none", { settings, endMiB: 50, peakMiB: 150 });
    expect(cure({ scenarios: [scenario("as recorded", recorded), uncached] })).toMatch(
      /\(-50\.0 %\)\. Without the threads' caches, calls take longer\.$/,
    );
    expect(
      cure({ scenarios: [scenario("as recorded", { ...recorded, settings }), uncached] }),
    ).not.toContain("longer");
  });

  test("no setting helps", () => {
    expect(help(["as recorded", 100, 200], ["A=1", 99, 199], ["B=1", 120, 210])).toBe(
      "Cure: no setting tried lowers RSS by 5 % and 1 MiB or more, at the peak or at the end.",
    );
    expect(help(["as recorded", 100, 200], ["A=1", 99, 199])).toBe(
      "Cure: A=1 does not lower RSS by 5 % and 1 MiB or more, at the peak or at the end.",
    );
  });

  test("no setting helps: what the memory is", () => {
    const scenarios = [scenario("as recorded", { endMiB: 100 }), scenario("A=1", { endMiB: 99 })];
    const none = { live: 0, mapped: 0, overhead: 0, unwritten: 0, tcache: 0, fastbins: 0 };
    const others = { returnable: 0, pinned: 0, tops: 0, idleArenas: 0, unlogged: 0 };
    const why = (end: Partial<Causes>, peak: Partial<Causes> | null) =>
      cure({
        scenarios,
        causes: {
          "as recorded": {
            end: { ...none, ...others, ...end },
            peak: peak && { ...none, ...others, ...peak },
          },
        },
      }).split("at the end: ")[1];
    const held = { live: 40, mapped: 30, unwritten: -10, tops: 40 };
    expect(why({}, held)).toBe("60.0 % of the memory at the peak is live.");
    expect(why(held, null)).toBe("60.0 % of the memory at the end is live.");
    expect(why({ live: 30, overhead: 70 }, null)).toBe(
      "70.0 % of the memory at the end is headers and rounding of blocks.",
    );
    expect(why({ live: 30, overhead: 30, pinned: 40 }, null)).toBeUndefined();
    expect(why({}, null)).toBeUndefined();
  });

  test("needs a gain of 5 % and of 1 MiB", () => {
    expect(help(["as recorded", 100, 100], ["A=1", 95, 95])).toMatch(/^Cure: A=1 helps most/);
    expect(help(["as recorded", 100, 100], ["A=1", 95.1, 95.1])).toMatch(
      /^Cure: A=1 does not lower/,
    );
    expect(help(["as recorded", 1.5, 1.5], ["A=1", 0.5, 0.5])).toMatch(/^Cure: A=1 helps most/);
    expect(help(["as recorded", 1.5, 1.5], ["A=1", 0.6, 0.6])).toMatch(/^Cure: A=1 does not lower/);
  });

  test("an empty heap", () => {
    expect(help(["as recorded", 0, 0], ["A=1", 0, 0])).toContain("A=1 does not lower RSS");
  });

  test("never a setting under which calls fail, whatever it saves", () => {
    const rows = (failedCalls: number) => [
      scenario("as recorded", { endMiB: 100, peakMiB: 200, failedCalls: 3 }),
      scenario("A=1", { endMiB: 1, peakMiB: 1, failedCalls }),
      scenario("B=1", { endMiB: 50, peakMiB: 150 }),
    ];
    const sentence = (failedCalls: number, of = rows(failedCalls)) => cure({ scenarios: of });
    expect(sentence(3)).toMatch(/^Cure: A=1 helps most/);
    expect(sentence(4)).toMatch(/^Cure: B=1 helps most/);
    expect(sentence(4, rows(4).slice(0, 2))).toBe(
      "Cure: with A=1, calls that succeeded in the recorded run would fail.",
    );
    const three = [...rows(4).slice(0, 2), scenario("C=1", { failedCalls: 9 })];
    expect(sentence(4, three)).toBe(
      "Cure: with each of the 2 settings listed, calls that succeeded in the recorded run would fail.",
    );
    const useless = [...rows(4).slice(0, 2), scenario("C=1", { endMiB: 99, peakMiB: 199 })];
    expect(sentence(4, useless)).toBe(
      "Cure: no setting tried lowers RSS by 5 % and 1 MiB or more without failing calls.",
    );
  });

  test("no setting tried", () => {
    expect(help(["as recorded", 100, 200])).toBe("Cure: no other settings were tried.");
  });
});

describe("fidelity", () => {
  const sentence = (compared: number, equal: number) =>
    verdict(report({ model: fidelity(compared, equal) })).at(-1);

  test("every pointer matches", () => {
    expect(sentence(567_839, 567_839)).toEqual({
      tone: "good",
      text: "Proof: the model reproduced 567,839 of 567,839 pointers.",
    });
  });

  test("a log of one pointer", () => {
    expect(sentence(1, 1)?.text).toBe("Proof: the model reproduced 1 of 1 pointer.");
  });

  test("one mismatch is not 100 %", () => {
    expect(sentence(20_000_000, 19_999_999)).toEqual({
      tone: "plain",
      text: "Proof: the model reproduced 19,999,999 of 20,000,000 pointers (99.9999 %); the first mismatch is in line 1,234.",
    });
  });

  test("an approximate run says so first, an unreliable one says nothing else of glibc", () => {
    expect(texts({ model: fidelity(100, 97) })).toEqual([
      "The figures are approximate.",
      expect.stringContaining("glibc keeps"),
      "Who: thread 100 allocated most, 10 MiB in 15 calls.",
      "Cure: no other settings were tried.",
      "Proof: the model reproduced 97 of 100 pointers (97.0 %); the first mismatch is in line 1,234.",
    ]);
    const given = {
      model: fidelity(100, 60),
      scenarios: [scenario("as recorded"), scenario("A=1")],
    };
    expect(texts(given)).toEqual([
      "This log does not show what glibc holds: the model reproduced 60.0 % of its 100 pointers. The log does not show why: perhaps another allocator, or settings that it does not state.",
      "10 MiB are live at the end in 10 blocks; the peak was 12 MiB, after 500 ms.",
    ]);
    const unreliable = report(given);
    const container = containerOf(unreliable, 100 * MiB, 0);
    expect(texts({ ...given, container }).at(-1)).toBe(
      "Whether the process fits its container cannot be judged.",
    );
  });

  test("measured RSS", () => {
    const rssSamples = [{ time: 0, events: 0, bytes: 100, modelledBytes: 95 }];
    const measured = { rssSamples, error: { median: 0.012, max: -0.05 } };
    expect(texts({ measured }).at(-1)).toBe(
      "Modelled RSS against 1 measured sample: +1.2 % in the median, -5.0 % at worst.",
    );
  });
});

describe("a fit that cannot reach the measured RSS", () => {
  const last = (fit: TouchFit): string | undefined => texts({ model: { ...MODEL, fit } }).at(-1);
  const MIB = 2 ** 20;
  const bounds = { measuredBytes: 100 * MIB, noneBytes: 20 * MIB, allBytes: 70 * MIB };

  test("is reported, with the distance and what it may mean", () => {
    const error = { median: -0.3, max: -0.3 };
    const source = "--observed-rss";
    const above = { ratio: 1, smallRatio: 1, knownRatio: 1, source, outside: "above" } as const;
    expect(last({ ...above, error, bounds })).toBe(
      "The measured RSS of 100 MiB is 30 MiB above the model's RSS with every byte written, 70 MiB; the closest value is used, off by -30.0 %. It may include memory that is not malloc's, blocks allocated before the log began, or transparent huge pages.",
    );
    const below = { ratio: 0, smallRatio: 0, knownRatio: 0, source, outside: "below" } as const;
    const less = { ...bounds, measuredBytes: 15 * MIB };
    const off = { median: 1 / 3, max: 1 / 3 };
    expect(last({ ...below, error: off, bounds: less })).toContain(
      "The measured RSS of 15 MiB is 5 MiB below the model's RSS with nothing written, 20 MiB; the closest value is used, off by +33.3 %. Pages may have been swapped out",
    );
    const errors = { median: 0.1, max: 0.3 };
    const samples = { ...below, source: "rss samples", error: errors, bounds: null } as const;
    expect(last(samples)).toContain(
      "The RSS samples are below the model's RSS with nothing written; the closest value is used, off by +30.0 %.",
    );
  });
});

describe("the container", () => {
  const scenarios = [
    scenario("as recorded", { peakMiB: 455 }),
    scenario("A=1", { peakMiB: 260 }),
    scenario("B=1", { peakMiB: 600 }),
  ];
  const timeline = {
    ...NO_TIMELINE,
    time: [1, 61, 70],
    eventsPerPoint: 1,
    liveBytes: [0, 0, 0],
    inUseBytes: [],
    perScenario: { "as recorded": [300 * MiB, 455 * MiB, 400 * MiB] },
  };
  const sentences = (limitMiB: number | null, baseMiB: number, of = scenarios) => {
    // One thread: its name says nothing.
    const given = report({ scenarios: of, timeline, threads: [thread(100)] });
    const limit = limitMiB === null ? null : limitMiB * MiB;
    const container = containerOf(given, limit, baseMiB * MiB);
    return verdict({ ...given, container }).slice(1, -2);
  };

  test("killed, with settings that fit", () => {
    expect(sentences(512, 120)).toEqual([
      {
        tone: "bad",
        text: "The process is OOM-killed after 1 min 01 s: it needs 575 MiB at its peak (120 MiB of it outside malloc), more than the container's limit of 512 MiB.",
      },
      { tone: "good", text: "It would fit with A=1 (380 MiB)." },
    ]);
  });

  test("killed under every setting", () => {
    expect(sentences(100, 0).map(({ text }) => text)).toEqual([
      "The process is OOM-killed after 1.00 s: it needs 455 MiB at its peak (malloc's memory only, see --base-rss), more than the container's limit of 100 MiB.",
      "No setting tried makes it fit.",
    ]);
    expect(sentences(100, 0, scenarios.slice(0, 1))).toHaveLength(1);
    // When the memory outside malloc exceeds the limit is unknown.
    expect(sentences(100, 120)[0]?.text).toBe(
      "The process is OOM-killed: it needs 575 MiB at its peak (120 MiB of it outside malloc), more than the container's limit of 100 MiB.",
    );
  });

  test("a setting that fits because calls fail does not count", () => {
    const failing = scenario("C=1", { peakMiB: 1, failedCalls: 5 });
    expect(sentences(512, 120, [...scenarios, failing])[1]?.text).toBe(
      "It would fit with A=1 (380 MiB).",
    );
    expect(sentences(300, 120, [...scenarios, failing])[1]?.text).toBe(
      "No setting tried makes it fit.",
    );
  });

  test("a trim at the end, after the peak, is not named beside the settings that fit without it", () => {
    const trimmed = scenario("A=1,malloc_trim=end", { peakMiB: 260, trim: "end" });
    const fits = (of: typeof scenarios) => sentences(512, 120, of)[1]?.text;
    expect(fits([...scenarios, trimmed])).toBe("It would fit with A=1 (380 MiB).");
    const [recorded] = scenarios;
    expect(fits([recorded!, trimmed])).toBe("It would fit with A=1,malloc_trim=end (380 MiB).");
  });

  test("may not fit where the limit lies in the range of the prediction", () => {
    const { rss, ...rest } = scenario("as recorded", { peakMiB: 455 });
    const ranged = { ...rest, rss: { ...rss, peakLowBytes: 400 * MiB, peakHighBytes: 500 * MiB } };
    const text = (limitMiB: number) => sentences(limitMiB, 100, [ranged])[0]?.text;
    expect(text(580)).toBe(
      "The process may not fit the container's limit of 580 MiB: it needs 500 MiB to 600 MiB at its peak (100 MiB of it outside malloc).",
    );
    expect(text(500)).toContain("may not fit");
    expect(text(499)).toContain("OOM-killed");
    expect(text(600)).toContain("The process fits");
  });

  test("settings under which it surely fits are named where it may not", () => {
    const { rss, ...rest } = scenario("as recorded", { peakMiB: 455 });
    const ranged = { ...rest, rss: { ...rss, peakLowBytes: 400 * MiB, peakHighBytes: 500 * MiB } };
    const fits = scenario("A=1", { peakMiB: 260 });
    expect(sentences(500, 100, [ranged, fits])[1]).toEqual({
      tone: "good",
      text: "It would fit with A=1 (360 MiB).",
    });
    expect(sentences(500, 100, [ranged, { ...ranged, name: "B=1" }])).toHaveLength(1);
  });

  test("a setting under which it may not fit is no promise", () => {
    const { rss, ...rest } = scenario("A=1", { peakMiB: 260 });
    const ranged = { ...rest, rss: { ...rss, peakLowBytes: 250 * MiB, peakHighBytes: 300 * MiB } };
    const text = (limitMiB: number) =>
      sentences(limitMiB, 0, [scenarios[0]!, ranged]).map((one) => one.text)[1];
    expect(text(299)).toBe("It may fit with A=1 (260 MiB): the limit lies within the range.");
    expect(text(300)).toBe("It would fit with A=1 (260 MiB).");
    expect(text(249)).toBe("No setting tried makes it fit.");
  });

  test("fits, to the byte", () => {
    expect(sentences(575, 120)[0]).toEqual({
      tone: "good",
      text: "The process fits the container's limit of 575 MiB: it needs 575 MiB at its peak (120 MiB of it outside malloc).",
    });
  });

  test("--base-rss alone", () => {
    expect(sentences(null, 120)[0]?.text).toBe(
      "The process needs 575 MiB at its peak (120 MiB of it outside malloc).",
    );
  });
});

describe("partial reports", () => {
  test("interrupted", () => {
    const [first] = verdict(report({ complete: false, trace: trace({ events: 1_234 }) }));
    expect(first).toEqual({
      tone: "bad",
      text: "Interrupted: all figures cover the first 1,234 events only.",
    });
  });

  test("interrupted before the first event: nothing on RSS or options", () => {
    const nothing = { model: null, scenarios: [], trace: trace({ events: 0 }) };
    expect(texts({ ...nothing, complete: false })).toEqual([
      "Interrupted before the first event was read: nothing to report.",
    ]);
    expect(texts(nothing)).toEqual(["No event was read: nothing to report."]);
  });

  test("a peak before the first event, because of times out of order, has no time", () => {
    const live = { bytes: 0, blocks: 0, peakBytes: 5 * MiB, peakTime: -3 };
    expect(texts({ model: null, scenarios: [], live })[0]).toBe(
      "Nothing is live at the end; the peak was 5 MiB.",
    );
  });

  test("no model", () => {
    expect(texts({ model: null, scenarios: [] })).toEqual([
      "10 MiB are live at the end in 10 blocks; the peak was 12 MiB, after 500 ms.",
      "No RSS: the model was not run (--no-model).",
    ]);
    const live = { bytes: 0, blocks: 0, peakBytes: 5 * MiB, peakTime: null };
    expect(texts({ model: null, scenarios: [], live })[0]).toBe(
      "Nothing is live at the end; the peak was 5 MiB.",
    );
  });
});
