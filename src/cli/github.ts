import { appendFileSync } from "node:fs";
import { presentBudgets } from "../insight/budget-sentences.ts";
import type { BudgetResult } from "../report/contract/report.ts";
import { printable } from "../report/wording/printable.ts";
import { writeErrorReason } from "./files/system-error.ts";
import type { Environment, Io } from "./io.ts";
import { message } from "./terminal/message.ts";

/** What GitHub Actions takes from a step: annotations from its log, and a summary from a file. */

export function isGitHub(env: Environment): boolean {
  return Boolean(env.GITHUB_ACTIONS);
}

/** GitHub shows ten annotations of each level per step. */
const MAX_ANNOTATIONS = 10;

/** Budgets that are not kept, as workflow commands, one a line. `level`: "warning" where --allow-failure is given. */
export function annotations(budgets: readonly BudgetResult[], level: "error" | "warning"): string {
  const exceeded = presentBudgets(budgets.filter(({ ok }) => !ok));
  const shown =
    exceeded.length > MAX_ANNOTATIONS ? exceeded.slice(0, MAX_ANNOTATIONS - 1) : exceeded;
  const lines = shown.map(({ result, name, sentence, details }) => {
    const title = printable(result.name ?? `Memory budget ${name}`);
    const text = [sentence, ...details].join("\n");
    return annotation(level, title, text);
  });
  const rest = exceeded.slice(shown.length);
  if (rest.length > 0) {
    const keys = rest.map(({ name }) => printable(name)).join("\n");
    lines.push(annotation(level, `${rest.length} more memory budgets`, keys));
  }
  return lines.join("");
}

function annotation(level: string, title: string, text: string): string {
  return `::${level} title=${escapedProperty(title)}::${escapedData(text)}\n`;
}

/** Escapes the message of a workflow command as GitHub's toolkit does. */
function escapedData(text: string): string {
  return text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}

function escapedProperty(text: string): string {
  return escapedData(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
}

/** Text for the log of the step that mallog runs in; unchanged outside GitHub Actions. */
export function forStepLog(text: string, env: Environment): string {
  return isGitHub(env) ? withoutCommands(text) : text;
}

/**
 * Breaks up everything that GitHub would run as a workflow command: a thread's name in a log may be crafted to look like
 * one. GitHub looks for `::` at the start of a line and for `##[` anywhere.
 */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, "$1: ").replace(/##\[/g, "## [");
}

/** Appends to the step's summary. A failure is only reported: the outcome of the step does not depend on it. */
export function appendSummary(markdown: string, { env, stderr }: Io): void {
  const file = env.GITHUB_STEP_SUMMARY;
  if (file === undefined || file === "") {
    return;
  }
  try {
    appendFileSync(file, markdown);
  } catch (error) {
    message(stderr, `cannot write the job summary: ${writeErrorReason(error)}`);
  }
}
