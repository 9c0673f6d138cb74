import { describe, expect, it } from "vitest";
import { advice } from "../../../src/insight/cures/advice.ts";
import type { Scenario } from "../../../src/report/contract/report.ts";
import { MiB, scenario } from "../../support/report-builder.ts";

describe("advice on a setting under which threads share arenas", () => {
  const recorded = scenario("as recorded", { endMiB: 100, peakMiB: 200 });
  /** `end` and `peak`: in the other order, in MiB */
  const shared = (endMiB: number, peakMiB: number, end: number, peak: number): Scenario => {
    const { rss, ...rest } = scenario("A=1", { endMiB, peakMiB });
    const otherOrders = [{ endBytes: end * MiB, peakBytes: peak * MiB }];
    return { ...rest, rss: { ...rss, contendedRuns: 1, otherOrders } };
  };
  const textOf = (cure: Scenario): string => advice(recorded, [cure], null).text;

  it("says that it helps if it does in every order of the threads", () => {
    expect(textOf(shared(50, 100, 60, 120))).toContain("A=1 helps most: peak RSS falls from 200");
  });

  it("says that this is uncertain if it does at neither moment", () => {
    expect(textOf(shared(50, 100, 110, 210))).toContain(
      "it is uncertain whether A=1 helps, as the threads of another run may meet in another order: peak RSS falls from 200",
    );
  });

  it("says so of one moment alone where it is for both", () => {
    expect(textOf(shared(50, 100, 110, 120))).toBe(
      "A=1 lowers peak RSS most: from 200 MiB to 100 MiB (-50.0 %). It is uncertain whether A=1 lowers RSS at the end, as the threads of another run may meet in another order: from 100 MiB to 50 MiB (-50.0 %).",
    );
    expect(textOf(shared(50, 100, 60, 210))).toBe(
      "it is uncertain whether A=1 lowers peak RSS, as the threads of another run may meet in another order: from 200 MiB to 100 MiB (-50.0 %). A=1 lowers RSS at the end most: from 100 MiB to 50 MiB (-50.0 %).",
    );
  });

  it("says so of the end alone", () => {
    expect(textOf(shared(50, 200, 110, 200))).toContain(
      "it is uncertain whether A=1 lowers RSS at the end, as the threads of another run may meet in another order: from 100",
    );
  });
});
