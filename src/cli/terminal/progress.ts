import { byteUnit, count, duration, percent, size } from "../../report/format.ts";
import type { Output, Progressed } from "../io.ts";

const LEAST_MS_BETWEEN = 200;
/** Carriage return, erase to the end of the line. */
const CLEAR = "\r\u001b[K";

/** One line on stderr that repaints itself, at most five times a second, and leaves nothing behind. */
export class Progress {
  readonly #stream: Output;
  readonly #width: number;
  readonly #now: () => number;
  readonly #start: number;
  #painted: number | null = null;

  /** `now`: milliseconds of a clock that does not go back */
  constructor(stream: Output, width: number, now: () => number) {
    this.#stream = stream;
    this.#width = width;
    this.#now = now;
    this.#start = now();
  }

  update(progress: Progressed): void {
    const now = this.#now();
    // The first moments pass without a line: a run that ends in them should not flicker.
    if (now - (this.#painted ?? this.#start) < LEAST_MS_BETWEEN) {
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

/** Bytes read of all, events and their rate, and what is left at the present rate. */
export function progressLine({ bytes, totalBytes, events }: Progressed, seconds: number): string {
  const unit = byteUnit([totalBytes ?? bytes]);
  const rate = `${count(events)} events, ${count(Math.round(events / seconds))}/s`;
  if (totalBytes === null || totalBytes === 0) {
    return `${size(bytes, unit)} read, ${rate}`;
  }
  const read = `${size(bytes, unit)} of ${size(totalBytes, unit)}, ${percent(bytes / totalBytes)}`;
  const left = bytes === 0 ? "" : `, ${remaining(bytes, totalBytes, seconds)} left`;
  return `${read}, ${rate}${left}`;
}

/** Whole seconds: a countdown of milliseconds only flickers. */
function remaining(bytes: number, totalBytes: number, seconds: number): string {
  const left = Math.ceil((seconds * Math.max(0, totalBytes - bytes)) / bytes);
  return left < 60 ? `${left} s` : duration(left);
}
