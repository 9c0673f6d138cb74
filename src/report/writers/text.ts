import { callerTable, sizeTable } from "../text/allocation-table.ts";
import { anomalyList } from "../text/anomaly-list.ts";
import { arenaTable } from "../text/arena-table.ts";
import { basisList } from "../text/basis-list.ts";
import { budgetList } from "../text/budget-list.ts";
import { causeTable } from "../text/cause-table.ts";
import { findingList } from "../text/finding-list.ts";
import { observedTable } from "../text/observed-table.ts";
import { plot } from "../text/plot.ts";
import { processTable } from "../text/process-table.ts";
import { threadTable } from "../text/thread-table.ts";
import { verdictText } from "../text/verdict-text.ts";
import { whatIfTable } from "../text/what-if-table.ts";
import type { Writer } from "./writer.ts";

/** The report for people: the verdict first, then what it rests on, in descending order of interest. */
export const writeText: Writer = (
  presented,
  { sort, top, by = "thread", plot: isPlotted, ...style },
) => {
  const { report, budgets } = presented;
  const recorded = report.scenarios[0];
  const arenas = recorded && arenaTable(recorded, by === "arena" ? sort : null, top, style);
  const sections = [
    budgets.length > 0 && budgetList(budgets, style),
    verdictText(presented, style),
    processTable(presented, top, style),
    by === "thread" && report.threads.length > 0 && threadTable(report, sort, top, style),
    by === "caller" && callerTable(report, sort, top, style),
    by === "size" && sizeTable(report, sort, top, style),
    by === "arena" && arenas,
    recorded && whatIfTable(presented, top, style),
    causeTable(presented, style),
    observedTable(presented, style),
    isPlotted && plot(report, style),
    by !== "arena" && arenas,
    findingList(report.findings, style),
    anomalyList(presented, style),
    basisList(presented, style),
  ];
  return `${sections.filter((section) => typeof section === "string").join("\n\n")}\n`;
};
