import { type Diff, diffOf } from "../../../diff/diff.ts";
import { diffText } from "../../../diff/diff-text.ts";
import { presentDiff } from "../../../diff/present-diff.ts";
import { presentBudgets } from "../../../insight/budget-sentences.ts";
import { budgetList } from "../../../report/text/budget-list.ts";
import { printJson } from "../../../report/writers/json.ts";
import { sayIfNoneMatches, threadDumpsOf } from "../../analysis/name-threads.ts";
import { forPeople } from "../../analysis/write-report.ts";
import { readBaseRuns } from "../../budgets/base-runs.ts";
import { readConfig } from "../../budgets/config-file.ts";
import { exitFor, judgeAll, typedBudgets } from "../../budgets/judge-budgets.ts";
import { readBase } from "../../files/base-report.ts";
import { FILE_STYLE, outputFiles } from "../../files/output-file.ts";
import { annotations, appendSummary, forStepLog, isGitHub } from "../../github.ts";
import type { Io } from "../../io.ts";
import { Failure } from "../../problems.ts";
import { isAsciiOnly, widthOf } from "../../terminal/capabilities.ts";
import { chalkFor } from "../../terminal/chalk-for.ts";
import { print } from "../../terminal/print.ts";
import { shellWord } from "../../terminal/shell-word.ts";
import { matchedThreads, withDumpedNames } from "./name-both.ts";
import type { DiffRequest } from "./options.ts";

const ENDINGS = [".txt", ".json"];

/**
 * Runs `mallog diff`. Returns the exit code.
 * @throws Failure
 */
export async function diffReports(request: DiffRequest, io: Io): Promise<number> {
  const { base, head } = request;
  if ([base, head, ...(request.runs ?? [])].filter((file) => file === "-").length > 1) {
    const message = "only one of the reports can be standard input (-)";
    throw new Failure({ code: "usage", message });
  }
  const inFile = request.config === undefined ? [] : readConfig(request.config, io.cwd).budgets;
  const budgets = [...typedBudgets(request.budget ?? []), ...inFile];
  const outputs = outputFiles(
    request.output ?? [],
    [base, head, ...(request.runs ?? [])],
    io.cwd,
    ENDINGS,
  );
  const dumps = await threadDumpsOf(request.jstack ?? [], io.cwd);
  const { runs, ...read } = await readBaseRuns(base, request.runs ?? [], io);
  const reports = { base: read.base.report, head: await readBase(head, io) };
  sayIfNoneMatches(dumps, matchedThreads(reports, dumps), "reports", io);
  const evidence = {
    ...withDumpedNames(reports, dumps),
    runs: runs.map(({ report }) => report),
    trustsModel: request.allowUnreliable ?? false,
  };
  const command =
    base === "-" || head === "-" ? null : ["mallog", "diff", base, head, "--top", "0"];
  const diff: Diff = {
    ...diffOf(
      { file: base, report: evidence.base.known },
      { file: head, report: evidence.head.known },
      io.version,
      runs.map(({ file, report: { known } }) => ({ file, report: known })),
    ),
    budgets: judgeAll(budgets, evidence, {
      head,
      base,
      commandFor: () => command?.map(shellWord).join(" ") ?? null,
    }),
  };
  for (const output of outputs) {
    await output.write(formatDiff(diff, output.ending, request.top));
  }
  await printResult(diff, request, io);
  return exitFor(diff.budgets, request.allowFailure ?? false);
}

function formatDiff(diff: Diff, ending: string, top: number): string {
  if (ending === ".json") {
    return printJson(diff);
  }
  return diffText(presentDiff(diff), top, FILE_STYLE);
}

async function printResult(
  diff: Diff,
  { top, json, quiet, color, allowFailure }: DiffRequest,
  io: Io,
): Promise<void> {
  const style = {
    width: widthOf(io.stdout, io.env),
    chalk: chalkFor(io.stdout, io.env, color ?? null),
    isAsciiOnly: isAsciiOnly(io.stdout, io.env),
  };
  const failures = budgetList(presentBudgets(diff.budgets), style, { onlyExceeded: true });
  const list = failures === "" ? "" : `${failures}\n`;
  if (json) {
    await print(io.stdout, printJson(diff));
    io.stderr.write(forStepLog(list, io.env));
  } else {
    await print(io.stdout, forPeople(quiet ? list : diffText(presentDiff(diff), top, style), io));
  }
  if (!isGitHub(io.env)) {
    return;
  }
  io.stderr.write(annotations(diff.budgets, allowFailure ? "warning" : "error"));
  appendSummary(fenced(formatDiff(diff, ".txt", top)), io);
}

/** A Markdown code block, with a fence longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text}${fence}\n`;
}
