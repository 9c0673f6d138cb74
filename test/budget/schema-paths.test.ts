import { expect, test } from "vitest";
import { parseBudget } from "../../src/budget/budget.ts";
import { refusalBySchema } from "../../src/budget/schema-paths.ts";
import { publishedSchema } from "../support/report-schema.ts";
import { serviceReport } from "../support/service-report.ts";

const SCHEMA = publishedSchema();

function refusal(text: string) {
  const parsed = parseBudget(`${text}<=1`);
  if ("error" in parsed) {
    throw new Error(parsed.error);
  }
  return refusalBySchema(parsed.ok.key, SCHEMA);
}

/** Dotted paths of all numbers in a value, including those in lists. */
function numbersIn(value: unknown, path: string): string[] {
  if (typeof value === "number") {
    return [path];
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([name, inner]) =>
    /^[\w-]+$/.test(name) ? numbersIn(inner, path === "" ? name : `${path}.${name}`) : [],
  );
}

test("every number of a report can be budgeted", () => {
  const report = serviceReport();
  const [scenario] = report.scenarios;
  const [thread] = report.threads;
  const paths = [
    ...numbersIn(report, "").filter((path) => path.includes(".")),
    ...numbersIn(scenario, "").map((path) => `${path}@as recorded`),
    ...numbersIn(thread, "").map((path) => `thread:7.${path}`),
  ];
  expect(paths.length).toBeGreaterThan(1000);
  expect(paths.filter((path) => refusal(path) !== null)).toEqual([]);
});

test.each(["rss", "live", "thread:7.live", "threads.length", "model.fit.ratio", "trace.lastTime"])(
  "%s can be budgeted",
  (key) => expect(refusal(key)).toBeNull(),
);

test.each([
  ["live.byte", "no key live.byte (did you mean live.bytes?)"],
  ["threads.first.tid", "no key threads.first.tid"],
  ["rss.end@as recorded", "no key rss.end"],
  ["live.bytes@as recorded", "no key live.bytes"],
  ["thread:7.rss", "no key rss"],
  ["live.constructor.name", "no key live.constructor.name"],
  ["model.glibc", "model.glibc is not a number"],
  ["model.fidelity", "model.fidelity is not a number"],
])("%s: %s", (key, reason) => expect(refusal(key)?.split(";")[0]).toBe(reason));

test("an unknown key brings the closest one, or the known keys", () => {
  expect(refusal("live.byts")).toBe("no key live.byts (did you mean live.bytes?)");
  expect(refusal("thread:7.rss")).toMatch(/^no key rss; known keys: tid, calls\.malloc, .*, …$/);
});
