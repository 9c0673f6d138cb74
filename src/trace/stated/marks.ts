import { type EventBatch, Op } from "../event.ts";

/** Marks that are remembered: a log may have one for each request. */
const MAX_MARKS = 256;

/** A line `mark(label)`. */
export interface Mark {
  /** number of its label, see mark-labels.ts */
  readonly label: number;
  readonly line: number;
  /** events of the log up to it, itself included */
  readonly events: number;
  /** µs on the log's clock; NaN: unknown */
  readonly time: number;
}

/** The first marks of a log. */
export class Marks {
  readonly first: Mark[] = [];

  copy(from: Marks): void {
    this.first.splice(0, this.first.length, ...from.first);
  }

  /** Reads the next batch, whose lines and times are in order, and whose first event has number `first`. */
  take({ op, align, line, time, length }: EventBatch, first: number): void {
    for (let i = op.indexOf(Op.mark); i >= 0 && i < length; i = op.indexOf(Op.mark, i + 1)) {
      if (this.first.length === MAX_MARKS) {
        return;
      }
      this.first.push({ label: align[i]!, line: line[i]!, events: first + i + 1, time: time[i]! });
    }
  }
}
