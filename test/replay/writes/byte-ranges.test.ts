import fc from "fast-check";
import { expect, it } from "vitest";
import { below, inOrder, type Ranges, without } from "../../../src/replay/writes/byte-ranges.ts";

const LIMIT = 40;

const ranges: fc.Arbitrary<Ranges> = fc
  .uniqueArray(fc.nat(LIMIT), { maxLength: 12 })
  .map((ends) => ends.sort((a, b) => a - b).slice(0, ends.length & ~1));

/** The bytes, one by one. */
function bytesOf(list: Ranges): number[] {
  const bytes: number[] = [];
  for (let i = 0; i < list.length; i += 2) {
    for (let byte = list[i]!; byte < list[i + 1]!; byte++) {
      bytes.push(byte);
    }
  }
  return bytes;
}

it("without() and below() equal the operations on sets of bytes", () => {
  fc.assert(
    fc.property(ranges, ranges, fc.nat(LIMIT), (a, b, limit) => {
      const ofB = new Set(bytesOf(b));
      expect(bytesOf(without(a, b))).toEqual(bytesOf(a).filter((byte) => !ofB.has(byte)));
      expect(bytesOf(below(a, limit))).toEqual(bytesOf(a).filter((byte) => byte < limit));
    }),
  );
});

it("inOrder() sorts, joins adjacent ranges, and rejects empty and overlapping ones", () => {
  expect(inOrder([])).toEqual([]);
  const three = [
    [20, 30],
    [0, 4],
    [4, 8],
  ] as const;
  expect(inOrder(three)).toEqual([0, 8, 20, 30]);
  expect(inOrder([[4, 4]])).toBeNull();
  expect(inOrder([...three, [7, 9]])).toBeNull();
});
