import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Budget, parseBudget, printBudget, printKey } from "../../src/budget/budget.ts";
import { SHORT_NAMES } from "../../src/budget/keys.ts";

const MiB = 1024 ** 2;

function parsed(text: string): Budget {
  const result = parseBudget(text);
  if ("error" in result) {
    throw new Error(result.error.reason);
  }
  return result.ok;
}

function refused(text: string): string {
  const result = parseBudget(text);
  return "error" in result ? result.error.reason : `took ${JSON.stringify(result.ok)}`;
}

describe("a budget as it is typed", () => {
  const process = { thread: null, scenario: null };

  test.each<[string, Budget["key"]]>([
    ["rss<=1", { ...process, path: "rss" }],
    [" peak-live < 1 ", { ...process, path: "peak-live" }],
    ["model.fidelity.ratio>=1", { ...process, path: "model.fidelity.ratio" }],
    ["scenarios.0.rss.endBytes<=1", { ...process, path: "scenarios.0.rss.endBytes" }],
    ["rss@MALLOC_ARENA_MAX=1<=1", { thread: null, path: "rss", scenario: "MALLOC_ARENA_MAX=1" }],
    [
      'rss@"MALLOC_ARENA_MAX=1, malloc_trim=end" <= 1',
      { thread: null, path: "rss", scenario: "MALLOC_ARENA_MAX=1,malloc_trim=end" },
    ],
    ["rss @ as recorded<=1", { thread: null, path: "rss", scenario: "as recorded" }],
    ["thread:16342.volume<=1", { thread: "16342", path: "volume", scenario: null }],
    ["thread:C2 Thread.calls.free<=1", { thread: "C2 Thread", path: "calls.free", scenario: null }],
    ['thread:"a.b \\"<\\\\".live<=1', { thread: 'a.b "<\\', path: "live", scenario: null }],
  ])("%s: the key", (text, key) => expect(parsed(text).key).toEqual(key));

  test.each<[string, number, Budget["limit"]["unit"], boolean]>([
    ["rss<=900MiB", 900 * MiB, "bytes", false],
    ["rss<=1.5 GB", 1.5e9, "bytes", false],
    ["rss<=4096", 4096, "plain", false],
    ["rss<=64K", 65536, "bytes", false],
    ["rss<=+5%", 0.05, "percent", true],
    ["rss<=-1MiB", -MiB, "bytes", true],
    ["rss<=+0", 0, "plain", true],
    ["rss<=-0%", 0, "percent", true],
    ["fragmentation<=35%", 0.35, "percent", false],
    ["fragmentation<=0.35", 0.35, "plain", false],
    ["calls<=+10%", 0.1, "percent", true],
  ])("%s: the limit", (text, value, unit, isGrowth) =>
    expect(parsed(text).limit).toEqual({ value, unit, isGrowth }),
  );

  test.each(["<=", "<", ">=", ">"])("%s compares", (operator) =>
    expect(parsed(`rss${operator}1`).operator).toBe(operator),
  );

  test.each([
    ["", "nothing to compare with; give KEY<=VALUE, in quotes, as the shell takes < for itself"],
    ["rss", "nothing to compare with"],
    ["rss=900MiB", "nothing to compare with"],
    ["<=900MiB", "not of the form KEY<=VALUE"],
    ["rss live<=900MiB", "not of the form KEY<=VALUE"],
    ["rss<=", '"" is no limit; give a number, a size like 900MiB, or a percentage'],
    ["rss<=much", '"much" is no limit'],
    ["rss<==9", '"=9" is no limit'],
    ["rss<=1e9", '"1e9" is no limit'],
    ["rss<=99999999999TiB", "is no limit"],
    ["rss<=5%", "rss: bytes have no percentage; give a size, or with a base report its growth"],
    ["fragmentation<=1MiB", "fragmentation: a ratio is no size; give a percentage like 35%"],
    ["calls<=5%", "calls: a count has no percentage; give a number"],
    ["arenas<=8KiB", "arenas: a count has no unit; give a plain number"],
    ["thread:1.rss@x<=1", "a thread's figures are those of the run as recorded"],
    ["live@MALLOC_ARENA_MAX=1<=1", "live is the same under every setting; leave out @SCENARIO"],
    ["rsss<=1", "no key rsss"],
    ["constructor<=1", "no key constructor"],
  ])("%j is refused: %s", (text, reason) => expect(refused(text)).toContain(reason));

  test("a misspelt short name comes with those that there are", () => {
    const result = parseBudget("peak-rrs<=1");
    expect(result).toMatchObject({ error: { typed: "peak-rrs", known: Object.keys(SHORT_NAMES) } });
  });
});

test.each([
  ['rss@"MALLOC_ARENA_MAX=1"<=1', "rss@MALLOC_ARENA_MAX=1"],
  ['thread:"a b".live<=1', "thread:a b.live"],
  ['thread:"a.b".live<=1', 'thread:"a.b".live'],
])("%s has the key %s in reports", (text, key) => expect(printKey(parsed(text).key)).toBe(key));

const number = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 52 }));
const path = fc.oneof(
  fc.constantFrom("rss", "peak-rss"),
  fc.stringMatching(/^[a-zA-Z0-9_-]{1,9}(\.[a-zA-Z0-9_-]{1,9}){1,3}$/),
);
const text = fc.string({ unit: "binary", minLength: 1 });
const scenario = text.map((value) =>
  value
    .split(",")
    .map((part) => part.trim())
    .join(","),
);
const key = fc.oneof(
  fc.record({ thread: fc.constant(null), path, scenario: fc.option(scenario) }),
  fc.record({
    thread: text,
    path: fc.stringMatching(/^[a-zA-Z0-9_-]{1,9}(\.[a-zA-Z0-9_-]{1,9}){1,3}$/),
    scenario: fc.constant(null),
  }),
);
const limit = fc.oneof(
  fc.record({
    value: number,
    unit: fc.constantFrom("plain" as const, "bytes" as const),
    isGrowth: fc.boolean(),
  }),
  fc.record({
    value: fc
      .integer({ min: -2000, max: 2000 })
      .map((percent) => (percent === 0 ? 0 : percent / 100)),
    unit: fc.constant("percent" as const),
    isGrowth: fc.constant(true),
  }),
);
const budget: fc.Arbitrary<Budget> = fc.record({
  key,
  operator: fc.constantFrom("<=" as const, "<" as const, ">=" as const, ">" as const),
  limit,
});

test("what is printed is read again as the same", () => {
  fc.assert(
    fc.property(budget, (given) => {
      expect(parseBudget(printBudget(given))).toEqual({ ok: given });
    }),
  );
});

test("any text is a budget or refused in one line", () => {
  const nearly = fc
    .array(
      fc.constantFrom("rss", "thread:", "@", '"', "\\", "<=", "<", "5%", "+", "-", ".", " ", "\n"),
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(text, nearly), (given) => {
      const result = parseBudget(given);
      if ("ok" in result) {
        expect(Number.isFinite(result.ok.limit.value)).toBe(true);
      } else {
        expect(result.error.reason).not.toBe("");
      }
    }),
    { numRuns: 1000 },
  );
});
