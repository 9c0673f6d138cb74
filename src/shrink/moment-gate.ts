import { type EventBatch, Op } from "../trace/event.ts";
import type { Moment } from "../trace/moment.ts";
import { numberOfTypedLabel } from "../trace/stated/mark-labels.ts";

/** A moment that is found while the log is read: that of the highest RSS is not. */
export type GateMoment = Exclude<Moment, { kind: "peak" }>;

/** Tells the calls up to a moment of a log from those after it, in the order of lines. */
export class MomentGate {
  readonly #moment: GateMoment;
  readonly #label: number;
  /** µs on the log's clock of the moment; NaN: not known, or not given by time */
  #time: number;
  /** the next call is after the moment */
  #isReached = false;
  /** a call after the moment was read */
  isPassed = false;

  constructor(moment: GateMoment) {
    this.#moment = moment;
    this.#label = moment.kind === "mark" ? numberOfTypedLabel(moment.label) : Number.NaN;
    this.#time = moment.kind === "clock" ? moment.time : Number.NaN;
  }

  /** Number of the first call from `from` on that is after the moment; the batch's length if there is none. */
  firstAfter(batch: EventBatch, from: number): number {
    let i = from;
    while (i < batch.length && !this.#isAfter(batch, i)) {
      i++;
    }
    return i;
  }

  #isAfter({ op, align, line, time }: EventBatch, i: number): boolean {
    const moment = this.#moment;
    if (this.isPassed) {
      return true;
    }
    switch (moment.kind) {
      case "end":
        return false;
      case "line":
        this.isPassed = line[i]! > moment.line;
        break;
      case "mark":
        this.isPassed = this.#isReached;
        this.#isReached ||= op[i] === Op.mark && align[i] === this.#label;
        break;
      case "time":
        if (Number.isNaN(this.#time)) {
          this.#time = time[i]! + moment.seconds * 1e6;
        }
        this.isPassed = time[i]! > this.#time;
        break;
      case "clock":
        this.isPassed = time[i]! > this.#time;
    }
    return this.isPassed;
  }

  /** The log has what the moment names: the mark, or a call after it. */
  get isFound(): boolean {
    return this.#isReached || this.isPassed;
  }
}
