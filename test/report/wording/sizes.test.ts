import { describe, expect, test } from "vitest";
import { parseDuration, parseSize } from "../../../src/report/wording/sizes.ts";

describe("parseSize", () => {
  test.each([
    ["4096", 4096],
    ["0", 0],
    ["12B", 12],
    ["64K", 64 * 1024],
    ["64k", 64 * 1024],
    ["64KiB", 64 * 1024],
    ["64Ki", 64 * 1024],
    ["64KB", 64_000],
    ["900MiB", 900 * 1024 ** 2],
    ["1.5GB", 1.5e9],
    ["1.5GiB", 1.5 * 1024 ** 3],
    [" 2 TiB ", 2 * 1024 ** 4],
  ])("%s", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    "",
    "MiB",
    "-1",
    "1,5G",
    "1e9",
    "0x10",
    "1 PiB",
    "10i",
    "10iB",
    "9999999TiB",
    "1.GiB",
  ])("refuses %j", (text) => expect(parseSize(text)).toBeNull());
});

describe("parseDuration", () => {
  test.each([
    ["30s", 30],
    ["500ms", 0.5],
    ["2m", 120],
    ["2min", 120],
    ["1.5h", 5400],
  ])("%s", (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  test.each(["", "30", "0s", "-1s", "1d", "s"])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});
