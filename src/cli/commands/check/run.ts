import { type Budget, printBudget } from "../../../budget/budget.ts";
import { isModelled } from "../../../budget/budget-key.ts";
import { sortFor } from "../../../budget/explain.ts";
import type { NamedBudget } from "../../../budget/judge.ts";
import { modelDifferences } from "../../../diff/diff.ts";
import { presentBudgets } from "../../../insight/budget-sentences.ts";
import { noAddressesSentence } from "../../../insight/evidence/foreign-log.ts";
import { unreadSentence } from "../../../insight/evidence/unread-lines.ts";
import { interruption } from "../../../insight/verdict.ts";
import type { Report } from "../../../report/contract/report.ts";
import { DEFAULT_SORT } from "../../../report/order/sort-threads.ts";
import { budgetList } from "../../../report/text/budget-list.ts";
import { wrap } from "../../../report/text/style.ts";
import { type AnalysisRequest, analysisRequest } from "../../analysis/analysis-request.ts";
import { withReport } from "../../analysis/with-report.ts";
import {
  fileOptions,
  formatReport,
  forPeople,
  terminalOptions,
  writeFiles,
} from "../../analysis/write-report.ts";
import { type BaseRuns, hasModel, readBaseRuns } from "../../budgets/base-runs.ts";
import { CONFIG_FILE, readConfig } from "../../budgets/config-file.ts";
import { exitFor, judgeAll, typedBudgets, withScenariosOf } from "../../budgets/judge-budgets.ts";
import { Exit } from "../../exit-codes.ts";
import { annotations, appendSummary, forStepLog, isGitHub } from "../../github.ts";
import type { Analyse, Io } from "../../io.ts";
import { DEFAULT_WHAT_IFS } from "../../options/model-options.ts";
import { Failure } from "../../problems.ts";
import { message } from "../../terminal/message.ts";
import { print } from "../../terminal/print.ts";
import { shellWord } from "../../terminal/shell-word.ts";
import type { CheckRequest, CheckValues } from "./options.ts";

/** Defaults of --fail-increase and --min-delta. */
const FAIL_INCREASE = 0.05;
const MIN_DELTA_BYTES = 1024 * 1024;

/**
 * Runs `mallog check`. Budgets are checked as far as possible before the log is read. Returns the exit code.
 * `commands`: the names of all commands.
 * @throws Failure, and whatever `analyse` throws
 */
export async function checkLog(
  { inputs, values, modelArguments }: CheckRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const config = readConfig(values.config, io.cwd);
  const absolute = [...typedBudgets(values.budget ?? []), ...config.budgets];
  const earlier = await earlierRuns(values, inputs, io);
  const base = earlier?.base.report ?? null;
  const budgets = [...absolute, ...growthBudgets(values, absolute, earlier)];
  refuseUnusable(values, budgets);
  const whatIf = values.whatIf ?? config.whatIf ?? undefined;
  const asked = analysisRequest(
    inputs,
    whatIf === undefined ? values : { ...values, whatIf },
    io.hostCpus,
  );
  const analysis = withScenariosOf(budgets, asked.analysis);
  // A budget may be one of a call site, or of a what-if, which its causes explain.
  const request = {
    ...asked,
    analysis: { ...analysis, countsSites: true, explainsWhatIfs: true },
  };
  return withReport(request, io, analyse, commands, async (analysed, outputs) => {
    const unmodelled = noAddressesSentence(analysed.trace);
    if (unmodelled !== null && budgets.some(({ budget }) => isModelled(budget.key))) {
      message(io.stderr, unmodelled);
      return Exit.unjudged;
    }
    const evidence = {
      head: { known: analysed, json: analysed },
      base,
      runs: earlier?.runs.map(({ report }) => report) ?? [],
      trustsModel: values.allowUnreliable ?? false,
    };
    const report: Report = {
      ...analysed,
      budgets: judgeAll(budgets, evidence, {
        head: null,
        base: earlier?.base.file ?? null,
        commandFor: (budget) => commandFor(budget, request, modelArguments),
      }),
    };
    await writeFiles(report, request, outputs);
    for (const { file, report } of earlier === null ? [] : [earlier.base, ...earlier.runs]) {
      for (const remark of modelDifferences(report.known, analysed)) {
        message(io.stderr, `${file}: ${remark}`);
      }
    }
    const chosen = values.baseline === undefined && earlier !== null ? middle(earlier) : null;
    await printResult(report, request, chosen, values.allowFailure ?? false, io);
    return exitFor(report.budgets, values.allowFailure ?? false);
  });
}

/** The reports of --baseline and --runs; null: none was given. @throws Failure usage, report */
async function earlierRuns(
  { baseline, runs = [] }: CheckValues,
  inputs: readonly string[],
  io: Io,
): Promise<BaseRuns | null> {
  const reports = baseline === undefined ? runs : [baseline, ...runs];
  const isLogStdin = inputs.length === 0 || inputs.includes("-");
  if (reports.filter((file) => file === "-").length + Number(isLogStdin) > 1) {
    const message = "only one of the log and the earlier reports can be standard input (-)";
    throw new Failure({ code: "usage", message });
  }
  return reports.length === 0 ? null : readBaseRuns(baseline ?? null, runs, io);
}

/** Says which run the growth is counted from. */
function middle({ base, runs }: BaseRuns): string {
  const of = [base, ...runs].every(hasModel) ? "RSS" : "live memory";
  const count = runs.length + 1;
  const place =
    count === 2 ? "the smaller" : count % 2 === 1 ? "in the middle" : "the smaller in the middle";
  return `Compared with ${base.file}, whose ${of} is ${place} of ${count} runs.`;
}

/** With --json standard output holds the report only; budgets that are not kept go to standard error. */
async function printResult(
  report: Report,
  request: AnalysisRequest,
  chosen: string | null,
  allowFailure: boolean,
  io: Io,
): Promise<void> {
  const style = terminalOptions(request, io);
  const { form, quiet } = request;
  const json = form === "json";
  const list = budgetList(presentBudgets(report.budgets), style, { onlyExceeded: quiet || json });
  const allowed = allowFailure && report.budgets.some(({ ok }) => !ok);
  const warnings = [interruption(report), unreadSentence(report), quiet || json ? null : chosen];
  const text = [
    ...warnings.flatMap((warning) => (warning === null ? [] : wrap(warning, style.width))),
    ...(list === "" ? [] : [`${list}${allowed ? " (allowed: --allow-failure)" : ""}`]),
  ].map((line) => `${line}\n`);
  if (json) {
    await print(io.stdout, await formatReport(report, ".json", style));
  }
  const shown = text.join("");
  if (json) {
    io.stderr.write(forStepLog(shown, io.env));
  } else {
    await print(io.stdout, forPeople(shown, io));
  }
  if (!isGitHub(io.env)) {
    return;
  }
  io.stderr.write(annotations(report.budgets, allowFailure ? "warning" : "error"));
  appendSummary(await formatReport(report, ".md", fileOptions(request)), io);
}

/** A limit on the growth of each key that has a budget, else of RSS and live bytes. */
function growthBudgets(
  { baseline, failIncrease = FAIL_INCREASE, minDelta = MIN_DELTA_BYTES }: CheckValues,
  absolute: readonly NamedBudget[],
  earlier: BaseRuns | null,
): NamedBudget[] {
  if (earlier === null) {
    return [];
  }
  const { file, report } = earlier.base;
  const option = baseline === undefined ? "--runs" : "--baseline";
  const ofModel = report.known.scenarios.length === 0 ? [] : ["rss", "peak-rss"];
  const keys =
    absolute.length > 0
      ? absolute.filter(({ budget }) => !budget.limit.isGrowth).map(({ budget }) => budget.key)
      : [...ofModel, "live", "peak-live"].map((path) => ({ thread: null, path, scenario: null }));
  const distinct = new Map(keys.map((key) => [JSON.stringify(key), key]));
  return [...distinct.values()].map((key) => {
    const limit = { value: failIncrease, unit: "percent" as const, isGrowth: true };
    const budget: Budget = { key, operator: "<=", limit };
    return {
      budget,
      place: `${option} ${file} (${printBudget(budget)})`,
      name: null,
      message: null,
      minDeltaBytes: minDelta,
    };
  });
}

function refuseUnusable(values: CheckValues, budgets: readonly NamedBudget[]): void {
  if (values.baseline === undefined && values.runs === undefined) {
    const needsBaseline = [
      ...(values.failIncrease === undefined ? [] : ["--fail-increase"]),
      ...(values.minDelta === undefined ? [] : ["--min-delta"]),
    ];
    if (needsBaseline[0] !== undefined) {
      const message = `${needsBaseline[0]} needs --baseline BASE.json or --runs`;
      throw new Failure({ code: "usage", message });
    }
    const growing = budgets.find(({ budget }) => budget.limit.isGrowth);
    if (growing !== undefined) {
      const reason = "growth is relative to an earlier report; add --baseline BASE.json or --runs";
      throw new Failure({ code: "budget", place: growing.place, reason });
    }
  }
  if (budgets.length > 0) {
    return;
  }
  const message = `no budget given; add --budget 'rss<=900MiB', ${CONFIG_FILE}, or --baseline BASE.json`;
  throw new Failure({ code: "usage", message });
}

/** The `mallog` command that shows what a figure consists of; null: the log was standard input. */
function commandFor(
  { key }: Budget,
  { inputs, analysis }: AnalysisRequest,
  modelArguments: readonly string[],
): string | null {
  if (inputs.length === 0 || inputs.includes("-")) {
    return null;
  }
  const names = analysis.whatIfs.map(({ name }) => name);
  const isDefault = DEFAULT_WHAT_IFS.every((name, i) => names[i] === name);
  const { scenario } = key;
  const shown = isDefault
    ? names.slice(DEFAULT_WHAT_IFS.length).filter((name) => name === scenario)
    : names;
  const whatIfs =
    analysis.model && names.length === 0
      ? ["--no-what-if"]
      : shown.flatMap((name) => ["--what-if", name]);
  const sort = sortFor(key);
  const sorted = sort === DEFAULT_SORT.key ? [] : ["--sort", sort];
  const operands = inputs.some((input) => input.startsWith("-")) ? ["--", ...inputs] : inputs;
  const words = ["mallog", ...modelArguments, ...whatIfs, ...sorted, ...operands];
  return words.map(shellWord).join(" ");
}
