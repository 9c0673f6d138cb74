import { expect, test } from "vitest";
import { parseBudget } from "../../src/budget/budget.ts";
import { refusalBySchema } from "../../src/budget/schema-paths.ts";
import { publishedSchema } from "../support/report-schema.ts";
import { serviceReport } from "../support/service-report.ts";

function refusal(text: string) {
  const parsed = parseBudget(`${text}<=1`);
  if ("error" in parsed) {
    throw new Error(parsed.error.reason);
  }
  return refusalBySchema(parsed.ok.key, publishedSchema());
}

/** Paths of all numbers in a value, those in lists as well. */
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

test("every number of a report may be budgeted", () => {
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
  "%s may be",
  (key) => expect(refusal(key)).toBeNull(),
);

test.each([
  ["live.byte", "no key live.byte"],
  ["threads.first.tid", "no key threads.first.tid"],
  ["rss.end@as recorded", "no key rss.end"],
  ["live.bytes@as recorded", "no key live.bytes"],
  ["thread:7.rss", "no key rss"],
  ["live.constructor.name", "no key live.constructor.name"],
  ["model.glibc", "model.glibc is not a number"],
  ["model.fidelity", "model.fidelity is not a number"],
])("%s: %s", (key, reason) => expect(refusal(key)?.reason).toBe(reason));
