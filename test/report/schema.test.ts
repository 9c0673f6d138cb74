import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { Chalk } from "chalk";
import { expect, test } from "vitest";
import { containerOf } from "../../src/insight/cures/container.ts";
import { present } from "../../src/insight/present.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { writeJson } from "../../src/report/writers/json.ts";
import { generatedSchema } from "../support/generate-schema.ts";
import { reportOf } from "../support/hostile-report.ts";
import { MiB, report } from "../support/report-builder.ts";
import {
  DIFF_SCHEMA_FILE,
  expectReportJson,
  INSPECTION_SCHEMA_FILE,
  publishedSchema,
  SCHEMA_FILE,
  SWEEP_SCHEMA_FILE,
} from "../support/report-schema.ts";
import { mallog } from "../support/run-mallog.ts";
import { serviceReport } from "../support/service-report.ts";

const options = { top: 1, sort: DEFAULT_SORT, width: 80, chalk: new Chalk({ level: 0 }) };

test("matches the types of the report (npm run schema)", () => {
  expect(readFileSync(SCHEMA_FILE, "utf8")).toBe(generatedSchema());
  expect(readFileSync(INSPECTION_SCHEMA_FILE, "utf8")).toBe(generatedSchema("Inspection"));
  expect(readFileSync(SWEEP_SCHEMA_FILE, "utf8")).toBe(generatedSchema("Sweep"));
  expect(readFileSync(DIFF_SCHEMA_FILE, "utf8")).toBe(generatedSchema("Diff"));
});

test("mallog schema prints it", async () => {
  const { code, out, err } = await mallog(["schema"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toBe(readFileSync(SCHEMA_FILE, "utf8"));
  const { out: ofSweep } = await mallog(["schema", "sweep"]);
  expect(ofSweep).toBe(readFileSync(SWEEP_SCHEMA_FILE, "utf8"));
  const { out: ofDiff } = await mallog(["schema", "diff"]);
  expect(ofDiff).toBe(readFileSync(DIFF_SCHEMA_FILE, "utf8"));
});

test.each([
  ["a small one", report()],
  ["one without a model", report({ model: null, scenarios: [] })],
  ["a service's", serviceReport()],
  ["one of a container", { ...serviceReport(), container: containerOf(serviceReport(), MiB, 0) }],
  ["one of hostile names", reportOf(["\u001b\ud800"])],
])("allows %s", (_, given) => expectReportJson(writeJson(present(given), options)));

test.each([
  ["a key of the report is missing", { ...report(), live: undefined }],
  ["a key is of another type", { ...report(), threads: {} }],
  ["a value is not among those allowed", { ...report(), schema: "mallog.report/2" }],
  ["a key is unknown", { ...report(), more: 1 }],
])("the strict schema of our tests refuses a report if %s", (_, wrong) => {
  expect(() => expectReportJson(JSON.stringify(wrong))).toThrow(/report.schema.json/);
});

test("allows additional keys of later versions anywhere", () => {
  const validate = new Ajv({ allowUnionTypes: true }).compile(publishedSchema());
  const given = report();
  const later = { ...given, more: 1, live: { ...given.live, more: 1 } };
  expect(validate(later)).toBe(true);
  expect(validate({ ...later, live: 1 })).toBe(false);
});

test("describes the keys", () => {
  const { definitions } = publishedSchema();
  expect(definitions.ThreadSummary.properties.volumeBytes.description).toBe(
    "bytes requested by malloc, calloc, memalign and realloc (its new size)",
  );
});
