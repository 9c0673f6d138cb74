import { Chalk } from "chalk";
import { expect, test } from "vitest";
import { present } from "../../src/insight/present.ts";
import { DEFAULT_SORT } from "../../src/report/sort-threads.ts";
import { ENDINGS, writerOf } from "../../src/report/writers/index.ts";
import { writeJson } from "../../src/report/writers/json.ts";
import { report, scenario, trace } from "../support/report-builder.ts";
import { serviceReport } from "../support/service-report.ts";

const options = {
  top: 1,
  sort: DEFAULT_SORT,
  width: 80,
  chalk: new Chalk({ level: 1 }),
};

test("is the report, whatever the options", () => {
  expect(JSON.parse(writeJson(present(serviceReport()), options))).toEqual(serviceReport());
});

test("a series is one line, objects are indented, the file ends with a newline", () => {
  const text = writeJson(present(serviceReport()), options);
  expect(text).toMatch(/^ +"time": \[[\d., ]+\],$/m);
  expect(text.startsWith('{\n  "schema": "mallog.report/1",\n  "tool": {\n')).toBe(true);
  expect(text.endsWith("}\n")).toBe(true);
});

test("NaN and empty arrays", () => {
  const given = report({ scenarios: [scenario("as recorded", { trimmedBytes: Number.NaN })] });
  expect(writeJson(present(given), options)).toContain('"trimmedBytes": null');
  expect(writeJson(present(report({ threads: [] })), options)).toContain('"threads": []');
});

test("control characters are escaped, and read back unchanged", () => {
  const text = "a\u001b[31m\u009b2J\u202e\u2028\u{e0001}größe 日本";
  const given = report({ trace: trace({ malformedSamples: [{ line: 1, text }] }) });
  const written = writeJson(present(given), options);
  expect(written).toContain("\\u009b2J\\u202e\\u2028\\udb40\\udc01größe 日本");
  expect(JSON.parse(written)).toEqual(given);
});

test("the registry", async () => {
  expect(ENDINGS.slice(0, 2)).toEqual([".txt", ".json"]);
  expect(await writerOf(".json")).toBe(writeJson);
  expect(writerOf(".pdf")).toBeNull();
});
