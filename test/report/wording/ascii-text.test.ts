import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiText } from "../../../src/report/wording/ascii-text.ts";

test.each([
  ["a × b – c → d ≥ 3 µs", "a x b - c -> d >= 3 us"],
  ["└──┤│", "+--+|"],
  ["cut…  123", "cut~  123"],
  ["cut…", "cut~"],
  ["0x… | more", "0x... | more"],
  ["größe 線 👷", String.raw`gr\xf6\xdfe \u{7dda} \u{1f477}`],
])("%s becomes %s", (text, expected) => expect(asciiText(text)).toBe(expected));

test("is ASCII for any text, and leaves ASCII as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(asciiText(text)).toMatch(/^[\0-\x7f]*$/);
      expect(asciiText(asciiText(text))).toBe(asciiText(text));
    }),
  );
});
