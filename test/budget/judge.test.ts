import { describe, expect, test } from "vitest";
import { parseBudget } from "../../src/budget/budget.ts";
import { explain, sortFor } from "../../src/budget/explain.ts";
import { type Evidence, judge, type NamedBudget } from "../../src/budget/judge.ts";
import { exitFor } from "../../src/cli/budgets/judge-budgets.ts";
import { presentBudgets } from "../../src/insight/budget-sentences.ts";
import type {
  BudgetResult,
  CallerSummary,
  Causes,
  Report,
} from "../../src/report/contract/report.ts";
import { budgetsKept } from "../../src/report/wording/budget-results.ts";
import {
  caller,
  fidelity,
  MiB,
  NO_CAUSES,
  report,
  scenario,
  thread,
} from "../support/report-builder.ts";

function named(text: string, minDeltaBytes: number | null = null): NamedBudget {
  const parsed = parseBudget(text);
  if ("error" in parsed) {
    throw new Error(parsed.error);
  }
  return { budget: parsed.ok, place: "", name: null, message: null, minDeltaBytes };
}

function evidence(
  head: Report,
  base: Report | null = null,
  runs: readonly Report[] = [],
): Evidence {
  const read = (one: Report) => ({ known: one, json: one });
  return { trustsModel: false, head: read(head), base: base && read(base), runs: runs.map(read) };
}

function judged(text: string, given: Evidence, minDeltaBytes: number | null = null) {
  const one = named(text, minDeltaBytes);
  const result = judge(one, given);
  if ("error" in result) {
    throw new Error(result.error);
  }
  const explanation = explain(one.budget, result.ok, given);
  return { ...result.ok, explanation, command: null } satisfies BudgetResult;
}

function sentenceOf(result: BudgetResult): string {
  return presentBudgets([result])[0]?.sentence ?? "";
}

function refused(text: string, given: Evidence) {
  const result = judge(named(text), given);
  return "error" in result ? result : null;
}

/** The recorded run has 20 MiB at the end and 24 at the peak; two what-ifs help, one fails. */
const HEAD = report({
  threads: [
    thread(100, { name: "main", liveBytes: 7 * MiB, pinnedBytes: 2 * MiB }),
    thread(101, { name: "worker", liveBytes: 3 * MiB, volumeBytes: 3 * MiB }),
    thread(102, { name: "worker", liveBytes: 0, volumeBytes: 0 }),
  ],
  scenarios: [
    scenario("as recorded"),
    scenario("MALLOC_ARENA_MAX=1", { endMiB: 14, peakMiB: 16 }),
    scenario("MALLOC_ARENA_MAX=1,malloc_trim=end", { endMiB: 12, peakMiB: 16 }),
    scenario("MALLOC_ARENA_MAX=99", { endMiB: 1, peakMiB: 1, failedCalls: 5 }),
  ],
});

const KNOWN_KEYS =
  "known keys: rss, peak-rss, live, peak-live, fragmentation, leaked-blocks, arenas, volume, calls, trace.events, trace.threads, trace.firstTime, …";

describe("the figure of a key", () => {
  test.each<[string, number, BudgetResult["unit"]]>([
    ["rss", 20 * MiB, "bytes"],
    ["peak-rss", 24 * MiB, "bytes"],
    ["rss@MALLOC_ARENA_MAX=1", 14 * MiB, "bytes"],
    ["rss@as recorded", 20 * MiB, "bytes"],
    ["live", 10 * MiB, "bytes"],
    ["peak-live", 12 * MiB, "bytes"],
    ["fragmentation", 1 - 11 / 20, "ratio"],
    ["leaked-blocks", 10, "count"],
    ["arenas", 1, "count"],
    ["volume", 13 * MiB, "bytes"],
    ["calls", 45, "count"],
    ["model.fidelity.ratio", 1, "ratio"],
    ["inUseBytes@as recorded", 11 * MiB, "bytes"],
    ["scenarios.1.rss.endBytes", 14 * MiB, "bytes"],
    ["threads.length", 3, "count"],
    ["thread:100.volume", 10 * MiB, "bytes"],
    ["thread:100.calls", 15, "count"],
    ["thread:main.live", 7 * MiB, "bytes"],
    ["thread:main.calls.free", 5, "count"],
  ])("%s", (key, actual, unit) =>
    expect(judged(`${key}<=${unit === "bytes" ? "1GiB" : "1000"}`, evidence(HEAD))).toMatchObject({
      key,
      actual,
      unit,
      ok: true,
    }),
  );

  test.each([
    ["live.byte<=1", "no key live.byte (did you mean live.bytes?)"],
    ["rss.endByte@as recorded<=1", "no key rss.endByte (did you mean rss.endBytes?)"],
    [
      "rss.end@as recorded<=1",
      "no key rss.end; known keys: rss, peak-rss, live, peak-live, fragmentation, leaked-blocks, arenas, volume, calls, rss.endBytes, rss.peakBytes, rss.peakTime, …",
    ],
    ["live.constructor<=1", `no key live.constructor; ${KNOWN_KEYS}`],
    ["live.bytes.toFixed<=1", `no key live.bytes.toFixed; ${KNOWN_KEYS}`],
    [
      "rss@MALLOC_ARENA_MAX=3<=1",
      "no scenario MALLOC_ARENA_MAX=3 (did you mean MALLOC_ARENA_MAX=1?)",
    ],
    ["thread:103.live<=1", "no thread 103 (did you mean 100?)"],
  ])("%s: %s", (text, error) =>
    expect(refused(text, evidence(HEAD))).toEqual({ error, in: "head" }),
  );

  test.each([
    ["model.glibc<=1", 'model.glibc is "2.36", not a number'],
    ["model.holes.lines<=1", "model.holes is unknown for this log (null)"],
    ["model.holes<=1", "model.holes is unknown for this log (null)"],
    ["model.fidelity<=1", "model.fidelity is not a number; it has compared, equal, ratio, first"],
    ["thread:worker.live<=1", "2 threads are named worker; give a tid"],
    ["live.bytes<=5%", "live.bytes: bytes cannot be a percentage"],
    ["rss<=+5%", "growth is relative to an earlier report; give one with --baseline"],
  ])("%s: %s", (text, reason) => expect(refused(text, evidence(HEAD))?.error).toContain(reason));

  test("a figure of a scenario, without a model", () => {
    const bare = report({ model: null, scenarios: [] });
    expect(refused("rss<=1", evidence(bare))?.error).toContain("which was not run (--no-model)");
  });
});

test.each<[string, boolean]>([
  ["rss<=20MiB", true],
  [`rss<=${20 * MiB - 1}`, false],
  ["rss<20MiB", false],
  [`rss<${20 * MiB + 1}`, true],
  ["rss>=20MiB", true],
  [`rss>=${20 * MiB + 1}`, false],
  ["rss>20MiB", false],
  [`rss>${20 * MiB - 1}`, true],
])("%s holds: %s", (text, ok) => expect(judged(text, evidence(HEAD)).ok).toBe(ok));

describe("growth", () => {
  const base = report({
    threads: [thread(100, { name: "main", liveBytes: 2 * MiB }), thread(101, { name: "worker" })],
    scenarios: [scenario("as recorded", { endMiB: 19, peakMiB: 24 })],
    live: { bytes: 0, blocks: 8, peakBytes: 12 * MiB, peakTime: null },
  });
  const both = evidence(HEAD, base);

  test.each<[string, number | null, number, boolean]>([
    // 5.26 % more than 19 MiB
    ["rss<=+5%", null, Math.round(19 * MiB * 1.05), false],
    ["rss<=+6%", null, Math.round(19 * MiB * 1.06), true],
    ["rss<=+1MiB", null, 20 * MiB, true],
    [`rss<=+${MiB - 1}`, null, 20 * MiB - 1, false],
    ["rss<=-1%", null, Math.round(19 * MiB * 0.99), false],
    ["rss<=+0%", MiB, 20 * MiB, true],
    ["rss<=+0%", MiB - 1, 20 * MiB - 1, false],
    ["peak-rss<=+0", null, 24 * MiB, true],
    ["leaked-blocks<=+25%", null, 10, true],
    ["leaked-blocks<=+24%", MiB, 10, true],
    ["leaked-blocks<=+12%", MiB, 9, false],
    // Of nothing every percentage is nothing.
    ["live<=+50%", null, 0, false],
  ])("%s, with --min-delta %j", (text, least, limit, ok) =>
    expect(judged(text, both, least)).toMatchObject({ limit, ok }),
  );

  test("of a ratio is in percentage points", () => {
    const result = judged("fragmentation<=+1%", both);
    expect(result.limit).toBeCloseTo(1 - 11 / 19 + 0.01, 10);
    expect(sentenceOf(result)).toBe(
      "fragmentation is 45.0 % (42.1 % before, +2.89 points): 1.89 points over the limit of 43.1 %",
    );
  });

  test("a figure that only the base lacks is reported for the base", () => {
    expect(refused("rss@MALLOC_ARENA_MAX=1<=+5%", both)).toMatchObject({ in: "base" });
  });

  test("is explained by the thread that grew most", () => {
    expect(judged("live<=+1MiB", both).explanation).toEqual([
      "Most of the growth of live bytes: thread 100 (main), from 2 MiB to 7 MiB (+250.0 %).",
    ]);
    expect(judged("rss<=+1%", both).explanation[0]).toBe(
      "Most of the growth of live bytes: thread 100 (main), from 2 MiB to 7 MiB (+250.0 %).",
    );
  });

  test("of RSS is not explained by live memory that hardly grew", () => {
    const before = report({ ...base, live: { ...HEAD.live, bytes: 10 * MiB - 1 } });
    expect(judged("rss<=+1%", evidence(HEAD, before)).explanation[0]).toBe(
      "10 MiB are live, most of it from thread 100 (main): 7 MiB (70.0 %).",
    );
  });
});

describe("noise", () => {
  /** Runs of the base with so many MiB at the end, of which the first is the base. */
  const runs = (head: number, ...ends: number[]): Evidence => {
    const [base, ...others] = ends.map((endMiB) =>
      report({ scenarios: [scenario("as recorded", { endMiB })] }),
    );
    const now = report({ scenarios: [scenario("as recorded", { endMiB: head })] });
    return evidence(now, base ?? null, others);
  };

  test.each<[string, Evidence, boolean, string]>([
    [
      "rss<=+5%",
      runs(22, 18, 22, 17),
      true,
      "rss is 22 MiB (limit 18.90 MiB; 18 MiB before, +22.2 %), within the noise of 3 runs (17 MiB to 22 MiB)",
    ],
    [
      "rss<=+5%",
      runs(23, 18, 22, 17),
      false,
      "rss is 23 MiB (18 MiB before, +27.8 %): 4.10 MiB (21.7 %) over the limit of 18.90 MiB, above the noise of 3 runs (17 MiB to 22 MiB)",
    ],
    [
      "rss<=+5%",
      runs(16, 18, 22),
      true,
      "rss is 16 MiB (limit 18.90 MiB; 18 MiB before, -11.1 %), below the noise of 2 runs (18 MiB to 22 MiB)",
    ],
    ["rss<=+5%", runs(18, 18, 22), true, "rss is 18 MiB (limit 18.90 MiB; 18 MiB before, 0.0 %)"],
    [
      "rss>=+5%",
      runs(18, 20, 17),
      true,
      "rss is 18 MiB (minimum 21 MiB; 20 MiB before, -10.0 %), within the noise of 2 runs (17 MiB to 20 MiB)",
    ],
  ])("%s (%#)", (text, given, ok, sentence) => {
    const result = judged(text, given);
    expect(result.ok).toBe(ok);
    expect(sentenceOf(result)).toBe(sentence);
  });

  test("does not excuse an absolute budget", () => {
    const result = judged("rss<=19MiB", runs(20, 18, 22));
    expect(result.ok).toBe(false);
    expect(result).not.toHaveProperty("noise");
  });

  test("is that of the runs which have the figure", () => {
    const other = runs(22, 18, 22).runs;
    const without = report({ model: null, scenarios: [] });
    const base = report({ scenarios: [scenario("as recorded", { endMiB: 18 })] });
    const given = { ...evidence(report(), base, [without]), trustsModel: true };
    expect(judged("rss<=+5%", given)).not.toHaveProperty("noise");
    expect(judged("rss<=+5%", { ...given, runs: [...given.runs, ...other] }).noise).toEqual({
      runs: 2,
      least: 18 * MiB,
      most: 22 * MiB,
      within: true,
    });
  });

  test("leaves growth unjudged if a run's log does not support the model", () => {
    const given = evidence(report(), report(), [report({ model: fidelity(100, 50) })]);
    expect(judged("rss<=+5%", given)).toMatchObject({ ok: false, unreliable: true });
    expect(judged("live<=+5%", given)).toMatchObject({ ok: true });
  });
});

describe("the sentence", () => {
  const head = evidence(HEAD);
  test.each([
    ["rss<=30MiB", "rss is 20 MiB (limit 30 MiB)"],
    ["rss<=19MiB", "rss is 20 MiB: 1,024 KiB (5.3 %) over the limit of 19 MiB"],
    [`rss<=${20 * MiB - 1}`, "rss is 20,971,520 B: 1 B (0.0 %) over the limit of 20,971,519 B"],
    ["rss<20MiB", "rss is 20 MiB, not below 20 MiB"],
    ["rss>=30MiB", "rss is 20 MiB: 10 MiB (33.3 %) below the minimum of 30 MiB"],
    ["model.fidelity.ratio>=99%", "model.fidelity.ratio is 100.0 % (minimum 99.0 %)"],
    ["calls<=1", "calls is 45: 44 over the limit of 1"],
    ["fragmentation<=40%", "fragmentation is 45.0 %: 5 points over the limit of 40.0 %"],
  ])("%s", (text, sentence) => expect(sentenceOf(judged(text, head))).toBe(sentence));

  test("starts with the name; the message follows the explanation", () => {
    const result = { ...judged("calls<=1", head), name: "Calls", message: "Ask us.", command: "m" };
    expect(sentenceOf(result)).toMatch(/^Calls: calls is 45/);
    expect(presentBudgets([result])[0]?.details).toEqual([
      "The largest part comes from thread 100 (main): 15 (33.3 %).",
      "Ask us.",
      "More: m",
    ]);
  });
});

describe("the explanation of a budget that is not kept", () => {
  const head = evidence(HEAD);
  test.each<[string, string[]]>([
    [
      "rss<=15MiB",
      [
        "10 MiB are live, most of it from thread 100 (main): 7 MiB (70.0 %).",
        "MALLOC_ARENA_MAX=1 would keep the budget: 14 MiB.",
      ],
    ],
    [
      "rss<=13MiB",
      [
        "10 MiB are live, most of it from thread 100 (main): 7 MiB (70.0 %).",
        "MALLOC_ARENA_MAX=1,malloc_trim=end would keep the budget: 12 MiB.",
      ],
    ],
    [
      "rss<=2MiB",
      [
        "10 MiB are live, most of it from thread 100 (main): 7 MiB (70.0 %).",
        "No setting tried keeps the budget; MALLOC_ARENA_MAX=1,malloc_trim=end comes closest: 12 MiB.",
      ],
    ],
    ["live<=1", ["Most of it comes from thread 100 (main): 7 MiB (70.0 %)."]],
    ["thread:100.live<=1", []],
    ["rss>=900MiB", []],
  ])("%s", (text, explanation) => expect(judged(text, head).explanation).toEqual(explanation));

  test("names the thread whose blocks pin free memory", () => {
    const given = {
      ...HEAD,
      live: { ...HEAD.live, bytes: 2 * MiB },
      threads: HEAD.threads.map((one) => ({ ...one, pinnedBytes: one.pinnedBytes * 5 })),
    };
    expect(judged("rss<=1MiB", evidence(given)).explanation[0]).toBe(
      "Only 2 MiB are live; blocks of thread 100 (main) pin most of the rest: 10 MiB.",
    );
    // Those of the recorded run at its end: not of its peak, nor of other settings.
    expect(judged("peak-rss<=1MiB", evidence(given)).explanation[0]).not.toContain("pin");
    const other = judged("rss@MALLOC_ARENA_MAX=1<=1MiB", evidence(given)).explanation[0];
    expect(other).toBe("Only 2 MiB are live; glibc keeps the rest.");
  });

  test("does not call 2 of 18 MiB most of the rest", () => {
    const given = { ...HEAD, live: { ...HEAD.live, bytes: 2 * MiB } };
    expect(judged("rss<=1MiB", evidence(given)).explanation[0]).toBe(
      "Only 2 MiB are live; glibc keeps the rest.",
    );
  });

  describe("says why memory is resident", () => {
    /** 20 MiB, of which the program holds `live` and has not written a part. */
    const caused = (parts: Partial<Causes>): Evidence => {
      const end = { ...NO_CAUSES, ...parts };
      return evidence({ ...HEAD, causes: { "as recorded": { end, peak: end } } });
    };
    test.each<[string, Partial<Causes>, string[]]>([
      [
        "the program's blocks",
        { live: 14 * MiB, unwritten: -2 * MiB, returnable: 8 * MiB },
        [
          "14 MiB are live, most of it from thread 100 (main): 7 MiB (70.0 %).",
          "2 MiB of what is live was never written, and is not resident.",
        ],
      ],
      [
        "one cause with more than half of the rest",
        { live: 4 * MiB, returnable: 9 * MiB, tops: 7 * MiB },
        [
          "Only 4 MiB are blocks that the program holds; most of the rest: 9 MiB are whole free pages within heaps, which malloc_trim would return.",
        ],
      ],
      [
        "several",
        { live: 4 * MiB, returnable: 6 * MiB, tops: 7 * MiB, tcache: 2 * MiB, overhead: MiB },
        [
          "Only 4 MiB are blocks that the program holds; of the rest, 7 MiB are the free tops of heaps; 6 MiB are whole free pages within heaps, which malloc_trim would return.",
        ],
      ],
    ])("%s", (_, parts, sentences) => {
      const { explanation } = judged("rss<=15MiB", caused(parts));
      expect(explanation.slice(0, -1)).toEqual(sentences);
    });
  });

  test("says what was resident at the peak, not what is at the end", () => {
    const end = { ...NO_CAUSES, live: 14 * MiB };
    const peak = { ...NO_CAUSES, live: 2 * MiB, tcache: 22 * MiB };
    const given = evidence({ ...HEAD, causes: { "as recorded": { end, peak } } });
    expect(judged("peak-rss<=15MiB", given).explanation[0]).toBe(
      "Only 2 MiB are blocks that the program holds; most of the rest: 22 MiB are freed blocks in the threads' caches (tcache).",
    );
    const unknown = evidence({ ...HEAD, causes: { "as recorded": { end, peak: null } } });
    expect(judged("peak-rss<=15MiB", unknown).explanation[0]).toBe("12 MiB were live at the peak.");
    expect(judged("peak-rss<=15MiB", unknown).explanation[1]).toBe(
      "Thread 100 (main) held up to 6 MiB at a time.",
    );
    expect(judged("peak-live<=1MiB", unknown).explanation).toEqual([
      "Thread 100 (main) held up to 6 MiB at a time.",
    ]);
  });

  test("names a call site with most of it, if the log tells which it is", () => {
    const site = (text: string, given: Partial<CallerSummary>) => caller(text, given);
    const told = { module: "/usr/lib/libfoo.so", offset: 0x1234 };
    const given = (first: Partial<CallerSummary>) =>
      evidence({
        ...HEAD,
        callers: [site("0x7f01", first), site("0x7f02", { liveBytes: 3 * MiB })],
      });
    const most = judged("live<=1", given({ ...told, liveBytes: 4 * MiB })).explanation;
    expect(most[1]).toBe("Most of it comes from call site libfoo.so+0x1234: 4 MiB (57.1 %).");
    expect(judged("live<=1", given({ ...told, liveBytes: 3 * MiB })).explanation).toHaveLength(1);
    expect(judged("live<=1", given({ liveBytes: 4 * MiB })).explanation).toHaveLength(1);
  });

  test("warns of a limit within the range of the prediction, kept or not", () => {
    const wide = scenario("as recorded");
    const rss = { ...wide.rss, lowBytes: 18 * MiB, highBytes: 22 * MiB };
    const given = report({ scenarios: [{ ...wide, rss }] });
    expect(judged("rss<=19MiB", evidence(given)).explanation.at(-1)).toBe(
      "The limit lies in the prediction's range, 18 MiB to 22 MiB: the result depends on assumptions.",
    );
    expect(judged("rss<=17MiB", evidence(given)).explanation.join()).not.toContain("range");
    const decides = [
      "The limit lies in the prediction's range, 18 MiB to 22 MiB: the result depends on assumptions.",
    ];
    expect(judged("rss<=21MiB", evidence(given))).toMatchObject({ ok: true, explanation: decides });
    expect(judged("rss>=19MiB", evidence(given))).toMatchObject({ ok: true, explanation: decides });
    expect(judged("rss>=21MiB", evidence(given))).toMatchObject({
      ok: false,
      explanation: decides,
    });
    expect(judged("rss<=22MiB", evidence(given)).explanation).toEqual([]);
  });
});

test.each([
  ["rss", "live"],
  ["peak-rss", "peak"],
  ["fragmentation", "pinned"],
  ["calls", "calls"],
  ["volume", "volume"],
  ["leaked-blocks", "live"],
])("the command for %s sorts threads by %s", (path, sort) =>
  expect(sortFor({ thread: null, path, scenario: null })).toBe(sort),
);

describe("a log that does not support the model's figures", () => {
  const unreliable = report({ model: fidelity(100, 50) });

  test("leaves budgets on them unjudged, and judges those on the log", () => {
    const judged = (text: string, of = evidence(unreliable)) => {
      const result = judge(named(text), of);
      return "ok" in result ? result.ok : null;
    };
    expect(judged("rss<=1GiB")).toMatchObject({ ok: false, unreliable: true });
    expect(judged("container.baseRssBytes<=1GiB")).toBeNull();
    expect(judged("live<=1GiB")).not.toHaveProperty("unreliable");
    expect(judged("model.fidelity.ratio>=0.9")).toMatchObject({ ok: false });
    expect(judged("model.fidelity.ratio>=0.9")).not.toHaveProperty("unreliable");
    expect(judged("rss<=1GiB", { ...evidence(unreliable), trustsModel: true })).toMatchObject({
      ok: true,
    });
    expect(judged("rss<=+5%", evidence(report(), unreliable))).toMatchObject({ unreliable: true });
    expect(judged("rss<=1GiB", evidence(report(), unreliable))).toMatchObject({ ok: true });
  });

  test("is told in the sentence and the count", () => {
    const results = ["rss<=1GiB", "live<=1B", "calls>=1"].map((text) => {
      const result = judge(named(text), evidence(unreliable));
      if ("error" in result) {
        throw new Error(result.error);
      }
      return { ...result.ok, explanation: [], command: null };
    });
    const presented = presentBudgets(results);
    expect(presented[0]?.sentence).toBe(
      "rss cannot be judged: the log does not show what glibc holds",
    );
    expect(budgetsKept(presented)).toBe("1 of 3 budgets not kept, 1 of 3 budgets not judged");
    expect(budgetsKept(presented.slice(2))).toBe("1 budget kept");
    expect([exitFor(results, false), exitFor(results.slice(0, 1), false)]).toEqual([1, 4]);
    expect([exitFor(results, true), exitFor(results.slice(2), false)]).toEqual([0, 0]);
  });
});
