import { Chalk } from "chalk";
import { describe, expect, test } from "vitest";
import { present } from "../../src/insight/present.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { ENDINGS, endingOf, writerOf } from "../../src/report/writers/index.ts";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor, scenario } from "../support/corpus.ts";
import { budget } from "../support/hostile-report.ts";
import { report, scenario as scenarioOf, thread } from "../support/report-builder.ts";
import { serviceReport } from "../support/service-report.ts";

const chalk = new Chalk({ level: 0 });

async function written(given: Report, ending: string): Promise<string> {
  const writer = (await writerOf(ending)) ?? expect.fail(`no writer for ${ending}`);
  return writer(present(given), { sort: DEFAULT_SORT, top: 10, width: 120, chalk });
}

/** A log of xz with two threads, with one arena as what-if. */
function realReport(): Report {
  const xz = casesOf(OWN_CORPUS).find(({ name }) => name === "xz-t2-g236") ?? expect.fail();
  const whatIfs = [scenario("MALLOC_ARENA_MAX=1", { MALLOC_ARENA_MAX: "1" }, false)];
  const log = logOf(xz, "default") ?? expect.fail();
  return analyse(log, { ...optionsFor(xz, "default", whatIfs, "facts"), hostCpus: 4 });
}

const inBudget = {
  ...serviceReport(),
  budgets: [
    budget("rss", {
      name: "container",
      message: "Ask the memory team before you raise it.",
      explanation: ["MALLOC_ARENA_MAX=1 would need 244.6 MiB."],
      command: "mallog service.log.gz --sort pinned",
    }),
    budget("arenas", { unit: "count", limit: 32, actual: 16, ok: true }),
    budget("fragmentation", { unit: "ratio", operator: "<", limit: 0.3, actual: 0.438 }),
  ],
};

/** Read the golden files when they change. text.test.ts and markdown.test.ts test the other formats. */
describe("the whole report", () => {
  test.each([".json", ".ndjson"])("of a small log as %s", async (ending) => {
    await expect(await written(report(), ending)).toMatchFileSnapshot(`golden/small${ending}`);
  });

  test.each([".csv", ".xml", ".sarif", ".prom", ".bench.json"])("as %s", async (ending) => {
    await expect(await written(inBudget, ending)).toMatchFileSnapshot(`golden/service${ending}`);
  });

  test.each([".md", ".csv", ".xml", ".sarif", ".prom", ".bench.json"])(
    "of a real log as %s",
    async (ending) => {
      await expect(await written(realReport(), ending)).toMatchFileSnapshot(`golden/xz${ending}`);
    },
  );

  test.each([".xml", ".sarif", ".prom", ".bench.json", ".ndjson", ".csv"])(
    "without a model as %s",
    async (ending) => {
      const given = report({ model: null, scenarios: [] });
      const text = await written(given, ending);
      expect(text).not.toMatch(/undefined|NaN/);
    },
  );

  test.each(ENDINGS)("is deterministic as %s", async (ending) => {
    const once = await written(realReport(), ending);
    expect(await written(realReport(), ending)).toBe(once);
    expect(once.endsWith("\n")).toBe(true);
  });
});

/** CSV has rows of threads only, folded stacks nothing but stacks. */
test.each(ENDINGS.filter((ending) => !/\.(?:csv|folded)$/.test(ending)))(
  "an interruption is shown as %s",
  async (ending) => {
    const whole = { ...inBudget, complete: true };
    const shown = /[Ii]nterrupted: all figures cover|"complete": ?false|^mallog_complete 0$/m;
    expect(await written(whole, ending)).not.toMatch(shown);
    expect(await written({ ...whole, complete: false }, ending)).toMatch(shown);
  },
);

describe("10,000 threads and 50 settings", () => {
  const scenarios = Array.from({ length: 51 }, (_, i) =>
    scenarioOf(i === 0 ? "as recorded" : `S=${i}`, {
      arenas: serviceReport().scenarios[0]?.arenas ?? [],
    }),
  );
  const threads = Array.from({ length: 10_000 }, (_, i) => thread(i, { name: `worker-${i}` }));

  test.each(ENDINGS)("take little time as %s", async (ending) => {
    const start = performance.now();
    const text = await written(report({ threads, scenarios }), ending);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(text.length).toBeLessThan(16 * 1024 * 1024);
  });
});

describe("the ending of a file name", () => {
  test.each([
    ["r.json", ".json"],
    ["dir.md/r.bench.json", ".bench.json"],
    ["r.metrics.txt", ".metrics.txt"],
    ["metrics.txt", ".txt"],
    ["a.b.txt", ".txt"],
    ["bench.json", ".json"],
    ["r.ndjson", ".ndjson"],
    [".json", null],
    ["dir/.md", null],
    ["r.JSON", null],
    ["r.pdf", null],
    ["-", null],
    ["r", null],
    ["", null],
  ])("of %s is %s", (file, ending) => expect(endingOf(file)).toBe(ending));

  test("selects a writer, or none", async () => {
    for (const ending of ENDINGS) {
      expect(await writerOf(ending)).toBeTypeOf("function");
    }
    expect(writerOf(".pdf")).toBeNull();
  });
});
