import { CSV } from "./csv-table.ts";
import { HEAPTRACK } from "./heaptrack.ts";
import { JSON_LINES } from "./json-lines.ts";
import type { LogFormat } from "./log-format.ts";
import { LOGALLOC } from "./logalloc.ts";
import { LOGFMT } from "./logfmt.ts";
import { LTRACE } from "./ltrace.ts";
import { MTRACE } from "./mtrace.ts";
import { PERF_PROBES } from "./perf-probes.ts";
import { readsCalls } from "./reads-calls.ts";
import { RECORDS } from "./records.ts";
import { RETURNS } from "./returns.ts";
import { UFTRACE } from "./uftrace.ts";
import { VALGRIND } from "./valgrind.ts";

/** The forms of log that mallog reads besides its own, and hooks' variants of it. The first that recognises a log reads it. */
export const FORMATS: readonly LogFormat[] = [
  HEAPTRACK,
  VALGRIND,
  LTRACE,
  MTRACE,
  LOGALLOC,
  UFTRACE,
  PERF_PROBES,
  RETURNS,
  JSON_LINES,
  CSV,
  LOGFMT,
  RECORDS,
];

/** Enough lines to recognise a format by. */
const MOST_LINES = 2000;

/** A longer line is looked at no further than this. */
const LINE_CHARACTERS = 4000;

/** The first lines of a log, without blank ones. */
export function firstLines(head: string): string[] {
  return head
    .split("\n", MOST_LINES)
    .map((line) => line.slice(0, LINE_CHARACTERS).trimEnd())
    .filter((line) => line !== "");
}

/**
 * The format of a log: the one that the user has named, or the one that its first lines show, and whose reader understands
 * them; null: the native one.
 */
export function formatOf(lines: readonly string[], named: string | null): LogFormat | null {
  if (named !== null) {
    return FORMATS.find(({ name }) => name === named) ?? null;
  }
  const calls = lines.filter((line) => !line.startsWith("#"));
  if (calls.length === 0) {
    return null;
  }
  return FORMATS.find((one) => one.recognises(calls) && readsCalls(one, calls)) ?? null;
}
