/** When a scenario calls malloc_trim(0) at intervals of log time: as Replay does, before the first event that is due. */
export class TrimSchedule {
  readonly #every: number;
  /** µs on the log's clock; NaN before the first time */
  #next = Number.NaN;

  constructor(everySeconds: number) {
    this.#every = everySeconds * 1e6;
  }

  /** True if a trim comes before an event at `time`, µs on the log's clock; NaN: unknown. */
  isDue(time: number): boolean {
    if (Number.isNaN(time)) {
      return false;
    }
    if (Number.isNaN(this.#next)) {
      this.#next = time + this.#every;
    }
    if (time < this.#next) {
      return false;
    }
    // Log time may jump over many periods: one trim serves them all.
    this.#next += Math.ceil((time - this.#next + 1) / this.#every) * this.#every;
    return true;
  }
}
