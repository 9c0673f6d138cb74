import type { ChalkInstance } from "chalk";
import {
  type ByteUnit,
  byteUnit,
  change,
  count,
  inUnit,
  percent,
  plural,
  size,
} from "../format.ts";
import type { Container, Report, Scenario } from "../report.ts";
import { serves } from "../serving.ts";
import { groupAlike, leastAtTop, sameAs } from "./alike.ts";
import { foldAtCommas, heading, type TextStyle, wrap } from "./style.ts";
import { type Column, renderTable } from "./table.ts";

/**
 * RSS of the run as recorded beside that of every other setting, and how far it rests on assumptions. Settings that come
 * to the same figures share a line; of more than `top` (0: all) those are shown that need least.
 */
export function whatIfTable(report: Report, top: number, style: TextStyle): string {
  const groups = groupAlike(report.scenarios);
  const rows = leastAtTop(groups, top);
  const [title, which] = whatIfTitle(report.scenarios);
  const least = rows.rest.length === 0 ? "" : "; those that need least";
  const table = renderTable(scenarioColumns(report, style.chalk), rows, style);
  const notes = [...sameAs(groups, rows.shown), ...whatIfNotes(report)].flatMap((note) =>
    wrap(note, style.width),
  );
  return [heading(title, `${which}${least}`, style), table, ...notes].join("\n");
}

/** The one unit of what is compared. */
function rssUnit(scenarios: readonly Scenario[]): ByteUnit {
  return byteUnit(scenarios.flatMap(({ rss }) => [rss.endBytes, rss.peakBytes]));
}

/** The title, and what follows it on its line. */
export function whatIfTitle(scenarios: readonly Scenario[]): [title: string, rest: string] {
  const unit = rssUnit(scenarios).name;
  return scenarios.length === 1
    ? ["Heap RSS", ` of the run as recorded, in ${unit}`]
    : ["What if", `: heap RSS in ${unit} of the same calls under other settings`];
}

/** What the table cannot say: calls that fail, where ranges come from, what is taken as written. */
export function whatIfNotes(report: Report): string[] {
  return [...failing(report.scenarios), ...uncertain(report), ...assumed(report)];
}

/** Stands where else a gain would: to save memory by refusing it is none. */
const FAILS = "fails";

type ScenarioColumn = Column<Scenario>;

/** The ranks state the order in which columns give way: 8 goes first, 0 stays. */
export function scenarioColumns(
  { scenarios, container }: Report,
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
      return serves(scenario, recorded) ? (change(of(recorded), of(scenario)) ?? "") : FAILS;
    }),
    paint: (_, text) => {
      if (text.startsWith("-")) {
        return chalk.green(text);
      }
      return text.startsWith("+") || text === FAILS ? chalk.red(text) : text;
    },
  });
  const columns: ScenarioColumn[] = [
    {
      head: ["settings"],
      align: "left",
      isName: true,
      rank: 0,
      cell: ({ name }) => name,
      rest: (hidden) => `… ${count(hidden.length)} more`,
      fold: { least: 19, to: foldAtCommas },
    },
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
    changed(2, (scenario) => scenario.rss.peakBytes),
    right(["ext.", "fragm."], 4, (scenario) => percent(scenario.fragmentation.external)),
    right(["arenas"], 5, (scenario) => count(scenario.arenaCount)),
    bytes(["in use"], 7, (scenario) => scenario.inUseBytes),
    bytes(["system"], 7, (scenario) => scenario.system.endBytes),
    bytes(["mmapped"], 8, (scenario) => scenario.mmapped.bytes),
    bytes(["trimmed"], 8, (scenario) => scenario.trimmedBytes),
    right(["int.", "fragm."], 6, (scenario) => percent(scenario.fragmentation.internal)),
  ];
  if (container === undefined || container.limitBytes === null) {
    return columns;
  }
  return [...columns, fate(scenarios, container, container.limitBytes, chalk)];
}

function fate(
  scenarios: readonly Scenario[],
  container: Container,
  limitBytes: number,
  chalk: ChalkInstance,
): ScenarioColumn {
  const [recorded] = scenarios;
  const fits = (scenario: Scenario): boolean =>
    container.scenarios[scenarios.indexOf(scenario)]?.fits === true;
  const fails = (scenario: Scenario): boolean =>
    recorded !== undefined && !serves(scenario, recorded);
  return {
    head: ["in", size(limitBytes)],
    align: "left",
    rank: 3,
    cell: (scenario) => (fails(scenario) ? FAILS : fits(scenario) ? "fits" : "killed"),
    paint: (_, text) => (text === "fits" ? chalk.green(text) : chalk.red(text)),
  };
}

/** Scenarios that could not serve the calls of the log, and how many. */
function failing([recorded, ...whatIfs]: readonly Scenario[]): string[] {
  return whatIfs
    .filter((scenario) => recorded !== undefined && !serves(scenario, recorded))
    .map(({ name, failedCalls }) => `${name}: ${plural(failedCalls, "call")} would get NULL.`);
}

/** What the settings not shown come to. */
function leastToMost(
  unit: ByteUnit,
  scenarios: readonly Scenario[],
  of: (scenario: Scenario) => number,
): string {
  const values = scenarios.map(of);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? inUnit(unit, least) : `${inUnit(unit, least)} – ${inUnit(unit, most)}`;
}

/** A range is shown where it is wider than this part of the prediction. */
const SHOWN_SPREAD = 0.02;

export function isRangeShown(bytes: number, low: number, high: number): boolean {
  return high - low > SHOWN_SPREAD * bytes;
}

function rangeOrNumber(unit: ByteUnit, bytes: number, low: number, high: number): string {
  if (!isRangeShown(bytes, low, high)) {
    return inUnit(unit, bytes);
  }
  return `${inUnit(unit, low)} – ${inUnit(unit, high)}`;
}

/** Where the ranges come from that the table shows. */
function uncertain({ scenarios, model }: Report): string[] {
  const shown = scenarios.filter(
    ({ rss }) =>
      isRangeShown(rss.endBytes, rss.lowBytes, rss.highBytes) ||
      isRangeShown(rss.peakBytes, rss.peakLowBytes, rss.peakHighBytes),
  );
  if (shown.length === 0 || model === null) {
    return [];
  }
  const reasons: string[] = [];
  if (shown.some(({ rss }) => rss.spread.touchBytes > 0)) {
    reasons.push(
      model.fit?.outside
        ? "writes to blocks above 32 KiB cannot meet what was measured, and those to a part of all pages come nearer"
        : model.touch === "fitted"
          ? "what was measured can be met by writes to a part of each block above 32 KiB, or to a part of all pages"
          : "of its blocks above 32 KiB the program may have written all, or as little as a quarter",
    );
  }
  if (shown.some(({ rss }) => rss.contendedRuns > 0)) {
    const replays = Math.max(...shown.map(({ rss }) => rss.contendedRuns));
    reasons.push(
      `which arena a thread gets where it has to share one depends on the locks held at that moment (${plural(replays, "further replay")})`,
    );
  }
  if (shown.some(({ rss }) => rss.spread.exitsBytes > 0)) {
    reasons.push(
      model.inferred.lastExits > 0
        ? "of the threads that seem to have ended, by their last calls being free(NULL), some may live on"
        : "the log does not show whether threads other than the main one had ended",
    );
  }
  if (reasons.length === 0) {
    return [];
  }
  return [`Ranges: ${reasons.join("; ")}. Changes are between the likeliest values.`];
}

/** A spread that is smaller than this changes no decision. */
const NOTABLE_SPREAD = 0.05;
/** One page; large blocks of which less counts as written were not assumed to be. */
const NOTABLE_BYTES = 4096;

/** What the sizes would be under the two extreme touch policies, and how much of large blocks is taken as written. */
function assumed({ scenarios, model }: Report): string[] {
  const recorded = scenarios[0];
  if (recorded === undefined || model === null) {
    return [];
  }
  const { endBytes, endBytesTouchNone: none, endBytesTouchAll: all } = recorded.rss;
  const notes: string[] = [];
  // Where the log tells what was written, the bounds are no range to reckon with.
  const isTold = model.holes !== null && model.holes.minBytes !== null;
  if (!isTold && all - none > NOTABLE_SPREAD * endBytes) {
    const unit = byteUnit([none, all]);
    notes.push(
      `RSS at the end as recorded lies between ${size(none, unit)} (if the program wrote nothing of its blocks) and ${size(all, unit)} (if it wrote all).`,
    );
  }
  const { blocks, bytes, mediumBlocks, mediumBytes } = model.assumedWritten;
  const written = (count: number, which: string, of: number): string => {
    const part = endBytes === 0 ? "" : `, ${percent(of / endBytes)} of the predicted RSS,`;
    const are = count === 1 ? "is" : "are";
    return `${plural(count, "block")} ${which}, ${size(of)}${part} ${are} assumed written.`;
  };
  if (bytes >= NOTABLE_BYTES) {
    notes.push(written(blocks, "≥ 1 MiB", bytes));
  }
  if (mediumBytes > NOTABLE_SPREAD * endBytes) {
    notes.push(written(mediumBlocks, "of 32 KiB to 1 MiB", mediumBytes));
  }
  return notes;
}
