import type { Sweep, SweptScenario } from "../contract/sweep.ts";
import { splitAtTop, type TableRows } from "../tables/column.ts";
import { type SweepRow, sweepColumns, sweepUnit } from "../tables/sweep-columns.ts";
import { plural } from "../wording/format.ts";
import { printable } from "../wording/printable.ts";
import { heading, type TextStyle, wrap } from "./style.ts";
import { renderTable } from "./text-table.ts";

/** How `sweep` prints its scenarios. */
export interface SweepStyle extends TextStyle {
  /** rows of the table; 0: all */
  readonly top: number;
}

/** Scenarios with equal figures, of which the first has a row. */
interface Group {
  readonly scenario: SweptScenario;
  readonly others: SweptScenario[];
}

const AS_RECORDED = "as recorded";

/** The scenarios of a sweep for people. `remarks`: how far the log supports them, and what the figures assume. */
export function sweepText(
  { scenarios, unavailable }: Sweep,
  remarks: readonly string[],
  style: SweepStyle,
): string {
  const recorded = scenarios.find(({ name }) => name === AS_RECORDED);
  if (recorded === undefined) {
    throw new Error("the recorded run is missing");
  }
  const groups = grouped(scenarios);
  const { shown, rest } = withRecorded(
    splitAtTop<SweepRow>(
      groups.map(({ scenario }) => scenario),
      style.top,
    ),
    recorded,
  );
  const columns = sweepColumns(scenarios, recorded, style.chalk);
  const notes = [
    MARK_KEY,
    ...groups.filter(({ scenario }) => shown.includes(scenario)).flatMap(sameAs),
    ...remarks.map(printable),
  ];
  return [
    heading("Sweep", `: ${title(scenarios, unavailable.length)}`, style),
    renderTable(columns, { shown: [...shown, ...unavailable], rest }, style),
    "",
    ...notes.flatMap((note) => wrap(note, style.width)),
    "",
  ].join("\n");
}

const MARK_KEY =
  "* no other row is at least as good in peak, end and price, and better in one of them. Price: calls to the kernel and page faults.";

function title(scenarios: readonly SweptScenario[], unavailable: number): string {
  return `heap RSS in ${sweepUnit(scenarios).name} of the same calls under ${plural(scenarios.length - 1 + unavailable, "combination")} of settings`;
}

/** The recorded run is shown in any case: the changes are from it. */
function withRecorded(
  { shown, rest }: TableRows<SweepRow>,
  recorded: SweptScenario,
): TableRows<SweepRow> {
  return rest.includes(recorded)
    ? { shown: [...shown, recorded], rest: rest.filter((row) => row !== recorded) }
    : { shown, rest };
}

/** Groups in the order of their first scenarios; the recorded run stands for those that equal it. */
function grouped(scenarios: readonly SweptScenario[]): Group[] {
  const groups = new Map<string, SweptScenario[]>();
  for (const scenario of scenarios) {
    const { name: _, settings: __, trim: ___, glibc: ____, ...figures } = scenario;
    const key = JSON.stringify(figures);
    groups.set(key, [...(groups.get(key) ?? []), scenario]);
  }
  return [...groups.values()].flatMap((group) => {
    const scenario = group.find(({ name }) => name === AS_RECORDED) ?? group[0];
    return scenario === undefined
      ? []
      : [{ scenario, others: group.filter((other) => other !== scenario) }];
  });
}

function sameAs({ scenario, others }: Group): string[] {
  if (others.length === 0) {
    return [];
  }
  const as = scenario.name === AS_RECORDED ? "the recorded run" : printable(scenario.name);
  return [`Same as ${as}: ${printable(others.map(({ name }) => name).join("; "))}.`];
}
