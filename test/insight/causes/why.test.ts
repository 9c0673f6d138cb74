import { describe, expect, it } from "vitest";
import { why } from "../../../src/insight/causes/why.ts";
import type { Causes, Report } from "../../../src/report/contract/report.ts";
import { MiB, NO_CAUSES, NO_TIMELINE, report, scenario } from "../../support/report-builder.ts";

/** The answer for 100 MiB that these causes, in MiB, keep resident. */
function answer(causes: Partial<Causes>, given: Partial<Report> = {}): string | undefined {
  const inBytes = Object.fromEntries(Object.entries(causes).map(([cause, n]) => [cause, n * MiB]));
  return why(
    report({
      scenarios: [scenario("as recorded", { endMiB: 100 })],
      causes: { "as recorded": { end: { ...NO_CAUSES, ...inBytes }, peak: NO_CAUSES } },
      ...given,
    }),
  )[0]?.text;
}

describe("why memory is resident", () => {
  it("names the causes beyond what is live, largest first, three at most", () => {
    expect(
      answer({ live: 40, returnable: 15, pinned: 25, tops: 6, tcache: 5.5, overhead: 8.5 }),
    ).toBe(
      "Why: of 100 MiB, 25 MiB are free, but on pages that they share with blocks in use; 15 MiB are whole free pages within heaps, which malloc_trim would return; 8.5 MiB are headers and rounding of blocks.",
    );
  });

  it("leaves out causes of less than 5 %", () => {
    expect(answer({ live: 91.1, tops: 4.9, tcache: 4 })).toBe(
      "Why: the program holds 91.1 % of it.",
    );
    expect(answer({ live: 60, mapped: 40.5, unwritten: -5.4, overhead: 4.9 })).toBe(
      "Why: the program holds 95.1 % of it. 5.4 MiB of what is live was never written, and is not resident.",
    );
  });

  it("says nothing without a model, or without resident memory", () => {
    expect(why(report({ scenarios: [], model: null }))).toEqual([]);
    expect(answer({}, { scenarios: [scenario("as recorded", { endMiB: 0 })] })).toBeUndefined();
  });
});

describe("what grows", () => {
  const grown = (live: readonly number[], resident: readonly number[]) => {
    const timeline = {
      ...NO_TIMELINE,
      liveBytes: live.map((n) => n * MiB),
      perScenario: { "as recorded": resident.map((n) => n * MiB) },
    };
    return answer({ live: 100 }, { timeline })?.replace(
      "Why: the program holds 100.0 % of it.",
      "",
    );
  };

  it("is memory that the program holds if live memory grows as much", () => {
    expect(grown([10, 50, 90], [20, 60, 100])).toBe(
      " In the second half of the log RSS grew by 40 MiB, and live memory by 40 MiB: the program itself holds more.",
    );
  });

  it("is freed memory if live memory does not grow", () => {
    expect(grown([10, 50, 50], [20, 60, 100])).toBe(
      " In the second half of the log RSS grew by 40 MiB, but live memory did not grow: what grew is freed memory that glibc holds.",
    );
    expect(grown([10, 50, 57], [20, 60, 100])).toContain("live memory only by 7 MiB");
  });

  it("is not named if both grow, or neither", () => {
    expect(grown([10, 50, 70], [20, 60, 100])).toBe("");
    expect(grown([10, 50, 59], [20, 91, 100])).toBe("");
    expect(grown([], [])).toBe("");
  });
});
