import { Chalk } from "chalk";
import { describe, expect, test } from "vitest";
import { type Column, splitAtTop } from "../../src/report/tables/column.ts";
import { wrap } from "../../src/report/text/style.ts";
import { renderTable } from "../../src/report/text/text-table.ts";
import { cut, cutMiddle, foldAtCommas } from "../../src/report/wording/shorten.ts";

interface Row {
  readonly name: string;
  readonly value: number;
}

const style = (width: number, level: 0 | 1 = 0) => ({ width, chalk: new Chalk({ level }) });

const columns: Column<Row>[] = [
  {
    head: ["name"],
    align: "left",
    rank: 0,
    cell: ({ name }) => name,
    rest: (rows) => `… ${rows.length} more`,
    fold: { least: 8, to: cut },
  },
  {
    head: ["value", "B"],
    align: "right",
    rank: 0,
    cell: ({ value }) => String(value),
    rest: (rows) => String(rows.reduce((sum, { value }) => sum + value, 0)),
  },
  { head: ["square"], align: "right", rank: 1, cell: ({ value }) => String(value ** 2) },
  { head: ["cube"], align: "right", rank: 2, cell: ({ value }) => String(value ** 3) },
];

const rows: Row[] = [
  { name: "a long name", value: 1 },
  { name: "b", value: 20 },
  { name: "c", value: 30 },
];

test("heads above a rule, numbers right-aligned, no trailing spaces", () => {
  expect(renderTable(columns, splitAtTop(rows, 0), style(80))).toBe(
    [
      "             value",
      "name             B  square   cube",
      "───────────  ─────  ──────  ─────",
      "a long name      1       1      1",
      "b               20     400   8000",
      "c               30     900  27000",
    ].join("\n"),
  );
});

test("on a narrow terminal, columns are folded, then dropped by rank", () => {
  const lines = (width: number): string[] =>
    renderTable(columns, splitAtTop(rows, 0), style(width)).split("\n").slice(1, 4);
  expect(lines(31)).toEqual([
    "name           B  square   cube",
    "─────────  ─────  ──────  ─────",
    "a long n…      1       1      1",
  ]);
  expect(lines(29)[0]).toBe("name             B  square");
  expect(lines(17)[0]).toBe("name            B");
});

test("columns of rank 0 stay at any width", () => {
  expect(renderTable(columns, splitAtTop(rows, 0), style(5))).toContain("a long …      1");
});

test("the last line sums the rows beyond the top", () => {
  const text = renderTable(columns, splitAtTop(rows, 1), style(80));
  expect(text.split("\n").at(-1)).toBe("… 2 more        50");
});

test("a rest of one row is shown: its sum would take the same space", () => {
  expect(splitAtTop(rows, 2)).toEqual({ shown: rows, rest: [] });
  expect(splitAtTop(rows, 0).rest).toEqual([]);
  expect(splitAtTop([], 10)).toEqual({ shown: [], rest: [] });
});

test("colours do not change the layout", () => {
  const painted = columns.map((column) => ({
    ...column,
    paint: (_: Row, text: string) => style(80, 1).chalk.red(text),
  }));
  const colourful = renderTable(painted, splitAtTop(rows, 1), style(80, 1));
  expect(colourful).toContain("\u001b[31m");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for colours
  const bare = colourful.replace(/\u001b\[\d+m/g, "").replace(/ +$/gm, "");
  expect(bare).toBe(renderTable(columns, splitAtTop(rows, 1), style(80)));
});

test("control characters are escaped", () => {
  const text = renderTable(columns, splitAtTop([{ name: "\u001b[2Jx\n", value: 1 }], 0), style(80));
  expect(text).toContain("\\x1b[2Jx\\n");
});

test("10,000 rows take at most seconds of CPU and form one table", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ name: `row ${i}`, value: i }));
  const start = process.cpuUsage();
  const lines = renderTable(columns, splitAtTop(many, 0), style(80)).split("\n");
  const { user, system } = process.cpuUsage(start);
  // Microseconds; unlike the time of a clock, they do not depend on the load of the machine.
  expect(user + system).toBeLessThan(5_000_000);
  expect(lines).toHaveLength(10_003);
  expect(new Set(lines.slice(2).map((line) => line.length)).size).toBe(1);
});

describe("folding", () => {
  test("wrap keeps numbers and their units together", () => {
    expect(wrap("it takes 12 MiB and 5 %", 12)).toEqual(["it takes", "12 MiB and", "5 %"]);
    expect(wrap("unbreakable word", 4)).toEqual(["unbreakable", "word"]);
  });

  test("settings are folded after commas, and never cut", () => {
    expect(foldAtCommas("A=1,B=2,C=3", 8)).toBe("A=1,B=2,\nC=3");
    expect(foldAtCommas("MALLOC_TRIM_THRESHOLD_=0", 10)).toBe("MALLOC_\nTRIM_\nTHRESHOLD_\n=0");
    expect(foldAtCommas("A=1", 8)).toBe("A=1");
  });

  test("names are cut in the middle, lists at the end", () => {
    expect(cutMiddle("http-nio-8080-exec-12", 16)).toBe("http-ni…-exec-12");
    expect(cut("1 2 3 4 5", 6)).toBe("1 2 3…");
    expect(cut("1 2", 6)).toBe("1 2");
  });
});
