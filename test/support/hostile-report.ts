import fc from "fast-check";
import type { BudgetResult, Report } from "../../src/report/contract/report.ts";
import {
  arena,
  caller,
  fidelity,
  MiB,
  NO_ANOMALIES,
  NO_CAUSES,
  NO_TIMELINE,
  report,
  scenario,
  thread,
  trace,
  unavailable,
} from "./report-builder.ts";

/** Reports with hostile texts wherever a text comes from a log, a file name or an option. */

/** Texts that would break out of some format if not escaped, and random ones. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "a|b\\|c\\\\|",
    "`code` ``more`` `",
    "<script>alert(1)</script>",
    "</details></code><!-- ]]> -->",
    "![x](http://evil.example/p.png) [a](javascript:1)",
    "see http://evil.example or www.evil.example or a@evil.example",
    "@everyone #1 GH-1 :+1:",
    "*a* _b_ **c** ~~d~~ $e$",
    "- a\n- b\n\n# c\n---\n| d |",
    "1. one",
    "# head",
    "> quote",
    "    code",
    '=HYPERLINK("http://evil.example")',
    "+1,2;3\t4",
    "-2+3",
    "@SUM(A1)",
    "＝1",
    "quote \" and '",
    "\r\n\u0000\u0007\u001b[31m\u009b\u202e\u2028\ufeff",
    "\ud800 lone \udfff",
    "\ufffe\uffff",
    "]]>&amp;&#0;",
    "\\",
    '\\"',
    "größe 日本 👍",
    " ",
    "",
    "x".repeat(10_000),
    "|`<\u001b".repeat(2500),
    "# EOF",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ unit: fc.constantFrom(..."|`\\<>&\"'\n\r\t*_[]()#@=+- x1"), maxLength: 20 }),
);

/** As many texts as `reportOf` uses. */
export const hostileTexts = fc.array(hostileText, { minLength: 16, maxLength: 16 });

export function budget(key: string, given: Partial<BudgetResult> = {}): BudgetResult {
  return {
    key,
    unit: "bytes",
    operator: "<=",
    limit: 400 * MiB,
    actual: 412.1 * MiB,
    base: null,
    ok: false,
    name: null,
    message: null,
    explanation: [],
    command: null,
    ...given,
  };
}

/** A report that contains each of the texts. Scenario names differ, as they do in any report. */
export function reportOf(texts: readonly string[]): Report {
  const text = (i: number): string => texts[i % texts.length] ?? "";
  const model = fidelity(20, 19);
  const first = { event: 17, line: 1234, expected: text(0), modelled: text(1) };
  return report({
    trace: trace({
      sources: [text(2), text(3)],
      malformedSamples: [{ line: 3, text: text(4) }],
      malformedKinds: { unparsable: 1, overlong: 0 },
      lines: { total: 31, parsed: 30, comments: 0, malformed: 1, blank: 0 },
      anomalies: { ...NO_ANOMALIES, freeUnknown: 2 },
    }),
    model: {
      ...model,
      settings: { [text(5)]: text(6) },
      settingsSource: { [text(5)]: "given" },
      fidelity: { ...model.fidelity, firstDivergence: first },
    },
    threads: [thread(100, { name: text(7), topFrame: text(8) }), thread(101, { name: "main" })],
    scenarios: [
      scenario("as recorded", { arenas: [arena(0), arena(1)] }),
      scenario(`a ${text(9)}`, { endMiB: 10, settings: { [text(5)]: text(6) } }),
      scenario(`b ${text(10)}`, { failedCalls: 1 }),
    ],
    unavailable: [unavailable({ name: `c ${text(11)}`, glibc: text(12), reason: text(13) })],
    timeline: {
      ...NO_TIMELINE,
      time: [0, 1],
      liveBytes: [1, 2],
      perScenario: { "as recorded": [3, 4] },
    },
    callers: [
      caller(text(3), {
        module: text(4),
        offset: 64,
        symbol: text(5),
        file: text(6),
        line: 7,
        liveTimeline: [MiB, 2 * MiB],
      }),
      caller(text(7), { liveTimeline: [MiB, MiB] }),
    ],
    sites: {
      tid: [100, null],
      caller: [text(3), text(7)],
      size: [64, null],
      calls: [1, 1],
      volumeBytes: [MiB, MiB],
      liveBytes: [MiB, MiB],
      liveAtPeakBytes: [MiB, MiB],
      pinnedBytes: [0, MiB],
    },
    causes: { "as recorded": { end: { ...NO_CAUSES, live: 3 }, peak: null } },
    pins: [
      {
        arena: 1,
        heap: 0,
        block: {
          line: 3,
          address: text(8),
          size: 48,
          tid: 100,
          caller: text(3),
          time: null,
          ageSeconds: null,
          ageEvents: 1,
        },
        blocks: 1,
        blockBytes: 48,
        groups: [{ tid: 100, caller: text(9), size: 48, blocks: 1 }],
        cachedChunks: 0,
        tcacheStructs: 0,
        fastbinChunks: 0,
        outsideChunks: 0,
        cachingTids: [],
        heldBytes: MiB,
        wholePageBytes: 0,
        returnedIfFreedBytes: 0,
        returnedIfUncachedBytes: 0,
        returnedIfMergedBytes: 0,
        cachedIfFreed: 0,
        unmergedIfFreed: 0,
      },
    ],
    findings: [
      {
        kind: "pins",
        severity: "warning",
        message: text(11),
        bytes: MiB,
        evidence: { [text(12)]: text(13) },
      },
    ],
    budgets: [
      budget(text(14), {
        name: text(15),
        message: text(0),
        explanation: [text(1)],
        command: text(2),
      }),
      budget("arenas", { unit: "count", limit: 8, actual: 2, ok: true }),
      budget("fragmentation", { unit: "ratio", limit: 0.3, actual: 0.25, ok: true }),
    ],
  });
}

/** 10,000 threads, 50 scenarios, 200 arenas, and names of 10 kB, which grow when escaped. */
export function hugeReport(): Report {
  const name = "|`<_\u001b".repeat(2000);
  const arenas = Array.from({ length: 200 }, (_, i) => arena(i));
  return {
    ...reportOf([name]),
    threads: Array.from({ length: 10_000 }, (_, i) => thread(i, { name, topFrame: name })),
    scenarios: Array.from({ length: 51 }, (_, i) =>
      scenario(i === 0 ? "as recorded" : `${i} ${name}`, {
        arenas,
        endMiB: 100 - i,
        failedCalls: i % 2,
      }),
    ),
    findings: Array.from({ length: 100 }, () => ({
      kind: "pins",
      severity: "critical" as const,
      message: name,
      bytes: MiB,
      evidence: {},
    })),
    budgets: Array.from({ length: 100 }, () =>
      budget(name, { name, message: name, explanation: [name], command: name }),
    ),
  };
}
