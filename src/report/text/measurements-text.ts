import type { MeasuredRun, Measurements } from "../contract/measurements.ts";
import { measurementColumns, measurementUnit } from "../tables/measurement-columns.ts";
import type { Sentence } from "../wording/presented.ts";
import { printable } from "../wording/printable.ts";
import { heading, type TextStyle, wrap } from "./style.ts";
import { renderTable } from "./text-table.ts";

/** Measurements for people: the answer, the table, and `remarks`: how far the log supports the predictions. */
export function measurementsText(
  { runs, unavailable }: Measurements,
  answer: readonly Sentence[],
  remarks: readonly string[],
  style: TextStyle,
): string {
  const { chalk, width } = style;
  const [recorded] = runs;
  const paint = { plain: chalk, good: chalk.green, bad: chalk.red } as const;
  const refused = unavailable.map(({ name, reason }) => `Not measured: ${name}: ${reason}.`);
  return [
    ...answer.flatMap(({ tone, text }) =>
      wrap(printable(text), width).map((line) => paint[tone](line)),
    ),
    "",
    ...(recorded === undefined
      ? []
      : [
          heading(
            "Heap RSS",
            ` in ${measurementUnit(runs).name} of the same calls, made again`,
            style,
          ),
          renderTable(
            measurementColumns(runs, recorded, chalk),
            { shown: runs.flatMap(rowsOf), rest: [] },
            style,
          ),
          "",
        ]),
    ...[...refused, ...remarks].map(printable).flatMap((note) => wrap(note, width)),
    "",
  ].join("\n");
}

/** A purge has a row of its own, as a setting that trims has. */
function rowsOf(run: MeasuredRun): MeasuredRun[] {
  const { name, purged } = run;
  return purged === null
    ? [run]
    : [run, { ...run, name: `${name}, purged`, measured: purged, freeRuns: null }];
}
