import type { ChalkInstance } from "chalk";
import type { MeasuredRun } from "../contract/measurements.ts";
import { type ByteUnit, byteUnit, change, inUnit, size } from "../wording/format.ts";
import type { Column } from "./column.ts";
import { paintChange, settingsColumn } from "./setting-columns.ts";

/** Of a setting, with its "=": a longer setting breaks behind it. */
const LONGEST_NAME = 23;

type Moment = "peakBytes" | "endBytes";

/** Predictions and measurements share a unit. */
export function measurementUnit(runs: readonly MeasuredRun[]): ByteUnit {
  return byteUnit(
    runs.flatMap(({ measured, predicted }) =>
      [measured, predicted ?? []]
        .flat()
        .flatMap(({ peakBytes, endBytes }) => [peakBytes, endBytes]),
    ),
  );
}

/** Of the recorded settings, `recorded`, others show the change of what was measured. */
export function measurementColumns(
  runs: readonly MeasuredRun[],
  recorded: MeasuredRun,
  chalk: ChalkInstance,
): Column<MeasuredRun>[] {
  const unit = measurementUnit(runs);
  const figure = (
    head: readonly string[],
    rank: number,
    cell: (run: MeasuredRun) => string,
  ): Column<MeasuredRun> => ({ head, align: "right", rank, cell });
  const at = (moment: Moment, name: string): Column<MeasuredRun>[] => [
    figure(["predicted", name], 2, ({ predicted }) =>
      predicted === null ? "–" : inUnit(unit, predicted[moment]),
    ),
    ...(recorded.freeRuns === null
      ? [
          figure(["measured", name], 0, ({ measured }) => inUnit(unit, measured[moment])),
          {
            ...figure(["error"], 1, (run) => errorText(run, moment)),
            paint: ({ holds }: MeasuredRun, text: string) =>
              holds === false && text !== "none" ? chalk.red(text) : text,
          },
        ]
      : [figure(["measured", name], 0, (run) => rangeText(run, moment, unit))]),
    {
      ...figure(["change"], 3, (run) =>
        run === recorded ? "" : (change(recorded.measured[moment], run.measured[moment]) ?? ""),
      ),
      paint: paintChange(chalk),
    },
  ];
  return [
    { ...settingsColumn<MeasuredRun>({ least: LONGEST_NAME }), head: ["settings, allocator"] },
    ...at("peakBytes", "at peak"),
    ...at("endBytes", "at end"),
    figure(["calls", "failed"], 4, ({ failedCalls }) => String(failedCalls)),
  ];
}

/** "79.84–81.61" of free runs that differ. */
function rangeText({ measured, freeRuns }: MeasuredRun, moment: Moment, unit: ByteUnit): string {
  const all = (freeRuns ?? [measured]).map((run) => run[moment]);
  const [least, most] = [Math.min(...all), Math.max(...all)].map((bytes) => inUnit(unit, bytes));
  return least === most ? `${least}` : `${least}–${most}`;
}

function errorText({ error, predicted, measured }: MeasuredRun, moment: Moment): string {
  if (error === null || predicted === null) {
    return "–";
  }
  if (error[moment] === 0) {
    return "none";
  }
  return change(predicted[moment], measured[moment]) ?? `+${size(error[moment])}`;
}
