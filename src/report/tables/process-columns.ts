import type { ProcessFigures, ProcessSummary } from "../contract/report.ts";
import { byteUnit, count, inUnit, percent } from "../wording/format.ts";
import type { Column } from "./column.ts";

const ORIGINS: Readonly<Record<ProcessSummary["origin"], string>> = {
  first: "first in the log",
  program: "own heap",
  fork: "forked",
  stated: "stated",
  others: "",
};

/** Ranks give the order of dropping: 6 first, 0 never. */
export function processColumns(processes: readonly ProcessSummary[]): Column<ProcessSummary>[] {
  const sum = (rows: readonly ProcessSummary[], of: (one: ProcessSummary) => number): number =>
    rows.reduce((total, one) => total + of(one), 0);
  const volume = byteUnit(processes.map(({ volumeBytes }) => volumeBytes));
  const held = byteUnit(
    processes.flatMap(({ figures }) => [figures?.rssPeakBytes ?? 0, figures?.peakLiveBytes ?? 0]),
  );
  const figure = (
    head: readonly string[],
    rank: number,
    of: (figures: ProcessFigures) => number | null,
  ): Column<ProcessSummary> => ({
    head: [...head, held.name],
    align: "right",
    rank,
    cell: ({ figures }) => {
      const bytes = figures === null ? null : of(figures);
      return bytes === null ? "" : inUnit(held, bytes);
    },
  });
  return [
    {
      head: ["process"],
      align: "left",
      rank: 0,
      cell: ({ name }) => name,
      rest: (rows) => `… ${count(rows.length)} more`,
    },
    { head: ["begins"], align: "left", rank: 1, cell: ({ origin }) => ORIGINS[origin] },
    {
      head: ["volume", volume.name],
      align: "right",
      rank: 0,
      cell: ({ volumeBytes }) => inUnit(volume, volumeBytes),
      rest: (rows) =>
        inUnit(
          volume,
          sum(rows, ({ volumeBytes }) => volumeBytes),
        ),
    },
    {
      head: ["events"],
      align: "right",
      rank: 0,
      cell: ({ events }) => count(events),
      rest: (rows) => count(sum(rows, ({ events }) => events)),
    },
    {
      head: ["threads"],
      align: "right",
      rank: 4,
      cell: ({ figures }) => (figures === null ? "" : count(figures.threads)),
    },
    figure(["live"], 2, ({ liveBytes }) => liveBytes),
    figure(["RSS", "at end"], 2, ({ rssEndBytes }) => rssEndBytes),
    figure(["RSS", "at peak"], 3, ({ rssPeakBytes }) => rssPeakBytes),
    {
      head: ["pointers"],
      align: "right",
      rank: 5,
      cell: ({ figures }) => (figures?.fidelityRatio == null ? "" : percent(figures.fidelityRatio)),
    },
  ];
}
