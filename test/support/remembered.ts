import { serialize } from "node:v8";
import type { Analyse } from "../../src/cli/io.ts";
import type { InspectionOutcome } from "../../src/report/contract/inspection.ts";

/**
 * Analyses a file once for the same options, for tests that print one analysis in several ways. Later calls get the first
 * one's report and inspection, and no progress. An analysis with something observed is always made again: its objects have
 * private fields, which a comparison of options does not see.
 */
export function remembered(analyse: Analyse): Analyse {
  const known = new Map<string, ReturnType<typeof analysed>>();
  async function analysed(...[inputs, options, hooks]: Parameters<Analyse>) {
    const outcomes: InspectionOutcome[] = [];
    const onInspected = (outcome: InspectionOutcome) => outcomes.push(outcome);
    return { report: await analyse(inputs, options, { ...hooks, onInspected }), outcomes };
  }
  return async (inputs, options, hooks) => {
    if (inputs.length === 0 || inputs.includes("-") || (options.observed ?? []).length > 0) {
      return analyse(inputs, options, hooks);
    }
    const key = serialize([inputs, options]).toString("latin1");
    const found = known.get(key) ?? analysed(inputs, options, hooks);
    known.set(key, found);
    const { report, outcomes } = await found;
    for (const outcome of outcomes) {
      hooks.onInspected?.(outcome);
    }
    return report;
  };
}
