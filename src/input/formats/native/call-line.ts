import { Op } from "../../../trace/event.ts";
import type { LineForm } from "./line-form.ts";

/** Reads lines of one call each. Allocates nothing for a line that parses. */
export abstract class CallLine {
  // Valid after `parse` returned true: the process, 0 for none, and the columns of `EventBatch`.
  pid = 0;
  op: Op = Op.malloc;
  tid = 0;
  time = Number.NaN;
  caller = 0;
  size = 0;
  align = 0;
  pointerIn = 0;
  pointerOut = 0;
  /** the name of the line's thread, if the line is the first that has it; else null */
  newThread: string | null = null;
  /** valid after `parse` returned false: index of the # of a comment behind other columns; −1: there is none */
  comment = -1;

  /** what the last line had around its call; null: the module for common calls cannot read such lines */
  get form(): LineForm | null {
    return null;
  }

  /** So many lines had the form of the last one, but were read elsewhere. */
  countMatches(_lines: number): void {}

  /** Parses `bytes[start, end)`; `bytes[end]` must be \r or \n. Returns false if the line does not match. */
  abstract parse(bytes: Buffer, start: number, end: number): boolean;
}
