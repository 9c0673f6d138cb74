import type { Op } from "../../../trace/event.ts";

/** Reads lines of one call each. Allocates nothing for a line that parses. */
export interface CallLine {
  // Valid after `parse` returned true: the process, 0 for none, and the columns of `EventBatch`.
  readonly pid: number;
  readonly op: Op;
  readonly tid: number;
  readonly time: number;
  readonly caller: number;
  readonly size: number;
  readonly align: number;
  readonly pointerIn: number;
  readonly pointerOut: number;
  /** the name of the line's thread, if the line is the first that has it; else null */
  readonly newThread: string | null;
  /** valid after `parse` returned false: index of the # of a comment behind other columns; −1: there is none */
  readonly comment: number;
  /** Parses `bytes[start, end)`; `bytes[end]` must be \r or \n. Returns false if the line does not match. */
  parse(bytes: Buffer, start: number, end: number): boolean;
}
