import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Budget, parseBudget, printBudget } from "../../src/budget/budget.ts";
import { printKey } from "../../src/budget/budget-key.ts";

const MiB = 1024 ** 2;

function parsed(text: string): Budget {
  const result = parseBudget(text);
  if ("error" in result) {
    throw new Error(result.error);
  }
  return result.ok;
}

function refused(text: string): string {
  const result = parseBudget(text);
  return "error" in result ? result.error : `took ${JSON.stringify(result.ok)}`;
}

describe("parseBudget", () => {
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
    ["", "no comparison; give KEY<=VALUE, in quotes, because < is special to the shell"],
    ["rss", "no comparison"],
    ["rss=900MiB", "no comparison"],
    ["<=900MiB", "not of the form KEY<=VALUE"],
    ["rss live<=900MiB", "not of the form KEY<=VALUE"],
    ["rss<=", '"" is not a limit; give a number, a size like 900MiB, or a percentage'],
    ["rss<=much", '"much" is not a limit'],
    ["rss<==9", '"=9" is not a limit'],
    ["rss<=1e9", '"1e9" is not a limit'],
    ["rss<=99999999999TiB", "is not a limit"],
    ["rss<=5%", "rss: bytes cannot be a percentage; give a size, or, with a base report, growth"],
    ["fragmentation<=1MiB", "fragmentation: a ratio cannot be a size; give a percentage like 35%"],
    ["calls<=5%", "calls: a count cannot be a percentage; give a number"],
    ["arenas<=8KiB", "arenas: a count has no unit; give a plain number"],
    ["thread:1.rss@x<=1", "figures of a thread exist for the recorded run only"],
    ["live@MALLOC_ARENA_MAX=1<=1", "live is the same under every setting; leave out @SCENARIO"],
    ["rsss<=1", "no key rsss (did you mean rss?)"],
    ["constructor<=1", "no key constructor"],
  ])("%j is refused: %s", (text, reason) => expect(refused(text)).toContain(reason));

  test("a misspelt short name brings the closest one, or the list", () => {
    expect(refused("peak-rrs<=1")).toBe("no key peak-rrs (did you mean peak-rss?)");
    expect(refused("x<=1")).toBe(
      "no key x; known keys: rss, peak-rss, live, peak-live, fragmentation, leaked-blocks, arenas, volume, calls",
    );
  });
});

test.each([
  ['rss@"MALLOC_ARENA_MAX=1"<=1', "rss@MALLOC_ARENA_MAX=1"],
  ['thread:"a b".live<=1', "thread:a b.live"],
  ['thread:"a.b".live<=1', 'thread:"a.b".live'],
])("%s is printed with the key %s", (text, key) => expect(printKey(parsed(text).key)).toBe(key));

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

test("a printed budget parses as the same budget", () => {
  fc.assert(
    fc.property(budget, (given) => {
      expect(parseBudget(printBudget(given))).toEqual({ ok: given });
    }),
  );
});

test("any text is a budget, or is refused with a reason", () => {
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
        expect(result.error).not.toBe("");
      }
    }),
    { numRuns: 1000 },
  );
});
