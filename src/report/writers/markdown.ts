import type { Report, Scenario } from "../contract/report.ts";
import { capped, list } from "../markdown/capped.ts";
import { cureList } from "../markdown/cure-list.ts";
import { code, prose } from "../markdown/escape.ts";
import { markdownTable } from "../markdown/markdown-table.ts";
import { gravestFirst } from "../order/gravest-first.ts";
import { sortArenas } from "../order/sort-allocations.ts";
import { allocationsTitle, callerColumns, sizeColumns } from "../tables/allocation-columns.ts";
import { arenaColumns, largestFirst, outsideArenas } from "../tables/arena-columns.ts";
import { causeColumns, causeRows } from "../tables/cause-columns.ts";
import type { Column } from "../tables/column.ts";
import { observedColumns, observedRows } from "../tables/observed-columns.ts";
import { processColumns } from "../tables/process-columns.ts";
import { scenarioRowColumns, whatIfTitle } from "../tables/scenario-columns.ts";
import { threadColumns, threadsTitle } from "../tables/thread-columns.ts";
import { budgetsKept, exceededFirst } from "../wording/budget-results.ts";
import { findingAmount } from "../wording/finding-amount.ts";
import { exact, plural } from "../wording/format.ts";
import type { Presented, PresentedBudget } from "../wording/presented.ts";
import { sourceName } from "../wording/printable.ts";
import type { Writer, WriterOptions } from "./writer.ts";

/**
 * The report for a pull request's comment or a job summary: verdict, budgets and what-ifs, with the other tables folded.
 * Always short enough for both (capped.ts).
 */
export const writeMarkdown: Writer = (presented, options) => {
  const { report } = presented;
  const sections = [
    title(report),
    answer(presented),
    budgets(presented),
    whatIfs(presented, options),
    cureList(presented),
    findings(report),
    processes(presented),
    causes(presented),
    observed(presented),
    mainTable(report, options),
    options.by === "arena" ? null : arenas(report, options),
    anomalies(presented),
    folded(
      report.model === null ? "What was read" : "How it was modelled",
      list(presented.basis.map(prose)),
    ),
  ];
  return `${sections.filter((section) => section !== null).join("\n\n")}\n`;
};

function title({ trace: { sources } }: Report): string {
  const [first = "-", ...others] = sources;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `## mallog: ${code(sourceName(first))}${more}`;
}

/** The verdict; the first sentence and bad news in bold. */
function answer({ verdict }: Presented): string {
  const sentences = verdict.map(({ tone, text }, i) =>
    i === 0 || tone === "bad" ? `**${prose(text)}**` : prose(text),
  );
  return capped(sentences).join("\n");
}

const BUDGET_COLUMNS: readonly Column<PresentedBudget>[] = [
  { head: [""], align: "left", rank: 0, cell: ({ result }) => (result.ok ? "kept" : "not kept") },
  { head: ["budget"], align: "left", isName: true, rank: 0, cell: ({ result }) => result.key },
  { head: ["limit"], align: "right", rank: 0, cell: ({ limit }) => limit },
  { head: ["actual"], align: "right", rank: 0, cell: ({ actual }) => actual },
  { head: ["meaning"], align: "left", rank: 1, cell: ({ result }) => result.name ?? "" },
];

function budgets({ budgets }: Presented): string | null {
  if (budgets.length === 0) {
    return null;
  }
  const table = markdownTable(BUDGET_COLUMNS, exceededFirst(budgets), 0);
  const why = exceededFirst(budgets)
    .map(reasons)
    .filter((item) => item !== null);
  const sections = [`### ${budgetsKept(budgets)}`, table, ...(why.length === 0 ? [] : [list(why)])];
  return sections.join("\n\n");
}

/** The reasons of a budget; its limit distinguishes it from others of the same key. */
function reasons({ result, limit, reasons }: PresentedBudget): string | null {
  const { key, command } = result;
  const sentences = [
    ...reasons.map(prose),
    ...(command === null ? [] : [`More: ${code(command)}`]),
  ];
  if (sentences.length === 0) {
    return null;
  }
  return `${code(key)} ${limit}: ${sentences.join(" ")}`;
}

/** Rows of the table of scenarios; beyond them, those with the highest RSS at the end are left out. */
const MAX_SCENARIOS = 20;

function whatIfs(presented: Presented, { chalk }: WriterOptions): string | null {
  const { report, whatIfNotes } = presented;
  if (report.scenarios.length === 0) {
    return null;
  }
  const [title, rest] = whatIfTitle(report.scenarios);
  const table = markdownTable(
    scenarioRowColumns(presented, chalk),
    [...leastFirst(report.scenarios), ...(report.unavailable ?? [])],
    MAX_SCENARIOS,
  );
  const notes = whatIfNotes.map(prose);
  const sections = [`### ${title}${rest}`, table, ...(notes.length === 0 ? [] : [list(notes)])];
  return sections.join("\n\n");
}

/** Report order if all are shown; else the recorded run, then the what-ifs by RSS at the end. */
function leastFirst(scenarios: readonly Scenario[]): readonly Scenario[] {
  if (scenarios.length <= MAX_SCENARIOS) {
    return scenarios;
  }
  const [recorded, ...others] = scenarios;
  const sorted = others.sort((a, b) => a.rss.endBytes - b.rss.endBytes);
  return recorded === undefined ? sorted : [recorded, ...sorted];
}

/** Rows of the table of processes. */
const MAX_PROCESSES = 20;

function processes({ report: { processes }, processTotals }: Presented): string | null {
  if (processes === undefined) {
    return null;
  }
  const table = markdownTable(processColumns(processes), processes, MAX_PROCESSES);
  const totals = processTotals === null ? [] : [prose(processTotals)];
  return ["### Processes", table, ...totals].join("\n\n");
}

function causes({ causes }: Presented): string | null {
  if (causes === null) {
    return null;
  }
  const rows = causeRows(causes);
  return folded("Why it is resident", markdownTable(causeColumns(rows), rows, 0));
}

function observed({ report: { observed }, observedNotes, trustsModel }: Presented): string | null {
  if (observed === undefined) {
    return null;
  }
  const rows = observedRows(observed);
  const table = markdownTable(observedColumns(rows, trustsModel), rows, 0);
  const notes = observedNotes.length === 0 ? [] : [list(observedNotes.map(prose))];
  return folded("Measured beside modelled", [table, ...notes].join("\n\n"));
}

function findings({ findings }: Report): string | null {
  if (findings.length === 0) {
    return null;
  }
  const items = gravestFirst(findings).map((finding) => {
    const { severity, message } = finding;
    const amount = findingAmount(finding);
    const text = `${prose(message)}${amount === null ? "" : ` (${amount})`}`;
    return severity === "info" ? text : `**${severity}:** ${text}`;
  });
  return `### Findings\n\n${list(items)}`;
}

function mainTable(report: Report, options: WriterOptions): string | null {
  const { callers, sizes } = report;
  const { by = "thread", sort, top } = options;
  switch (by) {
    case "thread":
      return threads(report, options);
    case "caller": {
      const title = `Call sites ${allocationsTitle(sort, callers, "call site")}`;
      return folded(title, markdownTable(callerColumns(callers), callers, top));
    }
    case "size": {
      const title = `Sizes ${allocationsTitle(sort, sizes, "size")}`;
      return folded(title, markdownTable(sizeColumns(sizes), sizes, top));
    }
    case "arena":
      return arenas(report, options);
    default:
      return by satisfies never;
  }
}

function threads({ threads, trace }: Report, { sort, top }: WriterOptions): string | null {
  if (threads.length === 0) {
    return null;
  }
  const table = markdownTable(threadColumns(threads, trace.firstTime), threads, top);
  return folded(`Threads ${threadsTitle(sort, trace)}`, table);
}

function arenas(
  { scenarios: [recorded] }: Report,
  { top, by, sort }: WriterOptions,
): string | null {
  if (recorded === undefined) {
    return null;
  }
  const arenas = by === "arena" ? sortArenas(recorded.arenas, sort) : largestFirst(recorded.arenas);
  const table = markdownTable(arenaColumns(arenas), arenas, top);
  const count = plural(recorded.arenaCount, "arena");
  return folded(
    `Arenas of the recorded run at its end (${count})`,
    [table, ...outsideArenas(recorded)].join("\n\n"),
  );
}

function anomalies({ report, anomalies, malformed }: Presented): string | null {
  const words = [...anomalies, ...(malformed === null ? [] : [malformed])];
  if (words.length === 0) {
    return null;
  }
  const samples = report.trace.malformedSamples.map(
    ({ line, text }) => `line ${exact(line)}: ${code(text)}`,
  );
  return folded("Anomalies in the log", list(words.map(prose), samples));
}

/** GitHub parses Markdown within HTML only after an empty line. */
function folded(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}
