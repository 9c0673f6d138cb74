import { type Diff, diffOf } from "../../../diff/diff.ts";
import { diffText } from "../../../diff/diff-text.ts";
import { presentDiff } from "../../../diff/present-diff.ts";
import { presentBudgets } from "../../../insight/budget-sentences.ts";
import { budgetList } from "../../../report/text/budget-list.ts";
import { printJson } from "../../../report/writers/json.ts";
import { readBase } from "../../base-report.ts";
import { judgeAll, typedBudgets } from "../../budgets.ts";
import { chalkFor } from "../../chalk-for.ts";
import { readConfig } from "../../config.ts";
import { annotations, appendSummary, forStepLog, isGitHub } from "../../github.ts";
import type { Io } from "../../io.ts";
import { FILE_STYLE, openOutputs } from "../../output-file.ts";
import { print } from "../../print.ts";
import { Exit, Failure } from "../../problems.ts";
import { shellWord } from "../../shell-word.ts";
import { widthOf } from "../../terminal.ts";
import type { DiffRequest } from "./options.ts";

const ENDINGS = [".txt", ".json"];

/**
 * One run of `mallog diff`. Returns the exit code.
 * @throws Failure
 */
export async function diffReports(request: DiffRequest, io: Io): Promise<number> {
  const { base, head } = request;
  if (base === "-" && head === "-") {
    const message = "only one report can be standard input (-)";
    throw new Failure({ code: "usage", message, command: "diff" });
  }
  const inFile = request.config === undefined ? [] : readConfig(request.config, io.cwd).budgets;
  const budgets = [...typedBudgets(request.budget ?? []), ...inFile];
  const outputs = openOutputs(request.output ?? [], [base, head], io.cwd, ENDINGS);
  try {
    const evidence = { base: await readBase(base, io), head: await readBase(head, io) };
    const more = base === "-" || head === "-" ? null : ["mallog", "diff", base, head, "--top", "0"];
    const diff: Diff = {
      ...diffOf(
        { file: base, report: evidence.base.known },
        { file: head, report: evidence.head.known },
        io.version,
      ),
      budgets: judgeAll(budgets, evidence, {
        head,
        base,
        commandFor: () => more?.map(shellWord).join(" ") ?? null,
      }),
    };
    for (const output of outputs) {
      output.write(written(diff, output.ending, request.top));
    }
    await tell(diff, request, io);
    const exceeded = diff.budgets.some(({ ok }) => !ok);
    return exceeded && !request.allowFailure ? Exit.exceeded : Exit.done;
  } finally {
    for (const output of outputs) {
      output.discard();
    }
  }
}

function written(diff: Diff, ending: string, top: number): string {
  if (ending === ".json") {
    return printJson(diff);
  }
  return diffText(presentDiff(diff), top, FILE_STYLE);
}

async function tell(
  diff: Diff,
  { top, json, quiet, color, allowFailure }: DiffRequest,
  io: Io,
): Promise<void> {
  const style = { width: widthOf(io.stdout, io.env), chalk: chalkFor(io.stdout, io.env, color) };
  const failures = budgetList(presentBudgets(diff.budgets), style, { onlyExceeded: true });
  const told = failures === "" ? "" : `${failures}\n`;
  if (json) {
    await print(io.stdout, printJson(diff));
    io.stderr.write(forStepLog(told, io.env));
  } else {
    await print(
      io.stdout,
      forStepLog(quiet ? told : diffText(presentDiff(diff), top, style), io.env),
    );
  }
  if (!isGitHub(io.env)) {
    return;
  }
  io.stderr.write(annotations(diff.budgets, allowFailure ? "warning" : "error"));
  appendSummary(fenced(written(diff, ".txt", top)), io);
}

/** As Markdown shows a text as it is: in a fence longer than any that the text has. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text}${fence}\n`;
}
