import {
  amount,
  budgetDetails,
  budgetsKept,
  exceededFirst,
  limitInWords,
} from "../budget-sentence.ts";
import { exact, plural, size } from "../format.ts";
import { capped, list } from "../markdown/capped.ts";
import { code, prose } from "../markdown/escape.ts";
import { markdownTable } from "../markdown/table.ts";
import type { BudgetResult, Report, Scenario } from "../report.ts";
import { arenaColumns, largestFirst, outsideArenas } from "../text/arena-table.ts";
import { basis, gravestFirst } from "../text/modelled.ts";
import { anomalyItems, malformedItem } from "../text/oddities.ts";
import { sourceName } from "../text/printable.ts";
import type { Column } from "../text/table.ts";
import { threadColumns, threadsAre } from "../text/thread-table.ts";
import { scenarioColumns, whatIfNotes, whatIfTitle } from "../text/what-if-table.ts";
import { verdict } from "../verdict.ts";
import type { Writer, WriterOptions } from "./writer.ts";

/**
 * The report for a pull request's comment or a job's summary: what was decided and what would help, and the tables that
 * show why folded below. It is short enough for both (capped.ts), whatever the log holds.
 */
export const writeMarkdown: Writer = (report, options) => {
  const sections = [
    title(report),
    answer(report),
    budgets(report),
    whatIfs(report, options),
    findings(report),
    threads(report, options),
    arenas(report, options),
    oddities(report),
    folded(
      report.model === null ? "What was read" : "How it was modelled",
      list(basis(report).map(prose)),
    ),
  ];
  return `${sections.filter((section) => section !== null).join("\n\n")}\n`;
};

function title({ trace: { sources } }: Report): string {
  const [first = "-", ...others] = sources;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `## mallog: ${code(sourceName(first))}${more}`;
}

/** The first sentence, which says how much memory there is, and bad news in bold. */
function answer(report: Report): string {
  const sentences = verdict(report).map(({ tone, text }, i) =>
    i === 0 || tone === "bad" ? `**${prose(text)}**` : prose(text),
  );
  return capped(sentences).join("\n");
}

const BUDGET_COLUMNS: readonly Column<BudgetResult>[] = [
  { head: [""], align: "left", rank: 0, cell: ({ ok }) => (ok ? "kept" : "not kept") },
  { head: ["budget"], align: "left", isName: true, rank: 0, cell: ({ key }) => key },
  {
    head: ["limit"],
    align: "right",
    rank: 0,
    cell: limitInWords,
  },
  { head: ["actual"], align: "right", rank: 0, cell: (budget) => amount(budget, budget.actual) },
  { head: ["meaning"], align: "left", rank: 1, cell: ({ name }) => name ?? "" },
];

function budgets({ budgets }: Report): string | null {
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

/** What is known of a budget besides its numbers; the limit tells it from others of the same key. */
function reasons(budget: BudgetResult): string | null {
  const { key, command } = budget;
  const sentences = [
    ...budgetDetails({ ...budget, command: null }).map(prose),
    ...(command === null ? [] : [`More: ${code(command)}`]),
  ];
  if (sentences.length === 0) {
    return null;
  }
  return `${code(key)} ${limitInWords(budget)}: ${sentences.join(" ")}`;
}

/** Rows of settings; where there are more, those that need most memory at the end are left out. */
const MOST_SCENARIOS = 20;

function whatIfs(report: Report, { chalk }: WriterOptions): string | null {
  if (report.scenarios.length === 0) {
    return null;
  }
  const [title, rest] = whatIfTitle(report.scenarios);
  const table = markdownTable(
    scenarioColumns(report, chalk),
    leastFirst(report.scenarios),
    MOST_SCENARIOS,
  );
  const notes = whatIfNotes(report).map(prose);
  const sections = [`### ${title}${rest}`, table, ...(notes.length === 0 ? [] : [list(notes)])];
  return sections.join("\n\n");
}

/** As given where all are shown; else the run as recorded, and then the settings by RSS at the end. */
function leastFirst(scenarios: readonly Scenario[]): readonly Scenario[] {
  if (scenarios.length <= MOST_SCENARIOS) {
    return scenarios;
  }
  const [recorded, ...others] = scenarios;
  const sorted = others.sort((a, b) => a.rss.endBytes - b.rss.endBytes);
  return recorded === undefined ? sorted : [recorded, ...sorted];
}

function findings({ findings }: Report): string | null {
  if (findings.length === 0) {
    return null;
  }
  const items = gravestFirst(findings).map(({ severity, message, bytes }) => {
    const text = `${prose(message)}${bytes === 0 ? "" : ` (${size(bytes)})`}`;
    return severity === "info" ? text : `**${severity}:** ${text}`;
  });
  return `### Findings\n\n${list(items)}`;
}

function threads({ threads, trace }: Report, { sort, top }: WriterOptions): string | null {
  if (threads.length === 0) {
    return null;
  }
  const table = markdownTable(threadColumns(threads, trace.firstTime), threads, top);
  return folded(`Threads ${threadsAre(sort, trace)}`, table);
}

function arenas({ scenarios: [recorded] }: Report, { top }: WriterOptions): string | null {
  if (recorded === undefined) {
    return null;
  }
  const arenas = largestFirst(recorded.arenas);
  const table = markdownTable(arenaColumns(arenas), arenas, top);
  const count = plural(recorded.arenaCount, "arena");
  return folded(
    `Arenas of the run as recorded, at its end (${count})`,
    [table, ...outsideArenas(recorded)].join("\n\n"),
  );
}

function oddities({ trace }: Report): string | null {
  const malformed = malformedItem(trace);
  const words = [...anomalyItems(trace), ...(malformed === null ? [] : [malformed])];
  if (words.length === 0) {
    return null;
  }
  const samples = trace.malformedSamples.map(
    ({ line, text }) => `line ${exact(line)}: ${code(text)}`,
  );
  return folded("Oddities of the log", list(words.map(prose), samples));
}

/** GitHub reads Markdown within HTML only after an empty line. */
function folded(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}
