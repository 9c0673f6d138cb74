import { Chalk } from "chalk";
import fc from "fast-check";
import { expect, test } from "vitest";
import { present } from "../../src/insight/present.ts";
import { DEFAULT_SORT } from "../../src/report/order/sort-threads.ts";
import { ENDINGS, writerOf } from "../../src/report/writers/index.ts";
import { jsonPieces, printJson, writeJson } from "../../src/report/writers/json.ts";
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

test("in pieces it is the same text", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect([...jsonPieces(value)].join("")).toBe(printJson(value));
    }),
  );
  const given = serviceReport();
  expect([...jsonPieces(given)].join("")).toBe(printJson(given));
  const long = Array.from({ length: 20_000 }, (_, address) => ({
    address,
    state: "in use".repeat(20),
  }));
  const pieces = [...jsonPieces({ long, absent: undefined })];
  expect(pieces.length).toBeGreaterThan(2);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(2 ** 20 + 1000);
  expect(pieces.join("")).toBe(printJson({ long }));
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
