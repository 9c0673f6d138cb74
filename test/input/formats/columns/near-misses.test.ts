import { describe, expect, test } from "vitest";
import { Op } from "../../../../src/trace/event.ts";
import { type ReadLog, scanInferred } from "../../../support/collect.ts";
import {
  type LoggedCall,
  loggedCalls,
  PREFIXES,
  type Prefix,
  type Print,
  SPELLINGS,
  TAILS,
  type Tail,
} from "../../../support/near-misses.ts";

const CALLS = loggedCalls();

const OPS = {
  malloc: Op.malloc,
  calloc: Op.calloc,
  realloc: Op.realloc,
  free: Op.free,
  posix_memalign: Op.memalign,
} as const;

async function readLines(
  { print }: Prefix,
  spell: Print,
  tail: Tail,
  lead: readonly string[] = [],
): Promise<ReadLog> {
  const lines = CALLS.map((call, i) => print(call, i) + spell(call, i) + tail.print(call, i));
  return scanInferred([Buffer.from(`${[...lead, ...lines].join("\n")}\n`)]);
}

/** Numbers in order of appearance. */
function numbered(values: readonly number[]): number[] {
  const seen = [...new Set(values)];
  return values.map((value) => seen.indexOf(value));
}

function expectCalls({ events, diagnostics }: ReadLog, prefix: Prefix, tail: Tail): void {
  expect(diagnostics.samples).toEqual([]);
  expect(
    events.map(({ op, size, pointerIn, pointerOut }) => [op, size, pointerIn, pointerOut]),
  ).toEqual(
    CALLS.map(({ name, size, pointerIn, pointerOut }) => [OPS[name], size, pointerIn, pointerOut]),
  );
  const threads = CALLS.map(({ thread }) => (prefix.hasThreads === false ? 0 : thread));
  expect(numbered(events.map(({ tid }) => tid))).toEqual(numbered(threads));
  expectTimes(
    events.map(({ time }) => time),
    prefix.timeUnit,
  );
  const hasCaller = prefix.hasCaller ?? tail.hasCaller ?? false;
  if (hasCaller) {
    expect(events.map(({ caller }) => caller)).toEqual(CALLS.map(({ caller }) => caller));
  }
}

/** The same distances, as far as the unit goes. */
function expectTimes(times: readonly number[], unit: number | undefined): void {
  if (unit === undefined) {
    expect(times.every(Number.isNaN)).toBe(true);
    return;
  }
  const distance = (call: LoggedCall | undefined): number =>
    (call?.time ?? 0) - (CALLS[0]?.time ?? 0);
  for (const [i, time] of times.entries()) {
    expect(Math.abs(time - (times[0] ?? 0) - distance(CALLS[i]))).toBeLessThanOrEqual(unit);
  }
}

const NATIVE_SPELLING = SPELLINGS.native ?? (() => "");
const PLAIN = PREFIXES["[tid]"] ?? { print: () => "" };
const NO_TAIL: Tail = { print: () => "" };

describe("what stands before the call", () => {
  test.each(Object.entries(PREFIXES))("%s", async (_, prefix) => {
    expectCalls(await readLines(prefix, NATIVE_SPELLING, NO_TAIL), prefix, NO_TAIL);
  });
});

describe("how the call is spelled", () => {
  test.each(Object.entries(SPELLINGS))("%s", async (_, spell) => {
    expectCalls(await readLines(PLAIN, spell, NO_TAIL), PLAIN, NO_TAIL);
  });
});

describe("what stands behind the result", () => {
  test.each(Object.entries(TAILS))("%s", async (_, tail) => {
    expectCalls(await readLines(PLAIN, NATIVE_SPELLING, tail), PLAIN, tail);
  });
});
