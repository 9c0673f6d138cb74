import { describe, expect, test } from "vitest";
import {
  byteUnit,
  change,
  count,
  duration,
  exact,
  inUnit,
  percent,
  plural,
  share,
  signed,
  size,
  sizeRange,
} from "../../../src/report/wording/format.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

test.each([
  [0.0123, "+1.2 %"],
  [-0.5, "-50.0 %"],
  [-0.0004, "0.0 %"],
  [0, "0.0 %"],
])("an error of %d: %s", (ratio, text) => expect(signed(ratio)).toBe(text));

test("a range in a given unit, with all digits if rounding would hide it", () => {
  const unit = byteUnit([300 * MiB]);
  expect(sizeRange(19 * MiB, 281 * MiB, unit)).toBe("19 MiB to 281 MiB");
  expect(sizeRange(19 * MiB, 19 * MiB + 1, unit)).toBe("19,922,944 B to 19,922,945 B");
  expect(sizeRange(19 * MiB, 19 * MiB, unit)).toBe("19 MiB to 19 MiB");
});

describe("sizes", () => {
  test.each([
    [0, "0 B"],
    [2_047, "2,047 B"],
    [2_048, "2 KiB"],
    [512 * KiB, "512 KiB"],
    [1_536 * KiB, "1,536 KiB"],
    [12.5 * MiB, "12.50 MiB"],
    [218.3 * MiB, "218.3 MiB"],
    [4.25 * GiB, "4.25 GiB"],
    [45 * GiB, "45 GiB"],
    [-3 * GiB, "-3 GiB"],
  ])("%d: %s", (bytes, text) => expect(size(bytes)).toBe(text));

  test("a column has one unit, chosen by its largest value, and equal decimals", () => {
    const column = [455.2 * MiB, 12 * MiB, 300 * KiB, 10 * KiB, 0];
    const unit = byteUnit(column);
    expect(unit.name).toBe("MiB");
    expect(column.map((bytes) => inUnit(unit, bytes))).toEqual([
      "455.2",
      "12.0",
      "0.3",
      "0.0",
      "0",
    ]);
  });

  test("a sentence has one unit, except for sizes too small for it", () => {
    const unit = byteUnit([455.2 * MiB]);
    expect(size(12 * MiB, unit)).toBe("12 MiB");
    expect(size(0, unit)).toBe("0 MiB");
    expect(size(10 * KiB, unit)).toBe("10 KiB");
  });

  test.each([
    [7, 135 * KiB, "7 B"],
    [400, 135 * KiB, "400 B"],
    [1500, 135 * KiB, "1.5 KiB"],
    [0.34 * MiB, 19.5 * MiB, "0.34 MiB"],
    [0.05 * MiB, 19.5 * MiB, "51.20 KiB"],
    [-7, 135 * KiB, "-7 B"],
    [7, 100, "7 B"],
  ])("%d beside %d: %s", (bytes, beside, text) => {
    expect(size(bytes, byteUnit([bytes, beside]))).toBe(text);
  });

  test("an empty column", () => expect(byteUnit([])).toMatchObject({ name: "B", bytes: 1 }));
});

describe("counts", () => {
  test.each([
    [0, "0"],
    [1234, "1,234"],
    [9_999_999, "9,999,999"],
    [12_345_678, "12.3 M"],
    [123_456_789, "123 M"],
    [2_500_000_000, "2.5 G"],
  ])("%d: %s", (value, text) => expect(count(value)).toBe(text));

  test("exact keeps every digit", () => expect(exact(123_456_789)).toBe("123,456,789"));

  test("plural", () => {
    expect(plural(1, "block")).toBe("1 block");
    expect(plural(1200, "block")).toBe("1,200 blocks");
  });
});

describe("ratios", () => {
  test("percent", () =>
    expect([0, 0.4701, 1].map(percent)).toEqual(["0.0 %", "47.0 %", "100.0 %"]));

  test.each([
    [10, 10, "100 %"],
    [0, 0, "100 %"],
    [9_999_999, 10_000_000, "99.9999 %"],
    [567_838, 567_839, "99.9998 %"],
    [9_960, 10_000, "99.60 %"],
    [1, 3, "33.3 %"],
    [0, 3, "0.0 %"],
  ])("share %d of %d: %s; only a complete share is 100 %%", (part, whole, text) => {
    expect(share(part, whole)).toBe(text);
  });

  test.each([
    [100, 57.1, "-42.9 %"],
    [100, 150, "+50.0 %"],
    [100, 100, "0.0 %"],
    [1e6, 1e6 - 1, "0.0 %"],
    [0, 0, "0.0 %"],
    [0, 5, null],
    [100, 999, "+899.0 %"],
    [100, 1000, "× 10"],
    [1, 20_001_264, "× 20.0 M"],
  ])("change from %d to %d: %s", (from, to, text) => expect(change(from, to)).toBe(text));
});

test.each([
  [0, "0 s"],
  [0.00085, "850 µs"],
  [0.0123, "12.3 ms"],
  [4.56, "4.56 s"],
  [59.96, "1 min 00 s"],
  [125, "2 min 05 s"],
  [3599.7, "1 h 00 min"],
  [11_220, "3 h 07 min"],
  [187_200, "2 d 04 h"],
  [-0.0123, "-12.3 ms"],
  [-125, "-2 min 05 s"],
  [-187_200, "-2 d 04 h"],
])("duration %d: %s", (seconds, text) => expect(duration(seconds)).toBe(text));
