import { Chalk } from "chalk";
import { describe, expect, test } from "vitest";
import { figuresLine, headLine, LiveTable } from "../../../src/cli/terminal/live-table.ts";
import { DEFAULT_SORT } from "../../../src/report/order/sort-threads.ts";
import { FakeOutput } from "../../support/fake-io.ts";
import { MiB, report, thread } from "../../support/report-builder.ts";

describe("the first line", () => {
  test("seconds", () => {
    expect(headLine(35 * MiB, 1_234_567, 456_789.4, 7.9)).toBe(
      "7 s: 1,234,567 events, 456,789/s, 35 MiB read",
    );
  });

  test("minutes", () => {
    expect(headLine(1, 1, 0, 125)).toBe("2 min 05 s: 1 event, 0/s, 1 B read");
  });
});

describe("the figures", () => {
  test("live bytes and RSS share a unit", () => {
    expect(figuresLine(report())).toMatch(
      /^[\d.]+ MiB live in [\d,]+ blocks \(peak [\d.]+ MiB\); heap RSS [\d.]+ MiB \(peak [\d.]+ MiB\)$/,
    );
  });

  test("no RSS without a model", () => {
    expect(figuresLine(report({ scenarios: [], model: null }))).not.toContain("RSS");
  });

  test("no RSS that the log does not support", () => {
    const grade = { level: "unreliable" as const, reasons: [] };
    expect(figuresLine(report({ grade }))).toMatch(/; heap RSS unknown: .*/);
  });
});

describe("painting", () => {
  test("each repaint replaces the lines of the one before, within the width", async () => {
    let now = 0;
    const stream = new FakeOutput({ columns: 60 });
    const style = { width: 60, chalk: new Chalk({ level: 1 }) };
    const table = new LiveTable(stream, style, DEFAULT_SORT, () => now);
    now = 1000;
    table.update({ bytes: 10, totalBytes: null, events: 500 });
    table.paint();
    expect(stream.text).toBe("\r\u001b[J1 s: 500 events, 500/s, 10 B read\n");
    stream.text = "";
    now = 2000;
    table.update({ bytes: 20, totalBytes: null, events: 1500 });
    const threads = Array.from({ length: 30 }, (_, i) => thread(i + 1, { volumeBytes: i }));
    await table.show(report({ threads }));
    expect(stream.text.startsWith("\r\u001b[1A\u001b[J2 s: ")).toBe(true);
    const lines = stream.text.slice("\r\u001b[1A\u001b[J".length).trimEnd().split("\n");
    for (const line of lines) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
      expect(line.replace(/\u001b\[\d+m/g, "").length).toBeLessThan(60);
    }
    expect(stream.text).toContain("22 more");
    stream.text = "";
    table.clear();
    expect(stream.text).toBe(`\r\u001b[${lines.length}A\u001b[J`);
    table.clear();
    expect(stream.text).toBe(`\r\u001b[${lines.length}A\u001b[J`);
  });
});
