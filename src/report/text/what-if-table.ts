import { byteUnit, change, count, duration, inUnit, percent, plural, size } from "../format.ts";
import type { Container, Report, Scenario } from "../report.ts";
import { foldAtCommas, type TextStyle, wrap } from "./style.ts";
import { type Column, renderTable } from "./table.ts";

/** RSS of the run as recorded beside that of every other setting, and how far it rests on assumptions. */
export function whatIfTable(report: Report, style: TextStyle): string {
  const { scenarios, container } = report;
  const heading =
    scenarios.length === 1
      ? `${style.chalk.bold("Heap RSS")} of the run as recorded`
      : `${style.chalk.bold("What if")}: heap RSS under other settings, same calls`;
  const table = renderTable(
    columnsFor(scenarios, container, style),
    { shown: scenarios, rest: [] },
    style,
  );
  const notes = assumed(report).flatMap((note) => wrap(note, style.width));
  return [heading, table, ...notes].join("\n");
}

type ScenarioColumn = Column<Scenario>;

/** The ranks state the order in which columns give way: 8 goes first, 0 stays. */
function columnsFor(
  scenarios: readonly Scenario[],
  container: Container | undefined,
  style: TextStyle,
): ScenarioColumn[] {
  const recorded = scenarios[0];
  const rss = byteUnit(scenarios.flatMap((s) => [s.rss.endBytes, s.rss.peakBytes]));
  const right = (
    head: readonly string[],
    rank: number,
    cell: (scenario: Scenario) => string,
  ): ScenarioColumn => ({ head, align: "right", rank, cell });
  const bytes = (
    head: readonly string[],
    rank: number,
    of: (scenario: Scenario) => number,
    unit = byteUnit(scenarios.map(of)),
  ): ScenarioColumn => right([...head, unit.name], rank, (scenario) => inUnit(unit, of(scenario)));
  const changed = (rank: number, of: (scenario: Scenario) => number): ScenarioColumn => ({
    ...right(["change"], rank, (scenario) =>
      scenario === recorded || recorded === undefined
        ? ""
        : (change(of(recorded), of(scenario)) ?? ""),
    ),
    paint: (_, text) => {
      if (text.startsWith("-")) return style.chalk.green(text);
      return text.startsWith("+") ? style.chalk.red(text) : text;
    },
  });
  const columns: ScenarioColumn[] = [
    {
      head: ["settings"],
      align: "left",
      rank: 0,
      cell: ({ name }) => name,
      fold: { least: 22, to: foldAtCommas },
    },
    bytes(["RSS at end"], 0, (scenario) => scenario.rss.endBytes, rss),
    changed(1, (scenario) => scenario.rss.endBytes),
    bytes(["peak RSS"], 0, (scenario) => scenario.rss.peakBytes, rss),
    changed(2, (scenario) => scenario.rss.peakBytes),
    right(["external", "fragm."], 4, (scenario) => percent(scenario.fragmentation.external)),
    right(["arenas"], 5, (scenario) => count(scenario.arenaCount)),
    bytes(["in use"], 7, (scenario) => scenario.inUseBytes),
    bytes(["system"], 7, (scenario) => scenario.system.endBytes),
    bytes(["mmapped"], 8, (scenario) => scenario.mmapped.bytes),
    bytes(["trimmed"], 8, (scenario) => scenario.trimmedBytes),
    right(["internal", "fragm."], 6, (scenario) => percent(scenario.fragmentation.internal)),
  ];
  if (container === undefined || container.limitBytes === null) return columns;
  return [...columns, fits(scenarios, container, style)];
}

function fits(
  scenarios: readonly Scenario[],
  container: Container,
  style: TextStyle,
): ScenarioColumn {
  const held = (scenario: Scenario) => container.scenarios[scenarios.indexOf(scenario)];
  return {
    head: ["container"],
    align: "left",
    rank: 3,
    cell: (scenario) => {
      const { fits, killedTime } = held(scenario) ?? {};
      if (fits) return "fits";
      return typeof killedTime === "number" ? `killed, ${duration(killedTime)}` : "killed";
    },
    paint: (scenario, text) =>
      held(scenario)?.fits ? style.chalk.green(text) : style.chalk.red(text),
  };
}

/** A spread that is smaller than this changes no decision. */
const NOTABLE_SPREAD = 0.05;

/** What the sizes would be under the two extreme touch policies, and how much of large blocks is taken as written. */
function assumed({ scenarios, model }: Report): string[] {
  const recorded = scenarios[0];
  if (recorded === undefined || model === null) return [];
  const { endBytes, endBytesTouchNone: none, endBytesTouchAll: all } = recorded.rss;
  const notes: string[] = [];
  if (all - none > NOTABLE_SPREAD * endBytes) {
    const unit = byteUnit([none, all]);
    notes.push(
      `RSS at the end as recorded lies between ${size(none, unit)} (if the program wrote nothing of its blocks) and ${size(all, unit)} (if it wrote all).`,
    );
  }
  const { blocks, bytes } = model.assumedWritten;
  if (blocks > 0) {
    const part = endBytes === 0 ? "" : `, ${percent(bytes / endBytes)} of the predicted RSS,`;
    const are = blocks === 1 ? "is" : "are";
    notes.push(`${plural(blocks, "block")} ≥ 1 MiB, ${size(bytes)}${part} ${are} assumed written.`);
  }
  return notes;
}
