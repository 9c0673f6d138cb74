import { expect } from "vitest";
import { Op } from "../../src/trace/event.ts";
import type { ReadLog } from "./collect.ts";
import type { LoggedCall, Prefix, Print, Tail } from "./near-misses.ts";

const OPS = {
  malloc: Op.malloc,
  calloc: Op.calloc,
  realloc: Op.realloc,
  free: Op.free,
  posix_memalign: Op.memalign,
} as const;

export function printedLog(
  calls: readonly LoggedCall[],
  prefix: Prefix,
  spell: Print,
  tail: Tail,
): string {
  const lines = calls.map(
    (call, i) => prefix.print(call, i) + spell(call, i) + tail.print(call, i),
  );
  return `${lines.join("\n")}\n`;
}

/** Expects the calls to have been read from such lines, and what the lines tell besides. */
export function expectCalls(
  { events, diagnostics }: ReadLog,
  calls: readonly LoggedCall[],
  prefix: Prefix,
  tail: Tail,
): void {
  // Other lines of a log may stand before its calls.
  expect(diagnostics.samples.filter(({ line }) => line > 1)).toEqual([]);
  expect(
    events.map(({ op, size, pointerIn, pointerOut }) => [op, size, pointerIn, pointerOut]),
  ).toEqual(
    calls.map(({ name, size, pointerIn, pointerOut }) => [OPS[name], size, pointerIn, pointerOut]),
  );
  const threads = calls.map(({ thread }) => (prefix.hasThreads === false ? 0 : thread));
  expect(numbered(events.map(({ tid }) => tid))).toEqual(numbered(threads));
  expectTimes(
    events.map(({ time }) => time),
    calls,
    prefix.timeUnit,
  );
  if (prefix.hasCaller ?? tail.hasCaller ?? false) {
    expect(events.map(({ caller }) => caller)).toEqual(calls.map(({ caller }) => caller));
  }
}

/** Numbers in order of appearance. */
function numbered(values: readonly number[]): number[] {
  const seen = [...new Set(values)];
  return values.map((value) => seen.indexOf(value));
}

/** The same distances, as far as the unit goes. */
function expectTimes(
  times: readonly number[],
  calls: readonly LoggedCall[],
  unit: number | undefined,
): void {
  if (unit === undefined) {
    expect(times.every(Number.isNaN)).toBe(true);
    return;
  }
  const since = (i: number): number => (calls[i]?.time ?? 0) - (calls[0]?.time ?? 0);
  for (const [i, time] of times.entries()) {
    expect(Math.abs(time - (times[0] ?? 0) - since(i))).toBeLessThanOrEqual(unit);
  }
}
