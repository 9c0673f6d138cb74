import { expect, it } from "vitest";
import { isHoleNote, readHeader, readHole } from "../../../src/replay/writes/hole-notes.ts";

it("reads a header", () => {
  expect(readHeader("holes min=65536")).toEqual({ minBytes: 65536 });
  expect(readHeader("holes")).toEqual({ minBytes: 4096 });
  expect(readHeader("holes min=x")).toBeNull();
  expect(readHeader("hole 0x10 0+1")).toBeNull();
});

it("reads the holes of a block", () => {
  expect(readHole("hole 0x7f084cd1d010 4080+1044480")).toEqual({
    pointer: 0x7f084cd1d010,
    ranges: [4080, 1048560],
  });
  expect(readHole("hole  0x10  12272+4096,4080+4096")?.ranges).toEqual([4080, 8176, 12272, 16368]);
});

it("rejects other comments and impossible ranges", () => {
  for (const text of [
    "hole",
    "hole 0x10",
    "hole 0x10 5",
    "hole 0x10 5+0",
    "hole 10 0+5",
    "hole 0x10 0+5,",
  ]) {
    expect(readHole(text), text).toBeNull();
  }
  expect(isHoleNote("rss 5")).toBe(false);
  expect(isHoleNote("hole 0x10 0+5")).toBe(true);
});
