import { basename } from "node:path";
import type { AnalysisOptions } from "../../src/pipeline/analysis-options.ts";
import type { Report, Scenario } from "../../src/report/contract/report.ts";
import {
  analyse,
  type Case,
  logOf,
  optionsFor,
  type Sample,
  scenario,
  settingsOf,
  type Truth,
  truthOf,
  withRssSamples,
} from "../support/corpus.ts";

/** A number of a case, both predicted and measured. */
export interface Row {
  readonly case: string;
  readonly setting: string;
  readonly moment: "exit" | "trimmed";
  /**
   * false if the measured run made other calls than those of the log: another setting of a program whose runs differ
   */
  readonly sameCalls: boolean;
  readonly predicted: Scenario;
  readonly measured: Sample;
  /** measured in further runs under the same setting; empty for most settings */
  readonly repeats: readonly Sample[];
}

export interface Prediction {
  readonly case: Case;
  readonly report: Report;
  readonly rows: readonly Row[];
}

/**
 * The predictions from a case's default log for every setting with a truth, or for those named, without repeats of a
 * setting; null without log or truth.
 */
export function predict(
  one: Case,
  touchOf: AnalysisOptions["touch"] | ((truth: Truth) => AnalysisOptions["touch"]),
  settings: readonly string[] = Object.keys(one.meta.settings),
): Prediction | null {
  const log = logOf(one, "default");
  const truth = truthOf(one, "default");
  if (log === null || truth === null) {
    return null;
  }
  const truths = new Map<string, Truth>();
  for (const setting of settings) {
    const measured = truthOf(one, setting);
    if (measured !== null && !/_r\d+$/.test(setting)) {
      truths.set(setting, measured);
    }
  }
  const whatIfs = [...truths.keys()].flatMap((setting) => {
    const env = setting === "default" ? {} : settingsOf(one, setting);
    return [scenario(setting, env, false), scenario(`${setting}, trimmed`, env, true)];
  });
  const touch = typeof touchOf === "function" ? touchOf(truth) : touchOf;
  const options = optionsFor(one, "default", whatIfs, touch);
  const report = analyse(withRssSamples(log, truth.timeline), options);
  const [, ...predicted] = report.scenarios;
  const rows = [...truths].flatMap(([setting, { exit, after_trim }], i): Row[] => {
    const sameCalls = one.meta.deterministic || setting === "default";
    const common = { case: one.name, setting, sameCalls };
    const repeated = Object.keys(one.meta.settings).filter(
      (name) => name.replace(/_r\d+$/, "") === setting && name !== setting,
    );
    const runs = repeated.flatMap((name) => truthOf(one, name) ?? []);
    const [atExit, trimmed] = [predicted[2 * i]!, predicted[2 * i + 1]!];
    const row: Row = {
      ...common,
      moment: "exit",
      predicted: atExit,
      measured: exit,
      repeats: runs.map((run) => run.exit),
    };
    if (after_trim === null) {
      return [row];
    }
    const repeats = runs.flatMap((run) => run.after_trim ?? []);
    return [
      row,
      { ...common, moment: "trimmed", predicted: trimmed, measured: after_trim, repeats },
    ];
  });
  return { case: one, report, rows };
}

/** Signed, (predicted − measured) / measured. */
export function errorOf({ predicted, measured }: Row): number {
  const { heap_rss } = measured;
  return heap_rss === 0 ? 0 : (predicted.rss.endBytes - heap_rss) / heap_rss;
}

const TEST_PROGRAMS = ["frag", "threadfrag", "mt", "synth"];

/** True for programs that were not written to test allocators. */
export function isReal({ meta }: Case): boolean {
  const [program = ""] = meta.command.split(" ");
  return !TEST_PROGRAMS.includes(basename(program));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(2)} %`;
}
