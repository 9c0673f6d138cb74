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
import { foldAtCommas, heading, type TextStyle, wrap } from "./style.ts";
import { type Column, renderTable } from "./table.ts";

/** RSS of the run as recorded beside that of every other setting, and how far it rests on assumptions. */
export function whatIfTable(report: Report, style: TextStyle): string {
  const { scenarios, container } = report;
  const unit = byteUnit(scenarios.flatMap(({ rss }) => [rss.endBytes, rss.peakBytes]));
  const title =
    scenarios.length === 1
      ? heading("Heap RSS", ` of the run as recorded, in ${unit.name}`, style)
      : heading(
          "What if",
          `: heap RSS in ${unit.name} of the same calls under other settings`,
          style,
        );
  const table = renderTable(
    columnsFor(scenarios, container, unit, style),
    { shown: scenarios, rest: [] },
    style,
  );
  const notes = [...failing(scenarios), ...assumed(report)].flatMap((note) =>
    wrap(note, style.width),
  );
  return [title, table, ...notes].join("\n");
}

/** Stands where else a gain would: to save memory by refusing it is none. */
const FAILS = "fails";

type ScenarioColumn = Column<Scenario>;

/** The ranks state the order in which columns give way: 8 goes first, 0 stays. */
function columnsFor(
  scenarios: readonly Scenario[],
  container: Container | undefined,
  rss: ByteUnit,
  style: TextStyle,
): ScenarioColumn[] {
  const recorded = scenarios[0];
  const right = (
    head: readonly string[],
    rank: number,
    cell: (scenario: Scenario) => string,
  ): ScenarioColumn => ({ head, align: "right", rank, cell });
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
      if (scenario === recorded || recorded === undefined) return "";
      return serves(scenario, recorded) ? (change(of(recorded), of(scenario)) ?? "") : FAILS;
    }),
    paint: (_, text) => {
      if (text.startsWith("-")) return style.chalk.green(text);
      return text.startsWith("+") || text === FAILS ? style.chalk.red(text) : text;
    },
  });
  const columns: ScenarioColumn[] = [
    {
      head: ["settings"],
      align: "left",
      rank: 0,
      cell: ({ name }) => name,
      fold: { least: 19, to: foldAtCommas },
    },
    right(["RSS", "at end"], 0, (scenario) => inUnit(rss, scenario.rss.endBytes)),
    changed(1, (scenario) => scenario.rss.endBytes),
    right(["RSS", "at peak"], 0, (scenario) => inUnit(rss, scenario.rss.peakBytes)),
    changed(2, (scenario) => scenario.rss.peakBytes),
    right(["ext.", "fragm."], 4, (scenario) => percent(scenario.fragmentation.external)),
    right(["arenas"], 5, (scenario) => count(scenario.arenaCount)),
    bytes(["in use"], 7, (scenario) => scenario.inUseBytes),
    bytes(["system"], 7, (scenario) => scenario.system.endBytes),
    bytes(["mmapped"], 8, (scenario) => scenario.mmapped.bytes),
    bytes(["trimmed"], 8, (scenario) => scenario.trimmedBytes),
    right(["int.", "fragm."], 6, (scenario) => percent(scenario.fragmentation.internal)),
  ];
  if (container === undefined || container.limitBytes === null) return columns;
  return [...columns, fate(scenarios, container, container.limitBytes, style)];
}

function fate(
  scenarios: readonly Scenario[],
  container: Container,
  limitBytes: number,
  style: TextStyle,
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
    paint: (_, text) => (text === "fits" ? style.chalk.green(text) : style.chalk.red(text)),
  };
}

/** Scenarios that could not serve the calls of the log, and how many. */
function failing([recorded, ...whatIfs]: readonly Scenario[]): string[] {
  return whatIfs
    .filter((scenario) => recorded !== undefined && !serves(scenario, recorded))
    .map(({ name, failedCalls }) => `${name}: ${plural(failedCalls, "call")} would get NULL.`);
}

/** A spread that is smaller than this changes no decision. */
const NOTABLE_SPREAD = 0.05;
/** One page; large blocks of which less counts as written were not assumed to be. */
const NOTABLE_BYTES = 4096;

/** What the sizes would be under the two extreme touch policies, and how much of large blocks is taken as written. */
function assumed({ scenarios, model }: Report): string[] {
  const recorded = scenarios[0];
  if (recorded === undefined || model === null) return [];
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
  const { blocks, bytes } = model.assumedWritten;
  if (bytes >= NOTABLE_BYTES) {
    const part = endBytes === 0 ? "" : `, ${percent(bytes / endBytes)} of the predicted RSS,`;
    const are = blocks === 1 ? "is" : "are";
    notes.push(`${plural(blocks, "block")} ≥ 1 MiB, ${size(bytes)}${part} ${are} assumed written.`);
  }
  return notes;
}
