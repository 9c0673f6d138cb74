import { describe, expect, test } from "vitest";
import { byteMarks, eventMarks, timeMarks } from "../../src/report/html/browser/axes.ts";
import { cellInWords, topmostCell } from "../../src/report/html/browser/heap-cells.ts";
import { heapMap } from "../support/large-report.ts";

/** Parts of the page's script that need no browser. */
describe("the marks of an axis", () => {
  const MiB = 2 ** 20;

  test("of bytes have one unit and no needless decimals", () => {
    expect(byteMarks([0, 8 * MiB, 16 * MiB])).toEqual(["0", "8 MiB", "16 MiB"]);
    expect(byteMarks([0, MiB / 2, MiB])).toEqual(["0", "512 KiB", "1024 KiB"]);
    expect(byteMarks([0, 2 ** 29, 2 ** 31])).toEqual(["0", "0.5 GiB", "2.0 GiB"]);
  });

  test("of time have one unit, and are durations beyond two minutes", () => {
    expect(timeMarks([0, 0.5, 1])).toEqual(["0.0 s", "0.5 s", "1.0 s"]);
    expect(timeMarks([0.0002, 0.0004])).toEqual(["200 µs", "400 µs"]);
    expect(timeMarks([0.01, 0.015])).toEqual(["10 ms", "15 ms"]);
    expect(timeMarks([15, 30, 45])).toEqual(["15 s", "30 s", "45 s"]);
    expect(timeMarks([0, 3600])).toEqual(["0 s", "1 h 00 min"]);
    expect(timeMarks([5])).toEqual(["5.00 s"]);
  });

  test("of events are counts", () => {
    expect(eventMarks([0, 50_000, 20_000_000])).toEqual(["0", "50,000", "20.0 M"]);
  });
});

describe("the description of a cell", () => {
  const map = heapMap(8);

  test.each([
    [0, "+0x0 (0 B), page 1 of 8: full."],
    [1, "+0x1000 (4 KiB), page 2 of 8: partly free, about 50 % in free chunks."],
    [2, "+0x2000 (8 KiB), page 3 of 8: all free."],
    [3, "+0x3000 (12 KiB), page 4 of 8: not resident."],
  ])("%i", (cell, words) => expect(cellInWords(map, cell)).toBe(words));

  test("names the topmost live block", () => {
    expect(topmostCell(map)).toBe(7);
    expect(cellInWords(map, 7)).toContain("The topmost live block of the heap starts here (48 B)");
    expect(topmostCell(heapMap(8, { topmostBlock: null }))).toBe(-1);
  });

  test("gives the resident share of several pages", () => {
    const cells = { pages: 3000, pagesPerCell: 2000, resident: "x5", free: "03" };
    const coarse = heapMap(8, { ...cells, topmostBlock: null });
    expect(cellInWords(coarse, 0)).toBe("+0x0 (0 B), pages 1 to 2,000 of 3,000: full.");
    expect(cellInWords(coarse, 1)).toBe(
      "+0x7d0000 (7.81 MiB), pages 2,001 to 3,000 of 3,000: about 50 % of 1,000 pages resident, partly free, about 30 % in free chunks.",
    );
  });
});
