import { errorOf, median, percent, type Row } from "./predictions.ts";

/** The report shows a single number if the range is narrower, and claims that accuracy. */
const SHOWN_SPREAD = 0.02;

/** True if the measured RSS is in the range of the report, bounds included. */
export function isInside({ predicted: { rss }, measured }: Row): boolean {
  return rss.lowBytes <= measured.heap_rss && measured.heap_rss <= rss.highBytes;
}

/** The same; but a single number in the text may be off by 2 %. */
export function isInsideShown(row: Row): boolean {
  const isNumber = widthOf(row) <= SHOWN_SPREAD;
  return isInside(row) || (isNumber && Math.abs(errorOf(row)) <= SHOWN_SPREAD);
}

/** The same; but several measured runs of a setting are a range, too, and the two need only overlap. */
export function meetsRuns(row: Row): boolean {
  const all = [row.measured, ...row.repeats].map(({ heap_rss }) => heap_rss);
  const { lowBytes, highBytes } = row.predicted.rss;
  const meets = lowBytes <= Math.max(...all) && Math.min(...all) <= highBytes;
  return isInsideShown(row) || (row.repeats.length > 0 && meets);
}

/** Width of the range as a part of the prediction. */
export function widthOf({ predicted: { rss } }: Row): number {
  return rss.endBytes === 0 ? 0 : (rss.highBytes - rss.lowBytes) / rss.endBytes;
}

/** True if the measured RSS is between the bounds "nothing written" and "all written". */
export function isBetweenBounds({ predicted: { rss }, measured: { heap_rss } }: Row): boolean {
  return rss.endBytesTouchNone <= heap_rss && heap_rss <= rss.endBytesTouchAll;
}

/** (iii) how often the measured RSS is in the range */
export function printRanges(rows: readonly Row[], real: (row: Row) => boolean): void {
  console.log("\nMeasured RSS inside the range of the report (every setting, at exit and trimmed)");
  const groups: readonly [string, readonly Row[]][] = [
    ["all", rows],
    ["the log's own calls", rows.filter((row) => row.sameCalls)],
    ["another run's calls", rows.filter((row) => !row.sameCalls)],
    ["real programs", rows.filter(real)],
    ["real, the log's own calls", rows.filter((row) => real(row) && row.sameCalls)],
  ];
  for (const [name, group] of groups.filter(([, group]) => group.length > 0)) {
    const share = (holds: (row: Row) => boolean): string =>
      `${group.filter(holds).length} (${percent(group.filter(holds).length / group.length)})`;
    console.log(
      `  ${name.padEnd(28)} of ${group.length}: ${share(isInside)}; as shown ${share(isInsideShown)}; within what the setting's runs measured ${share(meetsRuns)}; between none and all ${share(isBetweenBounds)}; width median ${percent(median(group.map(widthOf)))}`,
    );
  }
  for (const { case: name, setting, moment, measured, repeats } of rows) {
    if (repeats.length === 0) {
      continue;
    }
    const all = [measured, ...repeats].map(({ heap_rss }) => heap_rss);
    const spread = Math.max(...all) / Math.min(...all) - 1;
    console.log(
      `    ${all.length} runs of ${name}, ${setting}, ${moment}: ${percent(spread)} apart`,
    );
  }
  for (const row of rows.filter((one) => !isInsideShown(one))) {
    const { lowBytes, highBytes } = row.predicted.rss;
    const { heap_rss } = row.measured;
    const [low, high] = [lowBytes, highBytes].map((bytes) =>
      percent((bytes - heap_rss) / heap_rss),
    );
    const own = row.sameCalls ? "" : " (another run)";
    console.log(`    outside: ${row.case}, ${row.setting}, ${row.moment}: ${low} … ${high}${own}`);
  }
}
