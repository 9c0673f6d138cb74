import { arenaTable } from "../text/arena-table.ts";
import { budgetList } from "../text/budgets.ts";
import { findingList, modelled } from "../text/modelled.ts";
import { oddities } from "../text/oddities.ts";
import { plot } from "../text/plot.ts";
import { printable } from "../text/printable.ts";
import { type TextStyle, wrap } from "../text/style.ts";
import { threadTable } from "../text/thread-table.ts";
import { whatIfTable } from "../text/what-if-table.ts";
import { type Sentence, verdict } from "../verdict.ts";
import type { Writer } from "./writer.ts";

/** The report for people: the answer first, then what it rests on, in falling order of interest. */
export const writeText: Writer = (report, { sort, top, plot: isPlotted, ...style }) => {
  const recorded = report.scenarios[0];
  const sections = [
    report.budgets.length > 0 && budgetList(report.budgets, style),
    verdict(report)
      .map((sentence) => paragraph(sentence, style))
      .join("\n"),
    report.threads.length > 0 && threadTable(report, sort, top, style),
    recorded && whatIfTable(report, top, style),
    isPlotted && plot(report, style),
    recorded && arenaTable(recorded, top, style),
    findingList(report.findings, style),
    oddities(report.trace, style),
    modelled(report, style),
  ];
  return `${sections.filter((section) => typeof section === "string").join("\n\n")}\n`;
};

function paragraph({ tone, text }: Sentence, { chalk, width }: TextStyle): string {
  const paint = { plain: chalk.bold, good: chalk.bold.green, bad: chalk.bold.red }[tone];
  return wrap(printable(text), width)
    .map((line) => paint(line))
    .join("\n");
}
