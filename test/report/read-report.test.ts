import { deepEqual, equal } from "node:assert/strict";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NotAReport, readReport } from "../../src/report/read-report.ts";
import { printJson } from "../../src/report/writers/json.ts";
import { report } from "../support/report-builder.ts";
import { serviceReport } from "../support/service-report.ts";

function refusal(text: string): string {
  try {
    readReport(text);
    return "read";
  } catch (error) {
    if (error instanceof NotAReport) {
      return error.message;
    }
    throw error;
  }
}

test.each([
  ["a small one", report()],
  ["a service's", serviceReport()],
  ["one without a model", report({ model: null, scenarios: [] })],
])("reads %s as it was written", (_, given) => {
  const { known, json } = readReport(printJson(given));
  expect(json).toEqual(JSON.parse(JSON.stringify(given)));
  expect(given).toMatchObject(known);
});

test("ignores keys of later versions", () => {
  const later = { ...serviceReport(), more: { x: 1 } };
  expect(refusal(JSON.stringify(later))).toBe("read");
});

test.each([
  ["", "not valid JSON"],
  ["{", "not valid JSON"],
  ["16342 0.1 malloc(1) = 0x10", "not valid JSON"],
  ["null", "not a mallog report"],
  ["[]", "not a mallog report"],
  ['{"schema":1}', "not a mallog report"],
  ['{"schema":"mallog.diff/1"}', "not a mallog report"],
  [
    '{"schema":"mallog.report/2"}',
    'has schema "mallog.report/2", not "mallog.report/1": another version of mallog wrote it',
  ],
  ['{"schema":"mallog.report/1"}', "has no live"],
])("%j: %s", (text, message) => expect(refusal(text)).toBe(message));

test.each<[string, unknown, string]>([
  ["complete", 1, "has complete that is not true or false"],
  ["threads", {}, "has threads that is not a list"],
  ["threads", [{ tid: "7" }], "has threads[0].tid that is not a number"],
  ["scenarios", [{ ...report().scenarios[0], rss: {} }], "has no scenarios[0].rss.endBytes"],
  ["model", { glibc: 2 }, "has model.glibc that is not a string"],
])("%s as %j: %s", (key, value, message) =>
  expect(refusal(JSON.stringify({ ...report(), [key]: value }))).toBe(message),
);

/** Replaces a value anywhere in the report. */
test("a value of a wrong type is refused, with no other exception", () => {
  const text = JSON.stringify(serviceReport());
  const places: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]): void => {
    places.push(path);
    if (typeof value !== "object" || value === null) {
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  };
  walk(JSON.parse(text), []);
  const wrong = fc.constantFrom<unknown>(undefined, null, 7, "x", true, [], {}, [null]);
  fc.assert(
    fc.property(fc.constantFrom(...places), wrong, (path, value) => {
      const holder = { root: JSON.parse(text) };
      let at = holder as Record<string | number, typeof holder.root>;
      const steps = ["root", ...path];
      for (const step of steps.slice(0, -1)) {
        at = at[step];
      }
      at[steps.at(-1)!] = value;
      const changed = JSON.stringify(holder.root) ?? "";
      let read: ReturnType<typeof readReport>;
      try {
        read = readReport(changed);
      } catch (error) {
        expect(error).toBeInstanceOf(NotAReport);
        return;
      }
      // Thousands of values: vitest's `expect` would take most of the time.
      for (const { rss, arenas } of read.known.scenarios) {
        equal(typeof rss.endBytes, "number");
        for (const { rssBytes } of arenas) {
          equal(typeof rssBytes, "number");
        }
      }
      for (const { tid, calls } of read.known.threads) {
        deepEqual([typeof tid, typeof calls.total], ["number", "number"]);
      }
    }),
    { numRuns: 500 },
  );
});
