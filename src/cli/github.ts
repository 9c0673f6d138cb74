import { appendFileSync } from "node:fs";
import { presentBudgets } from "../insight/budget-sentences.ts";
import { printable } from "../report/printable.ts";
import type { BudgetResult } from "../report/report.ts";
import type { Environment, Io } from "./io.ts";
import { reasonOf } from "./system-error.ts";

/** What GitHub Actions reads of a step: annotations among the lines it prints, and its summary in a file. */

export function isGitHub(env: Environment): boolean {
  return Boolean(env.GITHUB_ACTIONS);
}

/** GitHub shows ten annotations of a kind and step. */
const MOST_ANNOTATIONS = 10;

/** Budgets that were not kept, as workflow commands; `level`: what the step makes of them. */
export function annotations(budgets: readonly BudgetResult[], level: "error" | "warning"): string {
  const exceeded = presentBudgets(budgets.filter(({ ok }) => !ok));
  const shown =
    exceeded.length > MOST_ANNOTATIONS ? exceeded.slice(0, MOST_ANNOTATIONS - 1) : exceeded;
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

/** As GitHub's own toolkit escapes what follows the command. */
function escapedData(text: string): string {
  return text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}

function escapedProperty(text: string): string {
  return escapedData(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
}

/** Text for people as it may stand in the log of the step that mallog runs in, if it is one. */
export function forStepLog(text: string, env: Environment): string {
  return isGitHub(env) ? withoutCommands(text) : text;
}

/**
 * Text in which no line is a workflow command: names in a log may be made to look like one. GitHub looks for `::` at
 * the start of a line, and for `##[` anywhere in it.
 */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, "$1: ").replace(/##\[/g, "## [");
}

/** A step's outcome does not depend on its summary: what hinders it is only told. */
export function appendSummary(markdown: string, { env, stderr }: Io): void {
  const file = env.GITHUB_STEP_SUMMARY;
  if (file === undefined || file === "") {
    return;
  }
  try {
    appendFileSync(file, markdown);
  } catch (error) {
    stderr.write(`mallog: the job summary is not written: ${reasonOf(error)}\n`);
  }
}
