import type { ChalkInstance } from "chalk";
import type { AnalysisProgress } from "../../pipeline/analysis-hooks.ts";
import type { Report } from "../../report/contract/report.ts";
import { sortThreads, type ThreadSort } from "../../report/order/sort-threads.ts";
import { byteUnit, count, duration, plural, size } from "../../report/wording/format.ts";
import type { Output } from "../io.ts";

/** Rows of the threads' table. */
const MAX_ROWS = 8;
/** Erases from the cursor to the end of the screen. */
const ERASE_BELOW = "\u001b[J";

export interface TableStyle {
  readonly width: number;
  readonly chalk: ChalkInstance;
}

/** What a log that grows has shown so far, on standard error: repainted in place, erased at the end. */
export class LiveTable {
  readonly #stream: Output;
  readonly #style: TableStyle;
  readonly #sort: ThreadSort;
  readonly #now: () => number;
  readonly #start: number;
  #progress: AnalysisProgress = { bytes: 0, totalBytes: null, events: 0 };
  /** events at the last repaint, and its time */
  #painted = { events: 0, at: 0 };
  #eventsShown = 0;
  #figures: readonly string[] = [];
  /** lines on the screen */
  #lines = 0;

  /** `now`: a monotonic clock in milliseconds */
  constructor(stream: Output, style: TableStyle, sort: ThreadSort, now: () => number) {
    this.#stream = stream;
    this.#style = style;
    this.#sort = sort;
    this.#now = now;
    this.#start = now();
    this.#painted.at = this.#start;
  }

  /** bytes read so far */
  get bytes(): number {
    return this.#progress.bytes;
  }

  /** Takes what has been read. The next repaint shows it. */
  update(progress: AnalysisProgress): void {
    this.#progress = progress;
  }

  /** Takes the figures of the log so far, and repaints. */
  async show(report: Report): Promise<void> {
    const { threadTable } = await import("../../report/text/thread-table.ts");
    const threads = sortThreads(report.threads, this.#sort);
    const style = { ...this.#style, width: this.#style.width - 1, ascii: true };
    const table = threadTable({ ...report, threads }, this.#sort, MAX_ROWS, style);
    this.#eventsShown = report.trace.events;
    this.#figures = [figuresLine(report), ...table.split("\n")];
    this.paint();
  }

  paint(): void {
    const now = this.#now();
    const events = Math.max(this.#progress.events, this.#eventsShown);
    const seconds = (now - this.#painted.at) / 1000;
    const rate = seconds > 0 ? (events - this.#painted.events) / seconds : 0;
    this.#painted = { events, at: now };
    const first = headLine(this.#progress.bytes, events, rate, (now - this.#start) / 1000);
    const lines = [first, ...this.#figures].map((line) => shortened(line, this.#style.width - 1));
    this.#stream.write(`${this.#home}${lines.join("\n")}\n`);
    this.#lines = lines.length;
  }

  clear(): void {
    this.#stream.write(this.#lines === 0 ? "" : this.#home);
    this.#lines = 0;
  }

  /** Moves to the table's first line, and erases it. */
  get #home(): string {
    return `${this.#lines === 0 ? "\r" : `\r\u001b[${this.#lines}A`}${ERASE_BELOW}`;
  }
}

/** `rate`: events per second; `seconds`: since the start */
export function headLine(bytes: number, events: number, rate: number, seconds: number): string {
  const whole = Math.floor(seconds);
  const elapsed = whole < 60 ? `${whole} s` : duration(whole);
  return `${elapsed}: ${plural(events, "event")}, ${count(Math.round(rate))}/s, ${size(bytes)} read`;
}

/** Live bytes, and the heap's RSS where the log supports it. */
export function figuresLine({ live, scenarios, grade }: Report): string {
  const rss = scenarios[0]?.rss ?? null;
  const unit = byteUnit([live.peakBytes, rss?.peakBytes ?? 0]);
  const held = `${size(live.bytes, unit)} live in ${plural(live.blocks, "block")} (peak ${size(live.peakBytes, unit)})`;
  if (rss === null) {
    return held;
  }
  return grade?.level === "unreliable"
    ? `${held}; heap RSS unknown: the log does not support it`
    : `${held}; heap RSS ${size(rss.endBytes, unit)} (peak ${size(rss.peakBytes, unit)})`;
}

/** A line wider than the terminal would take two. Colours are kept only where nothing is cut. */
function shortened(line: string, width: number): string {
  const bare = line.replaceAll(COLOURS, "");
  return bare.length <= width ? line : bare.slice(0, width);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: chalk's own sequences
const COLOURS = /\u001b\[[0-9;]*m/g;
