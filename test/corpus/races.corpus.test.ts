import { describe, expect, it } from "vitest";
import { RACES, race } from "../../fixtures/race.ts";
import { strip } from "../../fixtures/strip.ts";
import type { AnalysisOptions } from "../../src/pipeline/analysis-options.ts";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor, scenario } from "../support/corpus.ts";

/** Real logs of threads that share arenas, with lines in the wrong order, as a hook without a lock writes them. */
describe.each(casesOf(OWN_CORPUS).filter(({ name }) => /^mt-|^jvm-|^xz-/.test(name)))(
  "$name, logged by a hook without a lock",
  (one) => {
    const whole = logOf(one, "default")?.toString("latin1") ?? "";
    const options: AnalysisOptions = {
      ...optionsFor(one, "default", [scenario("one arena", { MALLOC_ARENA_MAX: "1" }, false)]),
      recordedWith: null,
      cpus: null,
    };
    const analysed = (log: string) => {
      const { model, scenarios } = analyse(Buffer.from(log, "latin1"), options);
      return { model, rss: scenarios.map(({ rss }) => rss.endBytes) };
    };

    it.each(["with", "without"])("keeps its fidelity and its RSS %s thread_exit lines", (exits) => {
      const log = exits === "with" ? whole : strip(whole, ["events"]);
      const expected = analysed(log);
      for (const kind of RACES) {
        const { model, rss } = analysed(race(log, kind, 0.5, 1));
        expect(model?.fidelity.ratio).toBeGreaterThanOrEqual(0.95);
        rss.forEach((bytes, k) => {
          expect(Math.abs(bytes / (expected.rss[k] ?? 0) - 1)).toBeLessThan(0.02);
        });
      }
    });
  },
);
