import { expect, test } from "vitest";
import { basis } from "../../../src/insight/evidence/basis.ts";
import { columnItems } from "../../../src/insight/evidence/log-columns.ts";
import type { LayoutSummary } from "../../../src/report/contract/report.ts";
import { report, trace } from "../../support/report-builder.ts";

const NATIVE: LayoutSummary = {
  columns: null,
  after: [],
  shownBy: [],
  isPattern: false,
  wrappers: [],
  timeUnit: "s",
  pointerBase: 16,
  processes: 0,
  hasTail: false,
  threads: "ids",
};

const LAYOUTS: [layout: Partial<LayoutSummary>, items: string[]][] = [
  [{}, []],
  [{ timeUnit: "ms" }, ["columns: tid, time in ms"]],
  [
    {
      columns: ["pid", "tid", "time", "caller"],
      shownBy: ["values", "name", "order", "form"],
      timeUnit: "ns",
      processes: 1,
    },
    [
      "columns: pid (by its values), tid (by its name), time in ns (by its place), caller",
      "pid and tid: each thread goes with one process",
    ],
  ],
  [
    { columns: ["pid", "tid"], processes: 2 },
    [
      "columns: pid, tid",
      "pid and tid: each thread goes with one process; 2 processes in the first lines",
    ],
  ],
  [
    { columns: [], threads: "none" },
    ["columns: none before the call", "threads: no column shows them; read as one thread, 0"],
  ],
  [
    { columns: ["other", "tid"], threads: "handles", hasTail: true },
    [
      "columns: other text, tid; more after the result, not read",
      "threads: handles (pthread_self), numbered from 1 in order of appearance",
    ],
  ],
  [
    {
      columns: ["tid"],
      after: ["other", "caller"],
      shownBy: ["form", "form", "values"],
      threads: "names",
      hasTail: true,
    },
    [
      "columns: tid; after the result caller (by its values)",
      "threads: names, numbered from 1 in order of appearance",
    ],
  ],
  [
    { columns: ["tid", "other"], shownBy: ["given", "given"], wrappers: ["JSON", "colours"] },
    ["lines: taken out of JSON and colours", "columns: tid (given), other text"],
  ],
  [{ columns: ["tid"], shownBy: ["given"], isPattern: true }, ["lines: read by --pattern"]],
  [{ pointerBase: 10 }, ["pointers: decimal, since only as such they are aligned addresses"]],
];

test.each(LAYOUTS)("%j", (layout, items) => {
  expect(columnItems({ ...NATIVE, ...layout })).toEqual(items);
});

test("the basis of a report includes them", () => {
  const layout = { ...NATIVE, timeUnit: "ms" } as const;
  expect(basis(report({ trace: trace({ layout }) }))[1]).toBe("columns: tid, time in ms");
  expect(basis(report({ trace: trace() }))[1]).not.toContain("columns");
});
