import { expect, test } from "vitest";
import { areDecimal } from "../../../../src/input/formats/columns/decimal-pointers.ts";

test.each([
  ["aligned as decimal numbers only", ["94004999160480", "94004999161488"]],
  ["too large for a hexadecimal address", ["94004999160480"]],
  ["cut to 32 bits", ["4026555104", "4026554888", "0"]],
  ["with NULL", ["nil", "0", "NULL", "140677413582656"]],
])("%s: decimal", (_, pointers) => {
  expect(areDecimal(pointers)).toBe(true);
});

test.each([
  ["none", []],
  ["only NULL", ["0", "nil", "0x0"]],
  ["with 0x", ["0x94004999160480"]],
  ["with a letter", ["94004999160480", "5581000002a0"]],
  ["aligned as hexadecimal numbers", ["558100000280", "558100000960", "7f0000"]],
  ["without letters, aligned both ways", ["558100000320", "558100000640"]],
  ["without letters, aligned as hexadecimal ones only", ["558100000290", "558100000310"]],
  ["aligned in no way", ["94004999160481"]],
])("%s: not decimal", (_, pointers) => {
  expect(areDecimal(pointers)).toBe(false);
});
