import type { ChalkInstance } from "chalk";
import type { UnavailableScenario } from "../contract/report.ts";
import type { SweptScenario } from "../contract/sweep.ts";
import { type ByteUnit, byteUnit, change, count } from "../wording/format.ts";
import type { Column } from "./column.ts";
import { notIn, rangeOrNumber } from "./scenario-columns.ts";
import { FAILS, longestSetting, paintChange, settingsColumn } from "./setting-columns.ts";

/** A scenario with its figures, or one that the glibc cannot run. */
export type SweepRow = SweptScenario | UnavailableScenario;

/** Of a setting, with its "=": a longer setting breaks behind it. */
const LONGEST_NAME = 23;

/** RSS at the peak and at the end of all scenarios share a unit. */
export function sweepUnit(all: readonly SweptScenario[]): ByteUnit {
  return byteUnit(all.flatMap(({ rss }) => [rss.peakBytes, rss.endBytes]));
}

/** `recorded`: what others are compared with. Of a row without figures the columns show the name, and why. */
export function sweepColumns(
  all: readonly SweptScenario[],
  recorded: SweptScenario,
  chalk: ChalkInstance,
): Column<SweepRow>[] {
  const unit = sweepUnit(all);
  const fails = ({ failedCalls }: SweptScenario): boolean => failedCalls > recorded.failedCalls;
  const figure = (
    head: readonly string[],
    rank: number,
    of: (scenario: SweptScenario) => string,
  ): Column<SweepRow> => ({
    head,
    align: "right",
    rank,
    cell: (row) => ("rss" in row ? of(row) : ""),
  });
  const changed = (rank: number, of: (scenario: SweptScenario) => number): Column<SweepRow> => ({
    ...figure(["change"], rank, (row) => {
      if (row === recorded) {
        return "";
      }
      return fails(row) ? FAILS : (change(of(recorded), of(row)) ?? "");
    }),
    paint: paintChange(chalk),
  });
  const price = (scenario: SweptScenario): number => scenario.price;
  const peak = ({ rss: { peakBytes, peakLowBytes, peakHighBytes } }: SweptScenario): string =>
    rangeOrNumber(unit, peakBytes, peakLowBytes, peakHighBytes);
  return [
    {
      head: [""],
      align: "left",
      rank: 0,
      cell: (row) => ("rss" in row && row.pareto ? "*" : ""),
    },
    settingsColumn({ least: Math.min(LONGEST_NAME, longestSetting(all)) }),
    {
      head: ["RSS", "at peak"],
      align: "right",
      rank: 0,
      cell: (row) => ("rss" in row ? peak(row) : notIn(row)),
    },
    changed(2, ({ rss }) => rss.peakBytes),
    figure(["RSS", "at end"], 0, ({ rss: { endBytes, lowBytes, highBytes } }) =>
      rangeOrNumber(unit, endBytes, lowBytes, highBytes),
    ),
    changed(1, ({ rss }) => rss.endBytes),
    figure(["price"], 0, (row) => count(price(row))),
    changed(3, price),
    figure(["kernel", "calls"], 5, (row) => count(price(row) - row.pageFaults)),
    figure(["page", "faults"], 6, ({ pageFaults }) => count(pageFaults)),
    figure(["arenas"], 4, ({ arenaCount }) => count(arenaCount)),
    figure(["threads", "per arena"], 7, ({ threadsPerArena }) => count(threadsPerArena)),
  ];
}
