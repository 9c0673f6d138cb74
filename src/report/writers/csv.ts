import { statesText } from "../contract/dumps.ts";
import type {
  AllocationFigures,
  ArenaSummary,
  CallerSummary,
  SizeSummary,
  ThreadSummary,
} from "../contract/report.ts";
import { printable } from "../wording/printable.ts";
import type { Writer } from "./writer.ts";

/** The main table for spreadsheets, all rows: heads are keys of the JSON report, numbers are exact. */
export const writeCsv: Writer = ({ report }, { by = "thread" }) => {
  switch (by) {
    case "thread":
      return sheet(THREADS, report.threads);
    case "caller":
      return sheet(CALLERS, report.callers);
    case "size":
      return sheet(SIZES, report.sizes);
    case "arena":
      return sheet(ARENAS, report.scenarios[0]?.arenas ?? []);
    default:
      return by satisfies never;
  }
};

function sheet<Row>(columns: Columns<Row>, rows: readonly Row[]): string {
  const lines = rows.map((row) => columns.map(([, cell]) => field(cell(row))));
  return [columns.map(([head]) => head), ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

type Cell = number | string | null;
type Columns<Row> = readonly (readonly [head: string, cell: (row: Row) => Cell])[];

const THREADS: Columns<ThreadSummary> = [
  ["tid", ({ tid }) => tid],
  ["name", ({ name }) => name],
  ["topFrame", ({ topFrame }) => topFrame],
  ["calls", ({ calls }) => calls.total],
  ["malloc", ({ calls }) => calls.malloc],
  ["calloc", ({ calls }) => calls.calloc],
  ["realloc", ({ calls }) => calls.realloc],
  ["memalign", ({ calls }) => calls.memalign],
  ["free", ({ calls }) => calls.free],
  ["failedCalls", ({ failedCalls }) => failedCalls],
  ["volumeBytes", ({ volumeBytes }) => volumeBytes],
  ["liveBytes", ({ liveBytes }) => liveBytes],
  ["liveBlocks", ({ liveBlocks }) => liveBlocks],
  ["peakLiveBytes", ({ peakLiveBytes }) => peakLiveBytes],
  ["pinnedBytes", ({ pinnedBytes }) => pinnedBytes],
  ["freedByOthersBytes", ({ freedByOthersBytes }) => freedByOthersBytes],
  ["freedForOthersBytes", ({ freedForOthersBytes }) => freedForOthersBytes],
  ["arenas", ({ arenas }) => arenas.join(" ")],
  ["firstTime", ({ firstTime }) => firstTime],
  ["lastTime", ({ lastTime }) => lastTime],
  ["states", ({ dumps }) => statesText(dumps)],
];

const FIGURES: Columns<AllocationFigures> = [
  ["calls", ({ calls }) => calls],
  ["volumeBytes", ({ volumeBytes }) => volumeBytes],
  ["liveBytes", ({ liveBytes }) => liveBytes],
  ["liveBlocks", ({ liveBlocks }) => liveBlocks],
  ["liveAtPeakBytes", ({ liveAtPeakBytes }) => liveAtPeakBytes],
  ["pinnedBytes", ({ pinnedBytes }) => pinnedBytes],
  ["temporaryCalls", ({ temporaryCalls }) => temporaryCalls],
];

/** A merged row. */
const OTHERS = "others";

const CALLERS: Columns<CallerSummary> = [
  ["caller", ({ caller, merged }) => caller ?? (merged ? OTHERS : null)],
  ...FIGURES,
  ["medianLifetimeEvents", ({ medianLifetimeEvents }) => medianLifetimeEvents],
  ["module", ({ module }) => module],
  ["offset", ({ offset }) => offset],
  ["symbol", ({ symbol }) => symbol],
  ["file", ({ file }) => file],
  ["line", ({ line }) => line],
];

const SIZES: Columns<SizeSummary> = [["size", ({ size }) => size ?? OTHERS], ...FIGURES];

const ARENAS: Columns<ArenaSummary> = [
  ["id", ({ id }) => id],
  ["heaps", ({ heaps }) => heaps],
  ["systemBytes", ({ systemBytes }) => systemBytes],
  ["rssBytes", ({ rssBytes }) => rssBytes],
  ["inUseBytes", ({ inUseBytes }) => inUseBytes],
  ["freeBytes", ({ freeBytes }) => freeBytes],
  ["topBytes", ({ topBytes }) => topBytes],
  ["pinnedBytes", ({ pinnedBytes }) => pinnedBytes],
  ["threads", ({ threads }) => threads.join(" ")],
];

/** A spreadsheet would run such a text as a formula: an apostrophe before it prevents that. */
const FORMULA = /^[=+\-@＝＋－＠]/;

/** Quoted as in RFC 4180; empty: unknown. */
function field(value: Cell): string {
  if (value === null) {
    return "";
  }
  if (typeof value === "number") {
    return String(value);
  }
  const text = printable(value).replace(FORMULA, "'$&");
  return /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
