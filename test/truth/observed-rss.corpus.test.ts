import { describe, expect, it } from "vitest";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor, truthOf } from "../support/corpus.ts";
import { otherSettings } from "./fitted.ts";
import { errorOf, median, predict } from "./predictions.ts";

/** One measured number, for every case of the repository, also of programs that write half of their blocks or nothing. */
const cases = casesOf(OWN_CORPUS).filter((one) => logOf(one, "default") !== null);
const errors: number[] = [];
const PAGE = 4096;

/** Each case takes one of them in turn, since every fit replays the log. */
const SHARES = [
  [0, 0.4, 0.97],
  [0.03, 0.9, 1],
] as const;

describe.each(cases.map((one, n) => ({ name: one.name, one, n })))("$name", ({ one, n }) => {
  it("a measured RSS between nothing and all written is met to the page", () => {
    const log = logOf(one, "default")!;
    const rssWith = (touch: Parameters<typeof optionsFor>[3]) =>
      analyse(log, optionsFor(one, "default", [], touch));
    const { endBytesTouchNone: none, endBytesTouchAll: all } = rssWith("facts").scenarios[0]!.rss;
    for (const share of SHARES[n % 2]!) {
      const measured = Math.round(none + (all - none) * share);
      const { scenarios, model } = rssWith({ fitted: measured });
      // Whole pages.
      expect(Math.abs(scenarios[0]!.rss.endBytes - measured)).toBeLessThanOrEqual(PAGE / 2);
      expect(model?.fit).toMatchObject({ outside: null, source: "--observed-rss" });
    }
    const beyond = rssWith({ fitted: all + 2 ** 20 }).model?.fit;
    expect(beyond).toMatchObject({ outside: "above", bounds: { allBytes: all } });
  });

  it.skipIf(truthOf(one, "default") === null)("other settings are predicted from it", () => {
    const fitted = predict(one, ({ exit }) => ({ fitted: exit.heap_rss }))!;
    const rows = otherSettings(fitted, "exit");
    errors.push(...rows.map((row) => Math.abs(errorOf(row))));
    // A program that makes the same calls in each run shows the error of the fit alone.
    for (const row of rows.filter(({ sameCalls }) => sameCalls)) {
      expect(Math.abs(errorOf(row))).toBeLessThanOrEqual(0.02);
    }
  });
});

it("other settings: median error ≤ 1 %", () => {
  expect(errors.length).toBeGreaterThan(40);
  expect(median(errors)).toBeLessThanOrEqual(0.01);
});
