import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseConfig } from "../../../src/cli/budgets/config-file.ts";
import { problemText } from "../../../src/cli/problem-text.ts";
import { exitCodeOf, Failure } from "../../../src/cli/problems.ts";

function refusal(text: string): string {
  try {
    parseConfig(text, "c.json");
    return "read";
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    expect(exitCodeOf(error.problem)).toBe(2);
    return problemText(error.problem, null);
  }
}

test.each([
  ["{}"],
  ['{ "budgets": [], "whatIf": [] }'],
  ['// why\n{ "budgets": [{ "budget": "rss<=1", /* x */ }], }'],
])("%s is accepted", (text) => expect(refusal(text)).toBe("read"));

test.each([
  ["", "c.json:1:1: not valid JSON"],
  ["[]", "c.json:1:1: expected an object in braces"],
  ['{\n  "budgets": [}', "c.json:2:15: not valid JSON: value expected"],
  ['{ "budgets": [] ', "c.json:1:17: not valid JSON: close brace expected"],
  ["{ budgets: [] }", "c.json:1:3: not valid JSON: invalid symbol"],
  [
    '{\n  "budgts": []\n}',
    "c.json:2:3: unknown key budgts (did you mean budgets?); keys are whatIf, budgets",
  ],
  ['{ "budgets": {} }', "c.json:1:14: expected a list in brackets"],
  ['{ "budgets": ["rss<=1"] }', "c.json:1:15: expected an object in braces"],
  ['{ "budgets": [{}] }', 'c.json:1:15: has no "budget"'],
  ['{ "budgets": [{ "budget": 1 }] }', "c.json:1:27: expected a string in double quotes"],
  [
    '{ "budgets": [{ "budget": "rss<=1", "mesage": "x" }] }',
    "c.json:1:37: unknown key mesage (did you mean message?); keys are name, budget, message",
  ],
  ['{ "budgets": [{ "budget": "rss<=1", "budget": "rss<=2" }] }', "c.json:1:37: budget is given"],
  ['{ "budgets": [{\n "budget": "rsss<=1" }] }', "c.json:2:12: no key rsss (did you mean rss?)"],
  ['{ "whatIf": ["MALLOC_ARENA_MX=1"] }', "c.json:1:14: unknown setting MALLOC_ARENA_MX (did you"],
  ['{ "__proto__": [] }', "c.json:1:3: unknown key __proto__"],
])("%j: %s", (text, message) => expect(refusal(text)).toContain(message));

test("a file of brackets alone is refused", () => {
  expect(refusal("[".repeat(100_000))).toContain("c.json:1:1: nested too deeply");
  expect(refusal(`{ "budgets": ${"[".repeat(100_000)}${"]".repeat(100_000)} }`)).toContain(
    "deeply",
  );
});

test("any text is either read or refused in one line", () => {
  const token = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"budgets"',
    '"budget"',
    '"whatIf"',
    '"rss<=1"',
    "1",
    "null",
    "\n",
    "/*",
    "\u001b",
  );
  const nearly = fc.array(token).map((parts) => parts.join(" "));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), nearly), (text) => {
      expect(refusal(text)).not.toMatch(/\p{Cc}/u);
    }),
    { numRuns: 1000 },
  );
});
