import { InputError } from "../input/input-error.ts";
import { analyse, type Workers } from "../pipeline/analyse.ts";
import type { AnalysisResult } from "../pipeline/analysis-result.ts";
import { NoSuchProcess } from "../pipeline/no-such-process.ts";
import { asOutOfMemory, refuseFullHeap } from "../pipeline/out-of-memory.ts";
import { ShortWordsRefused } from "../pipeline/short-words.ts";
import { SettingRefused } from "../replay/recorded-process.ts";
import { inspectionOutcome } from "../summary/inspection-summary.ts";
import { observedSummary } from "../summary/observed-summary.ts";
import { summarize } from "../summary/summarize.ts";
import type { Analyse } from "./io.ts";
import { Failure } from "./problems.ts";

/** The pipeline and what its errors mean to the user. Loaded when there is a log to analyse. */

/** Analyses logs in the given workers; null: in this thread. `version` is mallog's own. */
export function reportOfLog(version: string, workers: Workers | null): Analyse {
  return async (inputs, options, { onStart, onInspected, ...hooks }) => {
    const start = (snapshot: () => AnalysisResult | null): void =>
      onStart?.(() => {
        const found = snapshot();
        return found === null ? null : summarize(found, version, options.threadDumps);
      });
    const watched = onStart === undefined ? hooks : { ...hooks, onStart: start };
    const result = await analyse(inputs, options, watched, workers);
    const summary = summarize(result, version, options.threadDumps);
    const report = { ...summary, ...observedSummary(result, summary, options.observed ?? []) };
    const outcome = options.inspect && inspectionOutcome(result, report, options.inspect);
    if (outcome != null) {
      onInspected?.(outcome);
    }
    refuseFullHeap();
    return report;
  };
}

/** Null: a bug in mallog. */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof InputError) {
    return new Failure(error.problem);
  }
  if (error instanceof SettingRefused) {
    const option = error.scenario === null ? "--recorded-with" : "--what-if";
    return new Failure({ code: "option", option, value: null, reason: error.message });
  }
  if (error instanceof NoSuchProcess) {
    return new Failure({ code: "process", asked: error.asked, names: error.names });
  }
  if (error instanceof ShortWordsRefused) {
    return new Failure({ code: "shortWords", shown: error.shown });
  }
  const full = asOutOfMemory(error);
  return full === null ? null : new Failure({ code: "memory", limitBytes: full.limitBytes });
}
