import type { ChalkInstance } from "chalk";
import type { Scenario, UnavailableScenario } from "../contract/report.ts";
import { systemCallsOf } from "../system-calls-of.ts";
import { type Fate, fateOf } from "../wording/container-fate.ts";
import {
  type ByteUnit,
  byteUnit,
  change,
  count,
  inUnit,
  percent,
  size,
} from "../wording/format.ts";
import type { Presented } from "../wording/presented.ts";
import type { Column } from "./column.ts";
import { FAILS, longestSetting, paintChange, settingsColumn } from "./setting-columns.ts";

/** RSS at the end and at the peak of all scenarios share a unit. */
function rssUnit(scenarios: readonly Scenario[]): ByteUnit {
  return byteUnit(scenarios.flatMap(({ rss }) => [rss.endBytes, rss.peakBytes]));
}

/** The title, and the rest of its line. */
export function whatIfTitle(scenarios: readonly Scenario[]): [title: string, rest: string] {
  const unit = rssUnit(scenarios).name;
  return scenarios.length === 1
    ? ["Heap RSS", ` of the recorded run, in ${unit}`]
    : ["What if", `: heap RSS in ${unit} of the same calls under other settings`];
}

type ScenarioColumn = Column<Scenario>;

/** A scenario with its figures, or one that the glibc cannot run. */
export type ScenarioRow = Scenario | UnavailableScenario;

export function notIn({ glibc }: UnavailableScenario): string {
  return `not in glibc ${glibc}`;
}

function hasFigures(row: ScenarioRow): row is Scenario {
  return "rss" in row;
}

/** The columns of scenarios for all rows: of one without figures they show the name, and why, in place of the first figure. */
export function scenarioRowColumns(
  presented: Presented,
  chalk: ChalkInstance,
): Column<ScenarioRow>[] {
  return scenarioColumns(presented, chalk).map(({ cell, rest, paint, ...column }, i) => ({
    ...column,
    cell: (row) => {
      if (hasFigures(row)) {
        return cell(row);
      }
      return i === 0 ? row.name : i === 1 ? notIn(row) : "";
    },
    ...(rest && { rest: (rows) => rest(rows.filter(hasFigures)) }),
    ...(paint && { paint: (row, text) => (hasFigures(row) ? paint(row, text) : text) }),
  }));
}

/** Ranks give the order of dropping: 8 first, 0 never. */
function scenarioColumns(
  { report: { scenarios, container }, failing }: Presented,
  chalk: ChalkInstance,
): ScenarioColumn[] {
  const unit = rssUnit(scenarios);
  const recorded = scenarios[0];
  const right = (
    head: readonly string[],
    rank: number,
    cell: (scenario: Scenario) => string,
    rest?: (hidden: readonly Scenario[]) => string,
  ): ScenarioColumn => ({ head, align: "right", rank, cell, ...(rest && { rest }) });
  const bytes = (
    head: readonly string[],
    rank: number,
    of: (scenario: Scenario) => number,
  ): ScenarioColumn => {
    const unit = byteUnit(scenarios.map(of));
    return right([...head, unit.name], rank, (scenario) => inUnit(unit, of(scenario)));
  };
  const changed = (rank: number, of: (scenario: Scenario) => number): ScenarioColumn => ({
    ...right(["change"], rank, (scenario) => {
      if (scenario === recorded || recorded === undefined) {
        return "";
      }
      return failing.has(scenario) ? FAILS : (change(of(recorded), of(scenario)) ?? "");
    }),
    paint: paintChange(chalk),
  });
  const price = [
    right(["system", "calls"], 7, (scenario) => count(systemCallsOf(scenario))),
    right(["page", "faults"], 7, ({ pageFaults }) => count(pageFaults)),
  ];
  const columns: ScenarioColumn[] = [
    settingsColumn({
      least: 19,
      whole: { width: longestSetting(scenarios), rank: CHANGES_RANK + 1 },
    }),
    right(
      ["RSS", "at end"],
      0,
      ({ rss: { endBytes, lowBytes, highBytes } }) =>
        rangeOrNumber(unit, endBytes, lowBytes, highBytes),
      (hidden) => leastToMost(unit, hidden, (scenario) => scenario.rss.endBytes),
    ),
    changed(1, (scenario) => scenario.rss.endBytes),
    right(
      ["RSS", "at peak"],
      0,
      ({ rss: { peakBytes, peakLowBytes, peakHighBytes } }) =>
        rangeOrNumber(unit, peakBytes, peakLowBytes, peakHighBytes),
      (hidden) => leastToMost(unit, hidden, (scenario) => scenario.rss.peakBytes),
    ),
    changed(CHANGES_RANK, (scenario) => scenario.rss.peakBytes),
    right(["ext.", "fragm."], 4, (scenario) => percent(scenario.fragmentation.external)),
    right(["arenas"], 5, (scenario) => count(scenario.arenaCount)),
    ...(scenarios.length > 1 ? price : []),
    bytes(["in use"], 7, (scenario) => scenario.inUseBytes),
    bytes(["system"], 7, (scenario) => scenario.system.endBytes),
    bytes(["mmapped"], 8, (scenario) => scenario.mmapped.bytes),
    bytes(["trimmed"], 8, (scenario) => scenario.trimmedBytes),
    right(["int.", "fragm."], 6, (scenario) => percent(scenario.fragmentation.internal)),
  ];
  if (container === undefined || container.limitBytes === null) {
    return columns;
  }
  const { limitBytes } = container;
  const fates = (scenario: Scenario): Fate =>
    fateOf(scenario, recorded ?? scenario, limitBytes, container);
  return [...columns, fate(failing, limitBytes, fates, chalk)];
}

/** Changes are worth more than whole settings. */
const CHANGES_RANK = 2;

/** Whether the process fits its container. */
function fate(
  failing: Presented["failing"],
  limitBytes: number,
  fates: (scenario: Scenario) => Fate,
  chalk: ChalkInstance,
): ScenarioColumn {
  return {
    head: ["in", size(limitBytes)],
    align: "left",
    rank: 3,
    cell: (scenario) => (failing.has(scenario) ? FAILS : fates(scenario)),
    paint: (_, text) => (text === "fits" ? chalk.green(text) : chalk.red(text)),
  };
}

/** The range of the scenarios not shown. */
function leastToMost(
  unit: ByteUnit,
  scenarios: readonly Scenario[],
  of: (scenario: Scenario) => number,
): string {
  const values = scenarios.map(of);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? inUnit(unit, least) : `${inUnit(unit, least)} – ${inUnit(unit, most)}`;
}

/** A range is shown if it is wider than this part of the prediction. */
const SHOWN_SPREAD = 0.02;

export function isRangeShown(bytes: number, low: number, high: number): boolean {
  return high - low > SHOWN_SPREAD * bytes;
}

/** The number, or the range if that is wide. */
export function rangeOrNumber(unit: ByteUnit, bytes: number, low: number, high: number): string {
  if (!isRangeShown(bytes, low, high)) {
    return inUnit(unit, bytes);
  }
  return `${inUnit(unit, low)} – ${inUnit(unit, high)}`;
}
