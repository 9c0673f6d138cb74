import { printable } from "../printable.ts";
import type { ThreadSummary } from "../report.ts";
import type { Writer } from "./writer.ts";

/** The threads for spreadsheets, one per row: heads are keys of the JSON report, numbers are exact. */
export const writeCsv: Writer = ({ report: { threads } }) => {
  const rows = threads.map((thread) => COLUMNS.map(([, cell]) => field(cell(thread))));
  return [COLUMNS.map(([head]) => head), ...rows].map((row) => `${row.join(",")}\r\n`).join("");
};

type Cell = number | string | null;

const COLUMNS: readonly (readonly [head: string, cell: (thread: ThreadSummary) => Cell])[] = [
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
