import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { Chalk } from "chalk";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { createGenerator } from "ts-json-schema-generator";
import { describe, expect, test } from "vitest";
import { present } from "../../src/insight/present.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { printable } from "../../src/report/wording/printable.ts";
import { writeBenchmark } from "../../src/report/writers/benchmark.ts";
import { writeCsv } from "../../src/report/writers/csv.ts";
import { writeJson } from "../../src/report/writers/json.ts";
import { writeJunit } from "../../src/report/writers/junit.ts";
import { writeNdjson } from "../../src/report/writers/ndjson.ts";
import { writeOpenMetrics } from "../../src/report/writers/open-metrics.ts";
import { writeSarif } from "../../src/report/writers/sarif.ts";
import type { Writer } from "../../src/report/writers/writer.ts";
import { budget, hostileText, hostileTexts, reportOf } from "../support/hostile-report.ts";
import { parseOpenMetrics } from "../support/open-metrics-parser.ts";
import { MiB, report, scenario, thread, unavailable } from "../support/report-builder.ts";
import { expectReportJson } from "../support/report-schema.ts";
import { serviceReport } from "../support/service-report.ts";

const chalk = new Chalk({ level: 0 });

/** The text as read from a file: lone surrogates are replaced. */
function written(writer: Writer, given: Report): string {
  const text = writer(present(given), { sort: DEFAULT_SORT, top: 10, width: 80, chalk });
  return Buffer.from(text).toString("utf8");
}

/** Calls `check` with the output of `writer` for reports with hostile texts everywhere. */
function withHostileTexts(writer: Writer, check: (text: string, given: Report) => void): void {
  fc.assert(
    fc.property(hostileTexts, (texts) => {
      const given = reportOf(texts);
      check(written(writer, given), given);
    }),
    { numRuns: 100 },
  );
}

describe("JSON", () => {
  test("reads back unchanged, and matches the schema", () => {
    withHostileTexts(writeJson, (text, given) => {
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(given)));
      expectReportJson(text);
    });
  });
});

describe("a what-if that the log's glibc lacks", () => {
  test.each([
    ["CSV", writeCsv],
    ["OpenMetrics", writeOpenMetrics],
    ["JUnit", writeJunit],
    ["SARIF", writeSarif],
    ["benchmark results", writeBenchmark],
  ])("is left out of %s, which have figures and judgements only", (_, writer) => {
    expect(written(writer, report({ unavailable: [unavailable()] }))).toBe(
      written(writer, report()),
    );
  });

  test.each([
    ["JSON", writeJson],
    ["NDJSON", writeNdjson],
  ])("is in %s, with the reason", (_, writer) => {
    const text = written(writer, report({ unavailable: [unavailable()] }));
    expectReportJson(text);
    expect(JSON.parse(text).unavailable).toEqual([unavailable()]);
  });
});

describe("NDJSON", () => {
  const DRAWN = ["timeline", "liveTimeline", "rssTimeline", "heapMaps", "sites", "bins"];
  const withoutDrawn = (text: string): unknown =>
    JSON.parse(text, (key, value) => (DRAWN.includes(key) ? undefined : value));

  test("is one line that matches the schema: the report without what is drawn", () => {
    withHostileTexts(writeNdjson, (text, given) => {
      expect(text.split(/[\r\n\u2028\u2029]/)).toEqual([text.slice(0, -1), ""]);
      expectReportJson(text);
      expect(withoutDrawn(text)).toEqual(withoutDrawn(JSON.stringify(given)));
      const { timeline } = JSON.parse(text);
      expect([timeline.time, timeline.liveBytes]).toEqual([[], []]);
      expect(timeline.perScenario).toEqual({ "as recorded": [] });
    });
  });
});

describe("CSV", () => {
  const rowsOf = (text: string): Record<string, string>[] =>
    parse(text, { columns: true, record_delimiter: "\r\n", relax_column_count: false });

  test("has one row per thread, its name in one cell, and no formulas", () => {
    fc.assert(
      fc.property(fc.array(hostileText, { minLength: 1 }), (names) => {
        const threads = names.map((name, i) => thread(i, { name, topFrame: name }));
        const rows = rowsOf(written(writeCsv, report({ threads })));
        expect(rows.map(({ tid }) => tid)).toEqual(names.map((_, i) => String(i)));
        rows.forEach((row, i) => {
          const shown = Buffer.from(printable(names[i] ?? "")).toString();
          expect([shown, `'${shown}`]).toContain(row.name);
          expect(row.topFrame).toBe(row.name);
          for (const cell of Object.values(row)) {
            expect(cell).not.toMatch(/^[=+\-@＝＋－＠]/);
          }
        });
      }),
    );
  });

  test("has exact numbers, and empty cells for unknown values", () => {
    const given = thread(7, { volumeBytes: 2 ** 40 + 1, firstTime: null, arenas: [0, 3] });
    const [row] = rowsOf(written(writeCsv, report({ threads: [given] })));
    expect(row).toMatchObject({ volumeBytes: "1099511627777", firstTime: "", arenas: "0 3" });
    expect(row).toMatchObject({ name: "", calls: "15", malloc: "10", free: "5" });
  });

  test("ends its lines as RFC 4180 says", () => {
    expect(written(writeCsv, report())).toMatch(/^(?:[^\r\n]+\r\n){3}$/);
  });
});

const hasXmllint = spawnSync("xmllint", ["--version"]).status === 0;

describe.skipIf(!hasXmllint)("JUnit (checked against its schema by xmllint)", () => {
  const xsd = fileURLToPath(new URL("../support/junit.xsd", import.meta.url));

  function refusals(texts: readonly string[]): string {
    const folder = mkdtempSync(join(tmpdir(), "mallog-junit-"));
    try {
      const files = texts.map((text, i) => {
        writeFileSync(join(folder, `${i}.xml`), text);
        return join(folder, `${i}.xml`);
      });
      const { status, stderr } = spawnSync("xmllint", ["--noout", "--schema", xsd, ...files]);
      return status === 0 ? "" : stderr.toString().replace(/^.* validates\n/gm, "");
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test("with and without budgets, and without a model", () => {
    const bare = report({ model: null, scenarios: [] });
    const given = [serviceReport(), bare, reportOf(["x"]), report({ complete: false })];
    expect(refusals(given.map((one) => written(writeJunit, one)))).toBe("");
  });

  test("with hostile texts", () => {
    const samples = fc.sample(hostileTexts, 200).map(reportOf);
    const texts = samples.flatMap((given) => [given, { ...given, budgets: [] }]);
    expect(refusals(texts.map((given) => written(writeJunit, given)))).toBe("");
  });

  test("the schema refuses wrong files", () => {
    const right = written(writeJunit, report());
    expect(refusals([right.replace(' errors="0"', "")])).toContain("'errors' is required");
    expect(refusals([right.replace("<testcase ", "<test ")])).not.toBe("");
  });
});

describe("JUnit", () => {
  test("counts the budgets that are not kept", () => {
    const budgets = [budget("a"), budget("b", { ok: true }), budget("c")];
    const text = written(writeJunit, report({ budgets }));
    expect(text).toContain('<testsuite name="app.log" tests="3" failures="2" errors="0"');
    expect(text.match(/<failure /g)).toHaveLength(2);
    expect(text.match(/<testcase /g)).toHaveLength(3);
  });

  test("names a key and its growth differently: viewers keep one test per name", () => {
    const text = written(writeJunit, report({ budgets: [budget("a"), budget("a", { base: 1 })] }));
    expect(text).toContain('name="a" time');
    expect(text).toContain('name="a growth" time');
  });

  test("an interrupted run is an error, even if budgets are kept", () => {
    const text = written(
      writeJunit,
      report({ complete: false, budgets: [budget("a", { ok: true })] }),
    );
    expect(text).toContain('<testsuite name="app.log" tests="2" failures="0" errors="1"');
    expect(text.match(/<error /g)).toHaveLength(1);
  });

  test("without budgets, the verdict and each finding pass", () => {
    const text = written(writeJunit, serviceReport());
    expect([...text.matchAll(/<testcase (.*) time/g)].map(([, which]) => which)).toEqual([
      'classname="mallog.verdict" name="verdict"',
      'classname="mallog.findings" name="pins"',
    ]);
    expect(text).toContain('failures="0"');
  });
});

describe("OpenMetrics", () => {
  test("follows the grammar, with every scenario under its name", () => {
    withHostileTexts(writeOpenMetrics, (text, given) => {
      const rss = parseOpenMetrics(text).filter(({ name }) => name === "mallog_rss_bytes");
      expect(rss.map(({ labels, value }) => [labels.scenario, value])).toEqual(
        given.scenarios.map(({ name, rss }) => [Buffer.from(name).toString(), rss.endBytes]),
      );
    });
  });

  test("has the figures of the report", () => {
    const samples = parseOpenMetrics(written(writeOpenMetrics, serviceReport()));
    const value = (wanted: string) => samples.find(({ name }) => name === wanted)?.value;
    expect(value("mallog_events")).toBe(864_414);
    expect(value("mallog_live_bytes")).toBe(218.3 * MiB);
    expect(value("mallog_external_fragmentation_ratio")).toBeCloseTo(0.438, 3);
    expect(samples.filter(({ name }) => name === "mallog_arenas")).toHaveLength(5);
  });

  test.each([
    ["a_bytes 1\n# EOF\n", "outside its family"],
    ["# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na 2\n# EOF\n", "outside its family"],
    ["# TYPE a gauge\na 1\na 2\n# EOF\n", "duplicate"],
    ['# TYPE a gauge\na{b="\\x"} 1\n# EOF\n', "not a sample"],
    ["# TYPE a gauge\n# UNIT a bytes\n# EOF\n", "unit not in name"],
    ["# TYPE a gauge\na 1\n", "does not end"],
  ])("the parser of this test refuses %j", (text, why) => {
    expect(() => parseOpenMetrics(text)).toThrow(why);
  });
});

describe("github-action-benchmark", () => {
  test("is a list of unique names with units and numbers", () => {
    withHostileTexts(writeBenchmark, (text) => {
      const results: { name: string; unit: string; value: number }[] = JSON.parse(text);
      for (const { name, unit, value } of results) {
        expect([typeof name, typeof unit, Number.isFinite(value)]).toEqual([
          "string",
          "string",
          true,
        ]);
      }
      expect(new Set(results.map(({ name }) => name)).size).toBe(results.length);
    });
  });

  test("has exact MiB, and ranges", () => {
    const { rss, ...rest } = scenario("as recorded", { endMiB: 3 });
    const open = { ...rss, endBytes: 3 * MiB + 4096, lowBytes: 2 * MiB, highBytes: 4 * MiB };
    const given = report({ scenarios: [{ ...rest, rss: open }] });
    const [end, peak] = JSON.parse(written(writeBenchmark, given));
    expect(end).toEqual({
      name: "RSS at the end, as recorded",
      unit: "MiB",
      value: 3.00390625,
      range: "2 MiB to 4 MiB",
    });
    expect(peak).toEqual({ name: "RSS at peak, as recorded", unit: "MiB", value: 24 });
  });
});

describe("SARIF", () => {
  test("fingerprints of findings and budgets do not depend on their numbers", () => {
    const known = (given: Report) =>
      JSON.parse(written(writeSarif, given)).runs[0].results.map(
        (result: { partialFingerprints: unknown }) => result.partialFingerprints,
      );
    const before = { ...serviceReport(), budgets: [budget("rss"), budget("live")] };
    const after = {
      ...before,
      budgets: [budget("rss", { actual: 500 * MiB }), budget("live", { actual: 600 * MiB })],
      findings: before.findings.map((finding) => ({ ...finding, message: "more", bytes: 7 })),
    };
    expect(known(after)).toEqual(known(before));
    expect(new Set(known(before).map((one: unknown) => JSON.stringify(one))).size).toBe(3);
  });

  test("matches its types, with hostile texts", () => {
    const path = fileURLToPath(
      new URL("../../node_modules/@types/sarif/index.d.ts", import.meta.url),
    );
    const schema = createGenerator({ path, type: "Log", skipTypeCheck: true }).createSchema("Log");
    const validate = new Ajv({ strict: false }).compile(JSON.parse(JSON.stringify(schema)));
    withHostileTexts(writeSarif, (text) => {
      const log = JSON.parse(text);
      expect(validate(log), JSON.stringify(validate.errors)).toBe(true);
      const [{ results }] = log.runs;
      expect(results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual([
        "budget-exceeded",
        "pins",
      ]);
      const { uri } = results[0].locations[0].physicalLocation.artifactLocation;
      expect(uri).toMatch(/^(?:file:\/\/)?(?:[\w.~!*'()/-]|%[0-9A-F]{2})*$/);
      expect(new URL(uri, "https://example.org/repository/").href).not.toContain("javascript:");
    });
    expect(validate({ version: "2.1.0", runs: [{}] })).toBe(false);
  });
});
