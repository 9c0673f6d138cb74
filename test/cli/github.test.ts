import fc from "fast-check";
import { expect, test } from "vitest";
import { annotations, withoutCommands } from "../../src/cli/github.ts";
import type { BudgetResult } from "../../src/report/contract/report.ts";
import { printable } from "../../src/report/wording/printable.ts";
import { hostileText } from "../support/hostile-report.ts";

function exceeded(given: Partial<BudgetResult> = {}): BudgetResult {
  return {
    key: "calls",
    unit: "count",
    operator: "<=",
    limit: 10,
    actual: 12,
    base: null,
    ok: false,
    name: null,
    message: null,
    explanation: [],
    command: null,
    ...given,
  };
}

test("delimiters of workflow commands are escaped, control characters are shown as \\xHH", () => {
  const hostile = "a,b:c%\r\n::error::\u001b";
  expect(annotations([exceeded({ name: hostile, message: hostile })], "error")).toBe(
    "::error title=a%2Cb%3Ac%25\\r\\n%3A%3Aerror%3A%3A\\x1b::" +
      "a,b:c%25\\r\\n::error::\\x1b: calls is 12: 2 (20.0 %25) over the limit of 10%0A" +
      "a,b:c%25\\r\\n::error::\\x1b\n",
  );
});

test("at most ten annotations; the last one names the rest", () => {
  const lines = (count: number): string[] =>
    annotations(
      Array.from({ length: count }, (_, i) => exceeded({ name: `n${i}` })),
      "error",
    )
      .trimEnd()
      .split("\n");
  expect(lines(10)).toHaveLength(10);
  expect(lines(10)[9]).toContain("title=n9::");
  expect(lines(12)).toHaveLength(10);
  expect(lines(12)[9]).toBe("::error title=3 more memory budgets::n9%0An10%0An11");
});

test("names in the shape of workflow commands are broken up", () => {
  const text = "::error::x\n  ::stop-commands::y\na ::z\n##[error]w\nb##[add-mask]c";
  const shown = withoutCommands(text);
  expect(shown).not.toMatch(/^\s*::/m);
  expect(shown).not.toContain("##[");
  expect(shown).toContain("a ::z");
});

/** A workflow command as GitHub's runner reads it: the level, its properties and its message. */
function parsed(line: string) {
  const [, level, properties = "", data = ""] = /^::(\w+) (.*?)::(.*)$/s.exec(line) ?? [];
  const unescaped = (text: string): string =>
    text
      .replace(/%3A/g, ":")
      .replace(/%2C/g, ",")
      .replace(/%0D/g, "\r")
      .replace(/%0A/g, "\n")
      .replace(/%25/g, "%");
  const pairs = properties.split(",").map((pair) => pair.split("="));
  return {
    level,
    keys: pairs.map(([key]) => key),
    title: unescaped(properties.slice(properties.indexOf("=") + 1)),
    text: unescaped(data),
  };
}

test("whatever the names, each budget is one annotation of one title", () => {
  fc.assert(
    fc.property(fc.array(hostileText, { minLength: 1, maxLength: 9 }), (names) => {
      const budgets = names.map((name) => exceeded({ name, message: name, command: name }));
      const lines = annotations(budgets, "warning").split("\n");
      expect(lines.pop()).toBe("");
      expect(lines).toHaveLength(names.length);
      lines.forEach((line, i) => {
        expect(line).not.toMatch(/\p{Cc}/u);
        const { level, keys, title, text } = parsed(line);
        expect({ level, keys, title }).toEqual({
          level: "warning",
          keys: ["title"],
          title: printable(names[i] ?? ""),
        });
        expect(text).toContain("calls is 12");
      });
    }),
  );
});

test("no text in the step's log is a workflow command", () => {
  const part = fc.constantFrom(
    "::",
    ":",
    "#",
    "##[",
    "[",
    "error",
    "\n",
    " ",
    "\t",
    "stop-commands",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        hostileText,
        fc.array(part).map((parts) => parts.join("")),
      ),
      (text) => {
        const shown = withoutCommands(text);
        expect(shown).not.toMatch(/^\s*::/m);
        expect(shown).not.toContain("##[");
      },
    ),
  );
});
