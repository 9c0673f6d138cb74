import { describe, expect, test } from "vitest";
import { containerOf } from "../../src/insight/container.ts";
import { verdict } from "../../src/insight/verdict.ts";
import type { Report } from "../../src/report/report.ts";
import { fidelity, MiB, NO_TIMELINE, report, scenario, trace } from "../support/report-builder.ts";

function texts(given: Partial<Report>): string[] {
  return verdict(report(given)).map(({ text }) => text);
}

/** The sentence on what would help, of scenarios given as name and RSS at end and peak in MiB. */
function help(...rows: readonly [name: string, endMiB: number, peakMiB: number][]): string {
  const scenarios = rows.map(([name, endMiB, peakMiB]) => scenario(name, { endMiB, peakMiB }));
  return texts({ scenarios })[1] ?? "";
}

describe("what is held", () => {
  const held = (requestedMiB: number, endMiB: number): string | undefined =>
    texts({
      scenarios: [scenario("as recorded", { requestedBytes: requestedMiB * MiB, endMiB })],
    })[0];

  test("beyond what is live", () => {
    expect(held(218.3, 412.1)).toBe(
      "218.3 MiB are live at the end; glibc keeps 412.1 MiB resident, 193.8 MiB (47.0 %) of it beyond what is live.",
    );
  });

  test("what is tiny beside the rest has a unit of its own", () => {
    const recorded = scenario("as recorded", { requestedBytes: 7, endMiB: 132 / 1024 });
    expect(texts({ scenarios: [recorded] })[0]).toMatch(
      /^7 B are live at the end; glibc keeps 132 KiB/,
    );
    const live = { bytes: 7, blocks: 1, peakBytes: 12 * MiB, peakTime: null };
    expect(texts({ model: null, scenarios: [], live })[0]).toBe(
      "7 B are live at the end in 1 block; the peak was 12 MiB.",
    );
  });

  test("nothing live", () => {
    expect(held(0, 412)).toBe("Nothing is live at the end; glibc keeps 412 MiB resident.");
  });

  test("less than is live, where the program did not write all", () => {
    expect(held(100, 60)).toBe(
      "100 MiB are live at the end; glibc keeps 60 MiB resident, less than is live: part of it was never written.",
    );
  });
});

describe("what helps", () => {
  test("one setting at both moments", () => {
    expect(help(["as recorded", 100, 200], ["A=1", 50, 150], ["B=1", 90, 190])).toBe(
      "A=1 helps most: it takes peak RSS from 200 MiB to 150 MiB (-25.0 %), RSS at the end from 100 MiB to 50 MiB (-50.0 %).",
    );
  });

  test("one at the peak, another at the end", () => {
    expect(help(["as recorded", 100, 200], ["A=1", 90, 150], ["malloc_trim=end", 40, 200])).toBe(
      "A=1 helps most at the peak: it takes peak RSS from 200 MiB to 150 MiB (-25.0 %); at the end malloc_trim=end helps most: from 100 MiB to 40 MiB (-60.0 %).",
    );
  });

  test("at the end only", () => {
    expect(help(["as recorded", 100, 200], ["malloc_trim=end", 40, 200])).toBe(
      "malloc_trim=end helps most: it takes RSS at the end from 100 MiB to 40 MiB (-60.0 %); nothing tried lowers the peak.",
    );
  });

  test("at the peak only: what becomes of the end is said too", () => {
    expect(help(["as recorded", 100, 200], ["A=1", 110, 150])).toBe(
      "A=1 helps most: it takes peak RSS from 200 MiB to 150 MiB (-25.0 %), RSS at the end from 100 MiB to 110 MiB (+10.0 %).",
    );
  });

  test("of settings that help nearly alike, the simplest", () => {
    const text = help(["as recorded", 100, 200], ["A=1,B=2", 50, 150], ["A=1", 50.2, 150]);
    expect(text).toContain("A=1 helps most: it takes peak");
  });

  test("nothing helps", () => {
    expect(help(["as recorded", 100, 200], ["A=1", 99, 199], ["B=1", 120, 210])).toBe(
      "None of the 2 settings tried lowers RSS by 2 % or more, neither at the peak nor at the end.",
    );
    expect(help(["as recorded", 100, 200], ["A=1", 99, 199])).toBe(
      "A=1 does not lower RSS by 2 % or more, neither at the peak nor at the end.",
    );
  });

  test("a heap of nothing cannot be lowered", () => {
    expect(help(["as recorded", 0, 0], ["A=1", 0, 0])).toContain("A=1 does not lower RSS");
  });

  test("a setting under which calls would fail is never recommended, however much it saves", () => {
    const rows = (failedCalls: number) => [
      scenario("as recorded", { endMiB: 100, peakMiB: 200, failedCalls: 3 }),
      scenario("A=1", { endMiB: 1, peakMiB: 1, failedCalls }),
      scenario("B=1", { endMiB: 50, peakMiB: 150 }),
    ];
    const sentence = (failedCalls: number, of = rows(failedCalls)) => texts({ scenarios: of })[1];
    expect(sentence(3)).toMatch(/^A=1 helps most/);
    expect(sentence(4)).toMatch(/^B=1 helps most/);
    expect(sentence(4, rows(4).slice(0, 2))).toBe("Under A=1 glibc could not serve all calls.");
    const three = [...rows(4).slice(0, 2), scenario("C=1", { failedCalls: 9 })];
    expect(sentence(4, three)).toBe(
      "Under none of the 2 settings tried could glibc serve all calls.",
    );
    const useless = [...rows(4).slice(0, 2), scenario("C=1", { endMiB: 99, peakMiB: 199 })];
    expect(sentence(4, useless)).toBe(
      "None of the 2 settings tried lowers RSS by 2 % or more and serves all calls.",
    );
  });

  test("nothing tried", () => {
    expect(help(["as recorded", 100, 200])).toBe("No other settings were tried.");
  });
});

describe("how sure", () => {
  const sure = (compared: number, equal: number) =>
    verdict(report({ model: fidelity(compared, equal) })).at(-1);

  test("every pointer", () => {
    expect(sure(567_839, 567_839)).toEqual({
      tone: "good",
      text: "The model reproduced 567,839 of 567,839 pointers.",
    });
  });

  test("all but one is not all", () => {
    expect(sure(20_000_000, 19_999_999)).toEqual({
      tone: "plain",
      text: "The model reproduced 19,999,999 of 20,000,000 pointers (99.9999 %), the first other one is in line 1,234.",
    });
  });

  test("many wrong: the sizes are estimates", () => {
    expect(sure(100, 60)).toEqual({
      tone: "bad",
      text: "The model reproduced 60 of 100 pointers (60.0 %), the first other one is in line 1,234: take the sizes as estimates.",
    });
  });

  test("nothing to compare", () => {
    expect(sure(0, 0)?.text).toBe(
      "How sure: unknown, the log holds no pointers to compare with the model's.",
    );
  });

  test("measured RSS", () => {
    const rssSamples = [{ time: 0, events: 0, bytes: 100, modelledBytes: 95 }];
    const measured = { rssSamples, error: { median: 0.012, max: -0.05 } };
    expect(texts({ measured }).at(-1)).toBe(
      "Against 1 measured RSS sample it is off by +1.2 % in the median, -5.0 % at worst.",
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
  const held = (limitMiB: number | null, baseMiB: number, of = scenarios) => {
    const given = report({ scenarios: of, timeline });
    const limit = limitMiB === null ? null : limitMiB * MiB;
    const container = containerOf(given, limit, baseMiB * MiB);
    return verdict({ ...given, container }).slice(1, -2);
  };

  test("killed, and what would fit", () => {
    expect(held(512, 120)).toEqual([
      {
        tone: "bad",
        text: "It is OOM-killed after 1 min 01 s: it needs 575 MiB at its peak (120 MiB of it outside malloc), more than the container's limit of 512 MiB.",
      },
      { tone: "good", text: "It would fit with A=1 (380 MiB)." },
    ]);
  });

  test("killed whatever is set", () => {
    expect(held(100, 0).map(({ text }) => text)).toEqual([
      "It is OOM-killed after 1.00 s: it needs 455 MiB at its peak (malloc's part alone, see --base-rss), more than the container's limit of 100 MiB.",
      "With none of the settings tried does it fit.",
    ]);
    expect(held(100, 0, scenarios.slice(0, 1))).toHaveLength(1);
  });

  test("what fits because its calls fail does not count", () => {
    const failing = scenario("C=1", { peakMiB: 1, failedCalls: 5 });
    expect(held(512, 120, [...scenarios, failing])[1]?.text).toBe(
      "It would fit with A=1 (380 MiB).",
    );
    expect(held(300, 120, [...scenarios, failing])[1]?.text).toBe(
      "With none of the settings tried does it fit.",
    );
  });

  test("fits, to the byte", () => {
    expect(held(575, 120)[0]).toEqual({
      tone: "good",
      text: "It fits the container's limit of 575 MiB: it needs 575 MiB at its peak (120 MiB of it outside malloc).",
    });
  });

  test("--base-rss alone", () => {
    expect(held(null, 120)[0]?.text).toBe(
      "The process needs 575 MiB at its peak (120 MiB of it outside malloc).",
    );
  });
});

describe("less than the whole", () => {
  test("interrupted", () => {
    const [first] = verdict(report({ complete: false, trace: trace({ events: 1_234 }) }));
    expect(first).toEqual({
      tone: "bad",
      text: "Interrupted: all figures are those of the first 1,234 events only.",
    });
  });

  test("interrupted before the first event: no word of RSS or of options", () => {
    const nothing = { model: null, scenarios: [], trace: trace({ events: 0 }) };
    expect(texts({ ...nothing, complete: false })).toEqual([
      "Interrupted before the first event was read: there is nothing to tell.",
    ]);
    expect(texts(nothing)).toEqual(["No event was read: there is nothing to tell."]);
  });

  test("a peak before the log's first line, by times out of order, has no time", () => {
    const live = { bytes: 0, blocks: 0, peakBytes: 5 * MiB, peakTime: -3 };
    expect(texts({ model: null, scenarios: [], live })[0]).toBe(
      "Nothing is live at the end; the peak was 5 MiB.",
    );
  });

  test("no model", () => {
    expect(texts({ model: null, scenarios: [] })).toEqual([
      "10 MiB are live at the end in 10 blocks; the peak was 12 MiB, after 500 ms.",
      "Nothing is said of RSS: no model was run (--no-model).",
    ]);
    const live = { bytes: 0, blocks: 0, peakBytes: 5 * MiB, peakTime: null };
    expect(texts({ model: null, scenarios: [], live })[0]).toBe(
      "Nothing is live at the end; the peak was 5 MiB.",
    );
  });
});
