import type { CallWriter } from "./call-writer.ts";

/** What a line of a log is. */
export const LineKind = {
  /** it holds a call, or a part of one */
  call: 0,
  /** the format has such lines, and they are no calls of malloc */
  other: 1,
  malformed: 2,
} as const;

export type LineKind = (typeof LineKind)[keyof typeof LineKind];

/** Reads the lines of one log, in order. */
export interface LineReader {
  /** Reads one line, without its newline: any text. It writes the calls that the line completes. */
  read(line: string): LineKind;
}

/**
 * What a log's pointers are: addresses of glibc's blocks, of another allocator's, of functions with other names (`renamed`),
 * or only numbers or names of blocks (`none`).
 */
export type Addresses = "bionic" | "glibc" | "none" | "renamed" | "valgrind";

/**
 * A form of log other than the native one. Each is in a file of its own, with a line in the registry
 * (docs/adding-a-format.md).
 */
export interface LogFormat {
  /** as in `trace.format` of the report, and in --input-format */
  readonly name: string;
  /** who writes it, for the table of formats: "glibc's mtrace()" */
  readonly origin: string;
  readonly addresses: Addresses;
  /** what the format does not tell, besides what `CallWriter` notices: whole sentences without a full stop */
  readonly remarks: readonly string[];
  /** True if a log is of this format, by its first lines: up to `MOST_LINES` of them, without blank lines. */
  recognises(lines: readonly string[]): boolean;
  /** `lines`: the first lines, as for `recognises`; none if the format was chosen by the user before they are there */
  open(calls: CallWriter, lines: readonly string[]): LineReader;
}

/** True if at least so large a part of the lines matches. */
export function mostMatch(lines: readonly string[], form: RegExp, part = 0.5): boolean {
  const matching = lines.filter((line) => form.test(line)).length;
  return matching > 0 && matching >= lines.length * part;
}
