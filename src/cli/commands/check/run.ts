import { type Budget, printBudget } from "../../../budget/budget.ts";
import { sortFor } from "../../../budget/explain.ts";
import type { NamedBudget } from "../../../budget/judge.ts";
import { modelledOtherwise } from "../../../diff/diff.ts";
import { presentBudgets } from "../../../insight/budget-sentences.ts";
import { interruption } from "../../../insight/verdict.ts";
import { printable } from "../../../report/printable.ts";
import type { ReadReport } from "../../../report/read-report.ts";
import type { Report } from "../../../report/report.ts";
import { DEFAULT_SORT } from "../../../report/sort-threads.ts";
import { budgetList } from "../../../report/text/budget-list.ts";
import { wrap } from "../../../report/text/style.ts";
import { readBase } from "../../base-report.ts";
import { judgeAll, typedBudgets, withScenariosOf } from "../../budgets.ts";
import { CONFIG_FILE, readConfig } from "../../config.ts";
import { annotations, appendSummary, forStepLog, isGitHub } from "../../github.ts";
import type { Analyse, Io } from "../../io.ts";
import { print } from "../../print.ts";
import { Exit, Failure } from "../../problems.ts";
import { DEFAULT_WHAT_IFS } from "../../settings.ts";
import { shellWord } from "../../shell-word.ts";
import { type AnalyzeRequest, requestOf } from "../analyze/options.ts";
import { forFiles, forTerminal, withReport, writeFiles, written } from "../analyze/run.ts";
import type { CheckGiven, CheckRequest } from "./options.ts";

/** Growth that is let pass where the options do not say. */
const FAIL_INCREASE = 0.05;
const MIN_DELTA_BYTES = 1024 * 1024;

/**
 * One run of `mallog check`: whatever can be said of the budgets is said before the log is read. Returns the exit code.
 * @throws Failure and whatever `analyse` throws
 */
export async function checkLog(
  { inputs, given, modelArguments }: CheckRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const config = readConfig(given.config, io.cwd);
  const absolute = [...typedBudgets(given.budget ?? []), ...config.budgets];
  if (given.baseline === "-" && (inputs.length === 0 || inputs.includes("-"))) {
    const message = "standard input (-) can be the log or the --baseline, not both";
    throw new Failure({ code: "usage", message, command: "check" });
  }
  const base = given.baseline === undefined ? null : await readBase(given.baseline, io);
  const budgets = [...absolute, ...growthBudgets(given, absolute, base)];
  refuseUseless(given, budgets);
  const whatIf = given.whatIf ?? config.whatIf ?? undefined;
  const asked = requestOf(inputs, whatIf === undefined ? given : { ...given, whatIf }, io.hostCpus);
  const request = { ...asked, analysis: withScenariosOf(budgets, asked.analysis) };
  return withReport(request, io, analyse, commands, async (analysed, outputs) => {
    const evidence = { head: { known: analysed, json: analysed }, base };
    const report: Report = {
      ...analysed,
      budgets: judgeAll(budgets, evidence, {
        head: null,
        base: given.baseline ?? null,
        commandFor: (budget) => commandFor(budget, request, modelArguments),
      }),
    };
    await writeFiles(report, request, outputs);
    for (const remark of base === null ? [] : modelledOtherwise(base.known, analysed)) {
      io.stderr.write(`mallog: ${given.baseline}: ${printable(remark)}\n`);
    }
    await tell(report, request, given.allowFailure ?? false, io);
    const exceeded = report.budgets.some(({ ok }) => !ok);
    return exceeded && !given.allowFailure ? Exit.exceeded : Exit.done;
  });
}

/** With --json the report has standard output for itself, and failures are told beside it. */
async function tell(
  report: Report,
  request: AnalyzeRequest,
  allowFailure: boolean,
  io: Io,
): Promise<void> {
  const style = forTerminal(request, io);
  const { form, quiet } = request;
  const json = form === "json";
  const list = budgetList(presentBudgets(report.budgets), style, { onlyExceeded: quiet || json });
  const allowed = allowFailure && report.budgets.some(({ ok }) => !ok);
  const interrupted = interruption(report);
  const text = [
    ...(interrupted === null ? [] : wrap(interrupted, style.width)),
    ...(list === "" ? [] : [`${list}${allowed ? " (let pass: --allow-failure)" : ""}`]),
  ].map((line) => `${line}\n`);
  if (json) {
    await print(io.stdout, await written(report, ".json", style));
  }
  const stream = json ? io.stderr : io.stdout;
  await print(stream, forStepLog(text.join(""), io.env));
  if (!isGitHub(io.env)) {
    return;
  }
  io.stderr.write(annotations(report.budgets, allowFailure ? "warning" : "error"));
  appendSummary(await written(report, ".md", forFiles(request)), io);
}

/** A limit on the growth of each key that is budgeted, else of those that matter to most. */
function growthBudgets(
  { baseline, failIncrease = FAIL_INCREASE, minDelta = MIN_DELTA_BYTES }: CheckGiven,
  absolute: readonly NamedBudget[],
  base: ReadReport | null,
): NamedBudget[] {
  if (base === null) {
    return [];
  }
  const ofModel = base.known.scenarios.length === 0 ? [] : ["rss", "peak-rss"];
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
      place: `--baseline ${baseline} (${printBudget(budget)})`,
      name: null,
      message: null,
      minDeltaBytes: minDelta,
    };
  });
}

function refuseUseless(given: CheckGiven, budgets: readonly NamedBudget[]): void {
  if (given.baseline === undefined) {
    const needing = [
      ...(given.failIncrease === undefined ? [] : ["--fail-increase"]),
      ...(given.minDelta === undefined ? [] : ["--min-delta"]),
    ];
    if (needing[0] !== undefined) {
      const message = `${needing[0]} needs --baseline BASE.json`;
      throw new Failure({ code: "usage", message, command: "check" });
    }
    const growing = budgets.find(({ budget }) => budget.limit.isGrowth);
    if (growing !== undefined) {
      const reason = "growth is counted from an earlier report; add --baseline BASE.json";
      throw new Failure({ code: "budget", place: growing.place, reason });
    }
  }
  if (budgets.length > 0) {
    return;
  }
  const message = `no budget is given; add --budget 'rss<=900MiB', ${CONFIG_FILE}, or --baseline BASE.json`;
  throw new Failure({ code: "usage", message, command: "check" });
}

/** The analysis that shows what is behind a figure; null where the log cannot be read again. */
function commandFor(
  { key }: Budget,
  { inputs, analysis }: AnalyzeRequest,
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
