import type { AnalysisProgress } from "../../pipeline/analysis-hooks.ts";
import { byteUnit, count, duration, percent, size } from "../../report/wording/format.ts";
import type { Output } from "../io.ts";

const MIN_INTERVAL_MS = 200;
/** Carriage return, then erase to the end of the line. */
const CLEAR = "\r\u001b[K";

/** A progress line on stderr: repainted at most five times a second, erased at the end. */
export class Progress {
  readonly #stream: Output;
  readonly #width: number;
  readonly #now: () => number;
  readonly #start: number;
  #painted: number | null = null;

  /** `now`: a monotonic clock in milliseconds */
  constructor(stream: Output, width: number, now: () => number) {
    this.#stream = stream;
    this.#width = width;
    this.#now = now;
    this.#start = now();
  }

  update(progress: AnalysisProgress): void {
    const now = this.#now();
    // No line at once: a run that takes less than the interval must not flicker.
    if (now - (this.#painted ?? this.#start) < MIN_INTERVAL_MS) {
      return;
    }
    this.#painted = now;
    const line = progressLine(progress, (now - this.#start) / 1000);
    this.#stream.write(`${CLEAR}${line.slice(0, this.#width - 1)}`);
  }

  clear(): void {
    if (this.#painted !== null) {
      this.#stream.write(CLEAR);
    }
    this.#painted = null;
  }
}

/** Bytes read of the total, events and their rate, and the time left at the current rate. `seconds`: since the start. */
export function progressLine(
  { bytes, totalBytes, events }: AnalysisProgress,
  seconds: number,
): string {
  const unit = byteUnit([totalBytes ?? bytes]);
  const rate = `${count(events)} events, ${count(Math.round(events / seconds))}/s`;
  if (totalBytes === null || totalBytes === 0) {
    return `${size(bytes, unit)} read, ${rate}`;
  }
  const read = `${size(bytes, unit)} of ${size(totalBytes, unit)}, ${percent(bytes / totalBytes)}`;
  const left = bytes === 0 ? "" : `, ${remaining(bytes, totalBytes, seconds)} left`;
  return `${read}, ${rate}${left}`;
}

/** In whole seconds: milliseconds would only flicker. */
function remaining(bytes: number, totalBytes: number, seconds: number): string {
  const left = Math.ceil((seconds * Math.max(0, totalBytes - bytes)) / bytes);
  return left < 60 ? `${left} s` : duration(left);
}
