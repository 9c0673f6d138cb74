import { type EventBatch, Op } from "./event.ts";
import { numberOfTypedLabel } from "./stated/mark-labels.ts";

/** A moment of a log, as a user names it. */
export type Moment =
  | { readonly kind: "end" }
  /** when the recorded run's RSS is highest */
  | { readonly kind: "peak" }
  /** after the call of a line, or, if that has none, of the nearest one above */
  | { readonly kind: "line"; readonly line: number }
  /** seconds since the log's first event: after all calls up to then */
  | { readonly kind: "time"; readonly seconds: number }
  /** the same, in µs on the log's own clock */
  | { readonly kind: "clock"; readonly time: number }
  /** the first mark with this label */
  | { readonly kind: "mark"; readonly label: string };

/** The last event up to a moment. */
export interface MomentEvent {
  /** number of the event, 0-based, before its batch is put into the inferred order */
  readonly event: number;
  readonly line: number;
  /** µs on the log's clock; NaN: unknown */
  readonly time: number;
  /** the moment comes after this line, wherever it stands in the inferred order; false: after the event with that number */
  readonly isOfLine: boolean;
}

/** Lines of marks with the same label that are remembered. */
const MAX_LINES = 8;

/** Looks for a moment in the batches of a log, in order, once their lines and times are in order. */
export class MomentSearch {
  readonly moment: Moment;
  /** the last event up to the moment so far; null: none yet */
  found: MomentEvent | null = null;
  /** lines of the marks with the label, the first of them */
  readonly lines: number[] = [];
  /** marks with the label */
  marks = 0;
  readonly #label: number;
  /** µs on the log's clock of the moment, if it is given by time */
  #time = Number.NaN;
  #isPast = false;

  constructor(moment: Moment) {
    this.moment = moment;
    this.#label = moment.kind === "mark" ? numberOfTypedLabel(moment.label) : Number.NaN;
    if (moment.kind === "clock") {
      this.#time = moment.time;
    }
  }

  /** Reads the next batch, whose first event has number `first`. `start`: the least time so far, in µs; NaN: none. */
  take(batch: EventBatch, first: number, start: number): void {
    const { moment } = this;
    switch (moment.kind) {
      case "end":
      case "peak":
        return;
      case "line":
        this.#takeLine(batch, first, moment.line);
        return;
      case "mark":
        this.#takeMarks(batch, first);
        return;
      case "time":
        if (Number.isNaN(this.#time)) {
          this.#time = start + moment.seconds * 1e6;
        }
        this.#takeTime(batch, first);
        return;
      case "clock":
        this.#takeTime(batch, first);
    }
  }

  /** Lines may stand in another order than in the log. */
  #takeLine({ line, time, length }: EventBatch, first: number, wanted: number): void {
    for (let i = 0; i < length; i++) {
      const one = line[i]!;
      if (one <= wanted && one > (this.found?.line ?? 0)) {
        this.found = { event: first + i, line: one, time: time[i]!, isOfLine: true };
      }
    }
  }

  #takeMarks({ op, align, line, time, length }: EventBatch, first: number): void {
    for (let i = op.indexOf(Op.mark); i >= 0 && i < length; i = op.indexOf(Op.mark, i + 1)) {
      if (align[i] !== this.#label) {
        continue;
      }
      this.marks++;
      if (this.lines.length < MAX_LINES) {
        this.lines.push(line[i]!);
      }
      this.found ??= { event: first + i, line: line[i]!, time: time[i]!, isOfLine: true };
    }
  }

  /** Up to the first event that is later. Events without a time belong to the one above. */
  #takeTime({ line, time, length }: EventBatch, first: number): void {
    for (let i = 0; i < length && !this.#isPast; i++) {
      if (time[i]! > this.#time) {
        this.#isPast = true;
      } else if (time[i]! <= this.#time || this.found !== null) {
        const at = Number.isNaN(time[i]!) ? (this.found?.time ?? Number.NaN) : time[i]!;
        this.found = { event: first + i, line: line[i]!, time: at, isOfLine: false };
      }
    }
  }
}
