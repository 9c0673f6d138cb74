import { expect, it } from "vitest";
import { firstDifference } from "./first-difference.ts";

const report = {
  tool: { name: "mallog", version: "1" },
  model: { fidelity: { equal: 2, firstDivergence: { line: 3, expected: "a" } } },
  findings: [
    { kind: "pinned-heap", message: "a", bytes: 1 },
    { kind: "leak", message: "b", bytes: 2 },
  ],
};

it("finds none between equal reports", () => {
  expect(firstDifference(report, structuredClone(report))).toBeNull();
});

it("ignores what prose says, but not whether there is any", () => {
  const fidelity = { equal: 2, firstDivergence: { line: 3, expected: "A" } };
  const findings = report.findings.map((one) => ({ ...one, message: "reworded" }));
  expect(firstDifference(report, { ...report, model: { fidelity }, findings })).toBeNull();
  const silent = [{ ...report.findings[0], message: null }, report.findings[1]];
  expect(firstDifference(report, { ...report, findings: silent })).toBe(
    'findings[0].message: "a" -> null',
  );
});

it("names the first value that differs", () => {
  const findings = [report.findings[0], { ...report.findings[1], kind: "other", bytes: 5 }];
  expect(firstDifference(report, { ...report, findings })).toBe(
    'findings[1].kind: "leak" -> "other"',
  );
  expect(firstDifference(report, { ...report, model: null })).toMatch(/^model: \{.* -> null$/);
});

it("counts keys that are missing, added or in another order", () => {
  const { tool, model, findings } = report;
  expect(firstDifference(report, { tool, findings, model })).toBe(
    'key 1 of the report: "model" -> "findings"',
  );
  expect(firstDifference(report, { tool, model })).toBe('key 2 of the report: "findings" -> null');
  expect(firstDifference({ tool: { a: 1 } }, { tool: { a: 1, b: 2 } })).toBe(
    'key 1 of tool: null -> "b"',
  );
});

it("counts elements that are missing or added", () => {
  expect(firstDifference({ a: [1, 2] }, { a: [1] })).toBe("a.length: 2 -> 1");
});
