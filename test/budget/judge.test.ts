import { describe, expect, test } from "vitest";
import { parseBudget } from "../../src/budget/budget.ts";
import { explain, sortFor } from "../../src/budget/explain.ts";
import { type Evidence, judge, type NamedBudget } from "../../src/budget/judge.ts";
import { presentBudgets } from "../../src/insight/budget-sentences.ts";
import type { BudgetResult, Report } from "../../src/report/report.ts";
import { MiB, report, scenario, thread } from "../support/report-builder.ts";

function named(text: string, minDeltaBytes: number | null = null): NamedBudget {
  const parsed = parseBudget(text);
  if ("error" in parsed) {
    throw new Error(parsed.error.reason);
  }
  return { budget: parsed.ok, place: "", name: null, message: null, minDeltaBytes };
}

function evidence(head: Report, base: Report | null = null): Evidence {
  const read = (one: Report) => ({ known: one, json: one });
  return { head: read(head), base: base && read(base) };
}

function judged(text: string, given: Evidence, minDeltaBytes: number | null = null) {
  const one = named(text, minDeltaBytes);
  const result = judge(one, given);
  if ("error" in result) {
    throw new Error(result.error.reason);
  }
  const explanation = explain(one.budget, result.ok, given);
  return { ...result.ok, explanation, command: null } satisfies BudgetResult;
}

function sentenceOf(result: BudgetResult): string {
  return presentBudgets([result])[0]?.sentence ?? "";
}

function refused(text: string, given: Evidence) {
  const result = judge(named(text), given);
  return "error" in result ? result.error : null;
}

/** 20 MiB at the end and 24 at the peak as recorded, 8 threads' calls, and two what-ifs that help. */
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

describe("what a key stands for", () => {
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
    ["live.byte<=1", "no key live.byte", "live.bytes"],
    ["rss.end@as recorded<=1", "no key rss.end", "rss.endBytes"],
    ["live.constructor<=1", "no key live.constructor", "live.bytes"],
    ["live.bytes.toFixed<=1", "no key live.bytes.toFixed", "live.bytes"],
    ["rss@MALLOC_ARENA_MAX=3<=1", "no scenario MALLOC_ARENA_MAX=3", "MALLOC_ARENA_MAX=1"],
    ["thread:103.live<=1", "no thread 103", "100"],
  ])("%s: %s", (text, reason, known) => {
    const error = refused(text, evidence(HEAD));
    expect(error).toMatchObject({ reason, in: "head" });
    expect(error?.known).toContain(known);
  });

  test.each([
    ["model.glibc<=1", 'model.glibc is "2.36", not a number'],
    ["model.holes.lines<=1", "model.holes is not known of this log (null)"],
    ["model.holes<=1", "model.holes is not known of this log (null)"],
    ["model.fidelity<=1", "model.fidelity is not a number; it has compared, equal, ratio, first"],
    ["thread:worker.live<=1", "2 threads are called worker; give a tid"],
    ["live.bytes<=5%", "live.bytes: bytes have no percentage"],
    ["rss<=+5%", "growth is counted from an earlier report; give one with --baseline"],
  ])("%s: %s", (text, reason) => expect(refused(text, evidence(HEAD))?.reason).toContain(reason));

  test("a scenario's figure without a model", () => {
    const bare = report({ model: null, scenarios: [] });
    expect(refused("rss<=1", evidence(bare))?.reason).toContain("which was not run (--no-model)");
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
  ])("%s, of sizes at least %j", (text, least, limit, ok) =>
    expect(judged(text, both, least)).toMatchObject({ limit, ok }),
  );

  test("of a ratio, in percentage points", () => {
    const result = judged("fragmentation<=+1%", both);
    expect(result.limit).toBeCloseTo(1 - 11 / 19 + 0.01, 10);
    expect(sentenceOf(result)).toBe(
      "fragmentation is 45.0 % (42.1 % before, +2.89 points): 1.89 points over the limit of 43.1 %",
    );
  });

  test("what is not in the base is said to be missing there", () => {
    expect(refused("rss@MALLOC_ARENA_MAX=1<=+5%", both)).toMatchObject({ in: "base" });
  });

  test("is explained by the thread that grew most", () => {
    expect(judged("live<=+1MiB", both).explanation).toEqual([
      "Most grew live memory of thread 100 (main): from 2 MiB to 7 MiB.",
    ]);
    expect(judged("rss<=+1%", both).explanation[1]).toBe(
      "Most grew live memory of thread 100 (main): from 2 MiB to 7 MiB.",
    );
  });
});

describe("one sentence each", () => {
  const head = evidence(HEAD);
  test.each([
    ["rss<=30MiB", "rss is 20 MiB (limit 30 MiB)"],
    ["rss<=19MiB", "rss is 20 MiB: 1,024 KiB (5.3 %) over the limit of 19 MiB"],
    [`rss<=${20 * MiB - 1}`, "rss is 20,971,520 B: 1 B (0.0 %) over the limit of 20,971,519 B"],
    ["rss<20MiB", "rss is 20 MiB, not below 20 MiB"],
    ["rss>=30MiB", "rss is 20 MiB: 10 MiB (33.3 %) below the least, 30 MiB"],
    ["model.fidelity.ratio>=99%", "model.fidelity.ratio is 100.0 % (at least 99.0 %)"],
    ["calls<=1", "calls is 45: 44 over the limit of 1"],
    ["fragmentation<=40%", "fragmentation is 45.0 %: 5 points over the limit of 40.0 %"],
  ])("%s", (text, sentence) => expect(sentenceOf(judged(text, head))).toBe(sentence));

  test("a name stands before the key; a message stands below what explains it", () => {
    const result = { ...judged("calls<=1", head), name: "Calls", message: "Ask us.", command: "m" };
    expect(sentenceOf(result)).toMatch(/^Calls: calls is 45/);
    expect(presentBudgets([result])[0]?.details).toEqual([
      "The largest part is thread 100 (main)'s: 15 (33.3 %).",
      "Ask us.",
      "More: m",
    ]);
  });
});

describe("what explains a budget that is not kept", () => {
  const head = evidence(HEAD);
  test.each<[string, string[]]>([
    [
      "rss<=15MiB",
      [
        "10 MiB are live, most of it thread 100 (main)'s: 7 MiB (70.0 %).",
        "MALLOC_ARENA_MAX=1 would keep it: 14 MiB.",
      ],
    ],
    [
      "rss<=13MiB",
      [
        "10 MiB are live, most of it thread 100 (main)'s: 7 MiB (70.0 %).",
        "MALLOC_ARENA_MAX=1,malloc_trim=end would keep it: 12 MiB.",
      ],
    ],
    [
      "rss<=2MiB",
      [
        "10 MiB are live, most of it thread 100 (main)'s: 7 MiB (70.0 %).",
        "No setting tried keeps it; MALLOC_ARENA_MAX=1,malloc_trim=end comes nearest: 12 MiB.",
      ],
    ],
    ["live<=1", ["Most of it is thread 100 (main)'s: 7 MiB (70.0 %)."]],
    ["thread:100.live<=1", []],
    ["rss>=900MiB", []],
  ])("%s", (text, explanation) => expect(judged(text, head).explanation).toEqual(explanation));

  test("what is free, and whose blocks keep it", () => {
    const given = { ...HEAD, live: { ...HEAD.live, bytes: 2 * MiB } };
    expect(judged("rss<=1MiB", evidence(given)).explanation[0]).toBe(
      "Only 2 MiB are live; most of the rest is kept in place by blocks of thread 100 (main): 2 MiB.",
    );
  });

  test("a limit within the range of the prediction, kept or not", () => {
    const wide = scenario("as recorded");
    const rss = { ...wide.rss, lowBytes: 18 * MiB, highBytes: 22 * MiB };
    const given = report({ scenarios: [{ ...wide, rss }] });
    expect(judged("rss<=19MiB", evidence(given)).explanation.at(-1)).toBe(
      "The limit lies in the prediction's range, 18 MiB to 22 MiB: what was assumed decides.",
    );
    expect(judged("rss<=17MiB", evidence(given)).explanation.join()).not.toContain("range");
    const decides = [
      "The limit lies in the prediction's range, 18 MiB to 22 MiB: what was assumed decides.",
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
])("the threads behind %s are sorted by %s", (path, sort) =>
  expect(sortFor({ thread: null, path, scenario: null })).toBe(sort),
);
