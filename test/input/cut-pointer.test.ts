import { describe, expect, test } from "vitest";
import { endsInsidePointer } from "../../src/input/cut-pointer.ts";

const BEFORE = [
  "1 malloc(24) = 0x5555560c1230",
  "1 free(0x5555560c1230)",
  "2 malloc(24) = 0x7f31a0000b70",
  "2 malloc(24)\t= 0x7f31a0000b90",
  "",
].join("\n");

describe("a log whose last line ends in", () => {
  test.each([
    "0x5555560c1240",
    "0x7f31a0000bb0",
    "(nil)",
    "0x0",
    // A region that the log has not shown.
    "0x1c2b3a0",
  ])("the whole pointer %s is whole", (pointer) => {
    expect(endsInsidePointer(`1 malloc(24) = ${pointer}`, BEFORE)).toBe(false);
  });

  test.each(["0x5555560c124", "0x55", "0x5", "0", "0x7f31a0000bb", "0x7f31", "0X7F3"])(
    "%s is cut",
    (pointer) => {
      expect(endsInsidePointer(`1 malloc(24) = ${pointer}`, BEFORE)).toBe(true);
      expect(endsInsidePointer(`1 realloc(0x5555560c1230, 9) = ${pointer}`, BEFORE)).toBe(true);
    },
  );

  test.each([
    "1 free(0x5555560c1230)",
    "1 malloc_trim(0) = 0",
    "1 mallopt(0, 1) = 0",
    "1 malloc(24) = 0x55 ",
    "# malloc(24) = 0x55",
  ])("no pointer that a call returned, as in '%s', is whole", (line) => {
    expect(endsInsidePointer(line, BEFORE)).toBe(false);
  });

  test("a pointer is whole if there are none before", () => {
    expect(endsInsidePointer("1 malloc(24) = 0x55", "1 malloc(24) = (nil)\n")).toBe(false);
  });
});

test("pointers of different lengths, as %x prints them, are whole", () => {
  const before = "1 malloc(24) = 0x9c1230\n1 malloc(24) = 0x9c12300\n";
  expect(endsInsidePointer("1 malloc(24) = 0x9c1250", before)).toBe(false);
  expect(endsInsidePointer("1 malloc(24) = 0x9c125", before)).toBe(true);
});

test("pointers cut to 32 bits have leading zeros", () => {
  const before = "1 malloc(24) = 0x00c12300\n";
  expect(endsInsidePointer("1 malloc(24) = 0x00c1232", before)).toBe(true);
  expect(endsInsidePointer("1 malloc(24) = 0x0", before)).toBe(true);
  expect(endsInsidePointer("1 malloc(24) = 0x00c12320", before)).toBe(false);
});

test("NULL in other words than the pointers' is whole", () => {
  const before = "1 malloc(24) = 0x5555560c1230\n1 malloc(-1) = 0\n";
  expect(endsInsidePointer("1 malloc(-1) = 0", before)).toBe(false);
});

test.each([
  ["of a record", "+ malloc 24 0x55", "+ malloc 24 0x5555560c1230\n"],
  ["of a named field", "op=malloc size=24 ptr=0x5555", "op=malloc size=24 ptr=0x5555560c1230\n"],
  ["of a region not shown", "1 malloc(24) = 0x55", "1 malloc(24) = 0x7f31a0000b70\n"],
  ["behind another sign", "1 malloc(24) => 0x5555560c12", "1 malloc(24) => 0x5555560c1230\n"],
])("a pointer %s is cut, too", (_, line, before) => {
  expect(endsInsidePointer(line, before)).toBe(true);
});
